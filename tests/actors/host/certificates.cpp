#include "tests/actors/host/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace gantry::test {
namespace {

void check(bool done) {
  if (!done)
    throw std::runtime_error("OpenSSL failed to make a certificate");
}

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  check(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

template <class Write>
std::string to_pem(Write write) {
  BIO* bio = BIO_new(BIO_s_mem());
  check(write(bio) == 1);
  char* text = nullptr;
  auto size = BIO_get_mem_data(bio, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(bio);
  return pem;
}

} // namespace

certificate::certificate(const certificate_request& request, const certificate* issuer)
    : x509_(X509_new()), key_(EVP_EC_gen("P-256")) {
  static std::atomic<long> serial{1};
  check(x509_ != nullptr && key_ != nullptr);
  X509_set_version(x509_, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509_), serial++);
  X509_gmtime_adj(X509_getm_notBefore(x509_), request.valid_from);
  X509_gmtime_adj(X509_getm_notAfter(x509_), request.valid_until);
  X509_set_pubkey(x509_, key_);
  auto* name = X509_get_subject_name(x509_);
  auto add = [name](const char* field, const std::string& value) {
    check(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(value.data()),
                                     static_cast<int>(value.size()), -1, 0) == 1);
  };
  add("O", "Gantry, Tests");
  add("CN", request.common_name);
  X509* signer = issuer ? issuer->x509_ : x509_;
  X509_set_issuer_name(x509_, X509_get_subject_name(signer));
  add_extension(x509_, signer, NID_basic_constraints,
                request.authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (request.usage != nullptr)
    add_extension(x509_, signer, NID_ext_key_usage, request.usage);
  if (request.names != nullptr)
    add_extension(x509_, signer, NID_subject_alt_name, request.names);
  check(X509_sign(x509_, issuer ? issuer->key_ : key_, EVP_sha256()) > 0);
}

certificate::certificate(certificate&& other) noexcept
    : x509_(std::exchange(other.x509_, nullptr)), key_(std::exchange(other.key_, nullptr)) {}

certificate::~certificate() {
  X509_free(x509_);
  EVP_PKEY_free(key_);
}

std::string certificate::pem() const {
  return to_pem([this](BIO* bio) { return PEM_write_bio_X509(bio, x509_); });
}

std::string certificate::key_pem(const char* pass_phrase) const {
  return to_pem([&](BIO* bio) {
    int length = pass_phrase ? static_cast<int>(std::strlen(pass_phrase)) : 0;
    return PEM_write_bio_PKCS8PrivateKey(bio, key_, pass_phrase ? EVP_aes_256_cbc() : nullptr,
                                         pass_phrase, length, nullptr, nullptr);
  });
}

} // namespace gantry::test
