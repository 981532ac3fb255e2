#pragma once

#include "tests/actors/host/certificates.hpp"
#include "tests/support/temp_dir.hpp"

#include "actors/host/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace gantry::test {

/// An authority, the server's certificate and the client's, as files.
struct tls_files {
  tls_files() {
    certificate_request root;
    root.common_name = "ca";
    root.authority = true;
    authority = std::make_unique<certificate>(root);
    certificate server({}, authority.get());
    certificate_request who;
    who.common_name = "client";
    who.usage = "clientAuth";
    client = std::make_unique<certificate>(who, authority.get());
    options.cert = dir.write("cert.pem", server.pem());
    options.key = dir.write("key.pem", server.key_pem());
    options.ca = dir.write("ca.pem", authority->pem());
  }
  std::shared_ptr<ssl_ctx_st> context(bool verify) {
    options.verify = verify;
    auto made = host::make_tls_context(options);
    return std::move(made.value().context);
  }

  temp_dir dir;
  std::unique_ptr<certificate> authority;
  std::unique_ptr<certificate> client;
  host::tls_options options;
};

/// The client's side of TLS on a descriptor of somebody else's that never blocks.
class tls_client {
public:
  tls_client(int fd, const certificate* own) : context_(SSL_CTX_new(TLS_client_method())) {
    if (own) {
      SSL_CTX_use_certificate(context_, own->x509());
      SSL_CTX_use_PrivateKey(context_, own->key());
    }
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, fd);
    SSL_set_connect_state(ssl_);
  }
  tls_client(const tls_client&) = delete;
  tls_client& operator=(const tls_client&) = delete;
  ~tls_client() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }

  /// A step of the handshake; true when it is done.
  bool connect() {
    ERR_clear_error();
    return note(SSL_connect(ssl_)) > 0;
  }
  bool send(std::string_view bytes) {
    ERR_clear_error();
    return note(SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))) > 0;
  }
  /// All that has arrived, at most `most` bytes.
  std::string receive(std::size_t most = SIZE_MAX) {
    std::string all;
    char buffer[16384];
    while (all.size() < most) {
      ERR_clear_error();
      auto n = note(
          SSL_read(ssl_, buffer, static_cast<int>(std::min(sizeof buffer, most - all.size()))));
      if (n <= 0)
        break;
      all.append(buffer, static_cast<std::size_t>(n));
    }
    return all;
  }
  /// The common name that the server has shown.
  std::string peer_name() const {
    char name[64] = {};
    auto* shown = SSL_get1_peer_certificate(ssl_);
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name, sizeof name);
    X509_free(shown);
    return name;
  }
  void end() {
    ERR_clear_error();
    SSL_shutdown(ssl_);
  }
  /// True after the server's close_notify.
  bool ended() const { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }
  /// The last failure, as OpenSSL names it; "" if there was none.
  const std::string& failure() const { return failure_; }

private:
  int note(int result) {
    auto kind = result > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_, result);
    if (kind == SSL_ERROR_SSL)
      failure_ = ERR_reason_error_string(ERR_peek_error());
    return result;
  }

  SSL_CTX* context_;
  SSL* ssl_;
  std::string failure_;
};

} // namespace gantry::test
