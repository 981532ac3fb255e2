#include "actors/image/certificate_check.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstddef>
#include <memory>

namespace gantry::image {

namespace {

namespace ip = boost::asio::ip;

bool is_address(const std::string& host) {
  boost::system::error_code no_address;
  ip::make_address(host, no_address);
  return !no_address;
}

struct free_names {
  void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};

std::string text_of(const ASN1_STRING* value) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<std::size_t>(ASN1_STRING_length(value))};
}

std::string address_text(const std::string& bytes) {
  if (ip::address_v4::bytes_type v4; bytes.size() == v4.size()) {
    std::copy(bytes.begin(), bytes.end(), v4.begin());
    return ip::address_v4{v4}.to_string();
  }
  if (ip::address_v6::bytes_type v6; bytes.size() == v6.size()) {
    std::copy(bytes.begin(), bytes.end(), v6.begin());
    return ip::address_v6{v6}.to_string();
  }
  return {};
}

/// The subject alternative names of that type, with commas between them.
std::string names_in(const X509* certificate, int type) {
  const std::unique_ptr<GENERAL_NAMES, free_names> names{static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  std::string all;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const auto* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != type)
      continue;
    const auto text =
        type == GEN_DNS ? text_of(name->d.dNSName) : address_text(text_of(name->d.iPAddress));
    all += (all.empty() ? "" : ", ") + text;
  }
  return all;
}

std::string mismatch(const X509* certificate, const std::string& host) {
  const bool address = is_address(host);
  const auto names = names_in(certificate, address ? GEN_IPADD : GEN_DNS);
  if (!names.empty())
    return "certificate is valid for " + names + ", not " + host;
  return address
             ? "cannot validate certificate for " + host + " because it doesn't contain any IP SANs"
             : "certificate is not valid for any names, but wanted to match " + host;
}

} // namespace

void expect_host(SSL* session, const std::string& host) {
  auto* expected = SSL_get0_param(session);
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                                X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (is_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(expected, host.data(), host.size());
    (void)SSL_set_tlsext_host_name(session, host.c_str());
  }
}

std::string refusal_of(X509_STORE_CTX* verification, const std::string& host) {
  const auto error = X509_STORE_CTX_get_error(verification);
  switch (error) {
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH:
    return "x509: " + mismatch(X509_STORE_CTX_get0_cert(verification), host);
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
  case X509_V_ERR_CERT_SIGNATURE_FAILURE: // by another one of the same name
    return "x509: certificate signed by unknown authority";
  case X509_V_ERR_CERT_HAS_EXPIRED:
  case X509_V_ERR_CERT_NOT_YET_VALID:
    return "x509: certificate has expired or is not yet valid";
  default:
    return std::string{"x509: "} + X509_verify_cert_error_string(error);
  }
}

} // namespace gantry::image
