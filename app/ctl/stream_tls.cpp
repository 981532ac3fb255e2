#include "app/ctl/stream.hpp"

#include "actors/host/openssl_error.hpp"
#include "actors/image/certificate_check.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string>

namespace gantry::ctl {

namespace {

/// What the check of the other side's certificate needs, and what it found.
struct verification {
  std::string host;
  std::string refusal;
};

int heed_verification(int passed, X509_STORE_CTX* context) {
  auto* session =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* check = static_cast<verification*>(SSL_get_app_data(session));
  if (passed == 0 && check->refusal.empty())
    check->refusal = image::refusal_of(context, check->host);
  return passed;
}

} // namespace

void stream::context_deleter::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}

result<void> stream::load(const tls_files& files) {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  auto* context = context_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, heed_verification);
  auto failed = [](std::string_view what, const std::string& path) {
    return invalid("cannot read " + std::string{what} + ' ' + path + ": " + host::openssl_reason());
  };
  ERR_clear_error();
  if (files.ca.empty())
    SSL_CTX_set_default_verify_paths(context);
  else if (SSL_CTX_load_verify_locations(context, files.ca.c_str(), nullptr) != 1)
    return failed("authorities", files.ca);
  if (files.cert.empty())
    return {};
  if (SSL_CTX_use_certificate_chain_file(context, files.cert.c_str()) != 1)
    return failed("certificate", files.cert);
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return failed("key", files.key);
  return {};
}

result<void> stream::secure(const host::listen_address& where, const tls_files& files,
                            deadline until) {
  if (auto loaded = load(files); !loaded)
    return loaded;
  if (!io_.begin_tls(context_.get()))
    return api_error{errc::system, "tls: no memory"};
  verification check{where.host, {}};
  SSL_set_connect_state(io_.tls());
  SSL_set_app_data(io_.tls(), &check);
  image::expect_host(io_.tls(), where.host);
  for (;;) {
    const auto status = io_.handshake();
    if (status == host::io_status::ok)
      break;
    const auto goes_on = ready(status, "tls", until);
    if (!goes_on && !check.refusal.empty())
      return api_error{errc::system, "tls: " + check.refusal};
    if (!goes_on)
      return goes_on.error();
    if (!*goes_on)
      return api_error{errc::system, "tls: it ended the connection"};
  }
  SSL_set_app_data(io_.tls(), nullptr);
  return {};
}

} // namespace gantry::ctl
