#include "actors/host/tls.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/host/openssl_error.hpp"
#include "actors/host/unique_fd.hpp"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <ctime>
#include <string_view>

namespace gantry::host {
namespace {

template <auto Free>
struct freer {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using bio_ptr = std::unique_ptr<BIO, freer<BIO_free>>;
using x509_ptr = std::unique_ptr<X509, freer<X509_free>>;
using pkey_ptr = std::unique_ptr<EVP_PKEY, freer<EVP_PKEY_free>>;

// OpenSSL keeps a queue of errors per thread, and looks at it in later calls of anybody.
struct clean_error_queue {
  clean_error_queue() { ERR_clear_error(); }
  ~clean_error_queue() { ERR_clear_error(); }
};

api_error failure(std::string text) { return {errc::invalid_parameter, std::move(text)}; }

// `open PATH: no such file or directory`, as the texts of clause 3.6 have it.
api_error file_error(std::string_view step, const std::string& path, int error) {
  auto words = errno_text(error);
  if (!words.empty() && words.front() >= 'A' && words.front() <= 'Z')
    words.front() = static_cast<char>(words.front() - 'A' + 'a');
  return failure(std::string{step} + ' ' + path + ": " + words);
}

// A file of keys, wiped when it is no longer needed.
struct pem_text {
  std::string bytes;
  pem_text() = default;
  pem_text(pem_text&&) = default;
  pem_text& operator=(pem_text&&) = default;
  ~pem_text() { OPENSSL_cleanse(bytes.data(), bytes.size()); }

  bio_ptr open() const {
    return bio_ptr{BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))};
  }
};

result<pem_text> read_pem(const std::string& path) {
  constexpr std::size_t limit = std::size_t{1024} * 1024;
  unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd)
    return file_error("open", path, errno);
  pem_text text;
  text.bytes.resize(limit + 1); // read in place: growing would leave copies behind
  std::size_t size = 0;
  while (size <= limit) {
    ssize_t got = ::read(fd.get(), text.bytes.data() + size, text.bytes.size() - size);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return file_error("read", path, errno);
    if (got == 0)
      break;
    size += static_cast<std::size_t>(got);
  }
  if (size > limit)
    return failure("read " + path + ": larger than 1 MiB");
  text.bytes.resize(size);
  return text;
}

// All certificates of a PEM file, at least one.
result<std::vector<x509_ptr>> read_certificates(const std::string& path) {
  auto text = read_pem(path);
  if (!text)
    return text.error();
  auto bio = text->open();
  std::vector<x509_ptr> certificates;
  while (x509_ptr certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)})
    certificates.push_back(std::move(certificate));
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    return failure(path + ": bad certificate: " + openssl_reason());
  ERR_clear_error();
  if (certificates.empty())
    return failure(path + ": no certificate found");
  return certificates;
}

// Called for an encrypted key; OpenSSL's own would ask on the terminal.
int refuse_pass_phrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

result<pkey_ptr> read_key(const std::string& path) {
  auto text = read_pem(path);
  if (!text)
    return text.error();
  auto bio = text->open();
  bool encrypted = false;
  pkey_ptr key{PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_pass_phrase, &encrypted)};
  if (key)
    return key;
  if (encrypted)
    return failure(path + ": the private key is encrypted");
  // OpenSSL 3 says "unsupported" to both a missing and an unknown kind of key.
  if (text->bytes.find("PRIVATE KEY-----") == std::string::npos)
    return failure(path + ": no private key found");
  return failure(path + ": bad private key: " + openssl_reason());
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME* time) {
  std::tm fields{};
  ASN1_TIME_to_tm(time, &fields);
  return std::chrono::system_clock::from_time_t(::timegm(&fields));
}

std::string utc_text(const ASN1_TIME* time) {
  std::tm fields{};
  ASN1_TIME_to_tm(time, &fields);
  char text[32];
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &fields)};
}

void check_validity(const X509* certificate, const std::string& path,
                    std::vector<std::string>& warnings) {
  const auto* from = X509_get0_notBefore(certificate);
  const auto* until = X509_get0_notAfter(certificate);
  if (X509_cmp_current_time(until) < 0)
    warnings.push_back("TLS certificate " + path + " expired at " + utc_text(until));
  else if (X509_cmp_current_time(from) > 0)
    warnings.push_back("TLS certificate " + path + " is not valid before " + utc_text(from));
}

// Puts certificate, chain and key into the context.
result<void> use_key_pair(SSL_CTX* context, const tls_options& options,
                          std::vector<std::string>& warnings) {
  auto chain = read_certificates(options.cert);
  if (!chain)
    return chain.error();
  auto key = read_key(options.key);
  if (!key)
    return key.error();
  X509* leaf = chain->front().get();
  if (X509_check_private_key(leaf, key->get()) != 1)
    return failure("private key does not match public key");
  if (SSL_CTX_use_certificate(context, leaf) != 1 ||
      SSL_CTX_use_PrivateKey(context, key->get()) != 1)
    return failure(openssl_reason());
  for (std::size_t i = 1; i < chain->size(); ++i)
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1)
      return failure(openssl_reason());
  check_validity(leaf, options.cert, warnings);
  return {};
}

// Makes the context demand a client certificate that one of the file's certificates vouches for.
result<void> require_client_certificate(SSL_CTX* context, const std::string& ca) {
  auto authorities = read_certificates(ca);
  if (!authorities)
    return authorities.error();
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const auto& authority : *authorities)
    if (X509_STORE_add_cert(store, authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context, authority.get()) != 1)
      return failure(ca + ": " + openssl_reason());
  // An intermediate authority may be trusted without its root, as users of Docker are used to.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  if (SSL_CTX_set_purpose(context, X509_PURPOSE_SSL_CLIENT) != 1)
    return failure(openssl_reason());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

int select_http11(SSL*, const unsigned char** out, unsigned char* out_length,
                  const unsigned char* in, unsigned int in_length, void*) {
  static constexpr unsigned char ours[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, ours, sizeof(ours) - 1, in, in_length) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL; // RFC 7301 §3.2
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

result<void> set_policy(SSL_CTX* context) {
  // Resumption is off: a resumed session would keep a client whose certificate has expired, and
  // Docker's clients do not resume anyway.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context, select_http11, nullptr);
  if (SSL_CTX_set_num_tickets(context, 0) != 1 ||
      SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
    return failure(openssl_reason());
  return {};
}

} // namespace

void ssl_ctx_deleter::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }

result<tls_context> make_tls_context(const tls_options& options) {
  clean_error_queue guard;
  tls_context made;
  made.context.reset(SSL_CTX_new(TLS_server_method()));
  if (!made.context)
    return api_error{errc::system, openssl_reason()};
  if (auto set = set_policy(made.context.get()); !set)
    return set.error();
  if (auto used = use_key_pair(made.context.get(), options, made.warnings); !used)
    return failure("Couldn't load X509 key pair (" + options.cert + ", " + options.key +
                   "): " + used.error().message + ". Key encrypted?");
  if (options.verify)
    if (auto required = require_client_certificate(made.context.get(), options.ca); !required)
      return failure("Couldn't read CA certificate: " + required.error().message);
  return made;
}

std::optional<peer_certificate> peer_certificate_of(const ssl_st* connection) {
  const X509* certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr)
    return std::nullopt;
  bio_ptr bio{BIO_new(BIO_s_mem())};
  char* text = nullptr;
  if (!bio ||
      X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0)
    return std::nullopt;
  long size = BIO_get_mem_data(bio.get(), &text);
  return peer_certificate{size > 0 ? std::string(text, static_cast<std::size_t>(size)) : "",
                          time_of(X509_get0_notAfter(certificate))};
}

} // namespace gantry::host
