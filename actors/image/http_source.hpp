#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace gantry::image {

/// The parts of an address on the web.
struct http_url {
  bool tls = false;
  std::string host;      ///< an IPv6 address without brackets
  std::string port;      ///< a number or a service's name
  std::string target;    ///< path and query; begins with `/`
  std::string user_info; ///< `user:password`, as it is in the URL

  /// All of it as it is shown: the password is not.
  std::string str() const;
  /// `HOST`, `HOST:PORT` if the port is not the scheme's.
  std::string authority() const;
};

/// Reads `http://...` or `https://...`; without a scheme it is `http`. Errors (invalid_parameter,
/// system) in the words of Go: `Get "ftp://x": unsupported protocol scheme "ftp"`, `Get "http://":
/// http: no Host in request URL`, `parse "x": ...`.
result<http_url> parse_http_url(std::string_view text);

/// Where a redirection from `base` to `location` leads.
result<http_url> redirected(const http_url& base, std::string_view location);

/// The body of what a URL leads to. Blocking, for one thread. Everything that waits for the other
/// side has a limit, and is given up soon after `cancelled` says so.
class http_source {
public:
  /// Sends the GET, follows redirections (10 at most) and reads the head of the answer. Errors in
  /// the words of Go: `Get "http://x/": dial tcp: lookup x: no such host`, `Get "...": dial tcp
  /// 127.0.0.1:1: connect: connection refused`, `Get "...": tls: failed to verify certificate:
  /// x509: certificate signed by unknown authority` (known are those of OpenSSL, which heeds
  /// SSL_CERT_FILE and SSL_CERT_DIR), `failed to GET http://x/ with status 404 Not Found: BODY`
  /// (not_found, unauthorized, forbidden, invalid_parameter by the status; else system).
  static result<std::unique_ptr<http_source>> open(std::string_view url,
                                                   std::function<bool()> cancelled);
  virtual ~http_source() = default;

  /// What was asked for, with its scheme.
  virtual const std::string& url() const = 0;
  /// Bytes of the body; 0 if that is not known.
  virtual std::int64_t size() const = 0;
  /// The next piece; empty at the end. Errors: `unexpected EOF`; unavailable if it was cancelled.
  virtual result<std::string> read() = 0;
};

} // namespace gantry::image
