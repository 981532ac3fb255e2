#pragma once

#include <string>

struct ssl_st;
struct x509_store_ctx_st;

namespace gantry::image {

/// Has a TLS session, before its handshake, ask for a certificate for `host`, a name or an address,
/// by its subject alternative names alone (RFC 6125). A name is told to the server (SNI).
void expect_host(ssl_st* session, const std::string& host);

/// Why a certificate does not pass, in the words of Go: `x509: certificate signed by unknown
/// authority`, `x509: certificate is valid for a.test, b.test, not c.test`. To be called from the
/// session's verification callback, which says so.
std::string refusal_of(x509_store_ctx_st* verification, const std::string& host);

} // namespace gantry::image
