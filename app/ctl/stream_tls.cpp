#include "app/ctl/stream.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/image/certificate_check.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace gantry::ctl {

namespace {

std::string openssl_reason() {
  const auto code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "OpenSSL error " + std::to_string(code);
}

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

int piece_size(std::size_t size) noexcept {
  return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

} // namespace

void stream::ssl_deleter::operator()(ssl_st* s) const noexcept { SSL_free(s); }
void stream::ssl_deleter::operator()(ssl_ctx_st* c) const noexcept { SSL_CTX_free(c); }

stream::~stream() {
  if (tls_)
    SSL_shutdown(tls_.get()); // tells the end; does not wait, as the socket does not
}

result<void> stream::load(const tls_files& files) {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  auto* context = context_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, heed_verification);
  auto failed = [](std::string_view what, const std::string& path) {
    return invalid("cannot read " + std::string{what} + ' ' + path + ": " + openssl_reason());
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
  verification check{where.host, {}};
  tls_.reset(SSL_new(context_.get()));
  SSL_set_fd(tls_.get(), fd_.get());
  SSL_set_app_data(tls_.get(), &check);
  image::expect_host(tls_.get(), where.host);
  for (;;) {
    ERR_clear_error();
    const int outcome = SSL_connect(tls_.get());
    if (outcome == 1)
      break;
    auto waited = wait_for_tls(outcome, "tls", until);
    if (!waited && !check.refusal.empty())
      return api_error{errc::system, "tls: " + check.refusal};
    if (!waited)
      return waited.error();
    if (!*waited)
      return api_error{errc::system, "tls: it ended the connection"};
  }
  SSL_set_app_data(tls_.get(), nullptr);
  return {};
}

result<bool> stream::wait_for_tls(int outcome, std::string_view step, deadline until) {
  const int error = errno;
  const int why = SSL_get_error(tls_.get(), outcome);
  if (why == SSL_ERROR_ZERO_RETURN)
    return false;
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
    auto waited = wait(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until);
    if (!waited)
      return waited.error();
    return true;
  }
  if (why == SSL_ERROR_SYSCALL)
    return error == 0 ? result<bool>{false} : host::errno_error(step, error);
  return api_error{errc::system, std::string{step} + ": " + openssl_reason()};
}

result<std::size_t> stream::write_tls(std::string_view bytes, deadline until) {
  for (;;) {
    ERR_clear_error();
    const int sent = SSL_write(tls_.get(), bytes.data(), piece_size(bytes.size()));
    if (sent > 0)
      return static_cast<std::size_t>(sent);
    const auto waited = wait_for_tls(sent, "write", until);
    if (!waited)
      return waited.error();
    if (!*waited)
      return api_error{errc::system, "write: it ended the connection"};
  }
}

result<std::size_t> stream::read_tls(char* buffer, std::size_t size, deadline until) {
  for (;;) {
    ERR_clear_error();
    const int got = SSL_read(tls_.get(), buffer, piece_size(size));
    if (got > 0)
      return static_cast<std::size_t>(got);
    const auto waited = wait_for_tls(got, "read", until);
    if (!waited)
      return waited.error();
    if (!*waited)
      return std::size_t{0};
  }
}

} // namespace gantry::ctl
