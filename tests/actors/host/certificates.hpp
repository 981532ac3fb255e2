#pragma once

#include <string>

struct x509_st;
struct evp_pkey_st;

namespace gantry::test {

/// What a certificate is to say.
struct certificate_request {
  std::string common_name = "localhost";
  long valid_from = -3600;     ///< seconds from now
  long valid_until = 3600;     ///< seconds from now
  const char* usage = nullptr; ///< extendedKeyUsage: `clientAuth`, `serverAuth`
  bool authority = false;
  const char* names = nullptr; ///< subjectAltName: `DNS:a.test,IP:127.0.0.1`
};

/// A certificate and its key (P-256), made on the spot.
class certificate {
public:
  /// Signed by `issuer`, or by itself.
  explicit certificate(const certificate_request& request, const certificate* issuer = nullptr);
  certificate(certificate&&) noexcept;
  ~certificate();

  /// The certificate in PEM.
  std::string pem() const;
  /// The key in PEM, encrypted if there is a pass phrase.
  std::string key_pem(const char* pass_phrase = nullptr) const;
  x509_st* x509() const noexcept { return x509_; }
  evp_pkey_st* key() const noexcept { return key_; }

private:
  x509_st* x509_ = nullptr;
  evp_pkey_st* key_ = nullptr;
};

} // namespace gantry::test
