#pragma once

#include "protocol/error.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct ssl_ctx_st;
struct ssl_st;

namespace gantry::host {

/// Files in PEM and the policy. Source: clause 3.6.
struct tls_options {
  std::string cert;    ///< own certificate, the leaf first, then its chain
  std::string key;     ///< its private key, not encrypted
  std::string ca;      ///< who may sign clients; read only if `verify`
  bool verify = false; ///< require a client certificate that `ca` vouches for
};

/// Frees an SSL_CTX.
struct ssl_ctx_deleter {
  void operator()(ssl_ctx_st* context) const noexcept;
};

/// Owns an SSL_CTX; `release()` hands it to whoever takes over (one owner).
using ssl_ctx_ptr = std::unique_ptr<ssl_ctx_st, ssl_ctx_deleter>;

/// A context ready for a server's connections.
struct tls_context {
  ssl_ctx_ptr context;
  /// What is odd without being fatal: the own certificate is expired or not yet valid.
  std::vector<std::string> warnings;
};

/// Reads the files and makes a server context: TLS 1.2 or later, AEAD ciphers with forward secrecy,
/// ALPN http/1.1, no renegotiation, no compression, no resumption (each connection shows its
/// certificate anew), buffers released when idle. Never asks for a pass phrase.
/// Errors: `Couldn't load X509 key pair (CERT, KEY): ERR. Key encrypted?`,
/// `Couldn't read CA certificate: ERR`, also for a CA file without a certificate (K-29).
/// ERR is for instance `open CERT: no such file or directory`.
result<tls_context> make_tls_context(const tls_options& options);

/// Who is at the other end of a TLS connection.
struct peer_certificate {
  std::string subject; ///< RFC 2253 text: `CN=client,O=Example`
  std::chrono::system_clock::time_point not_after;
};

/// The certificate the peer has shown, or nothing. Call after the handshake.
std::optional<peer_certificate> peer_certificate_of(const ssl_st* connection);

} // namespace gantry::host
