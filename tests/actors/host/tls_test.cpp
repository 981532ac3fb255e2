#include "actors/host/tls.hpp"

#include "tests/actors/host/certificates.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <functional>

using namespace gantry;
using namespace gantry::host;
using gantry::test::certificate;
using gantry::test::temp_dir;

namespace {

// A directory with an authority, and a server certificate it has signed.
struct pki {
  temp_dir dir;
  certificate ca{{.common_name = "ca", .authority = true}};
  certificate server{{.common_name = "localhost"}, &ca};
  tls_options options{dir.write("cert.pem", server.pem()), dir.write("key.pem", server.key_pem()),
                      dir.write("ca.pem", ca.pem()), false};

  std::string pair_text(const std::string& error) const {
    return "Couldn't load X509 key pair (" + options.cert + ", " + options.key + "): " + error +
           ". Key encrypted?";
  }
  tls_options verifying() const {
    auto copy = options;
    copy.verify = true;
    return copy;
  }
};

struct ssl_freer {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using ssl_ptr = std::unique_ptr<SSL, ssl_freer>;

// Both ends of a connection in memory.
struct connection {
  ssl_ctx_ptr client_context{SSL_CTX_new(TLS_client_method())};
  ssl_ptr server;
  ssl_ptr client;
  bool server_done = false;
  bool client_done = false;
  int server_error = 0; // reason of OpenSSL

  explicit connection(const tls_context& context,
                      const std::function<void(SSL_CTX*)>& configure = {}) {
    if (configure)
      configure(client_context.get());
    server.reset(SSL_new(context.context.get()));
    client.reset(SSL_new(client_context.get()));
    BIO* a = nullptr;
    BIO* b = nullptr;
    REQUIRE(BIO_new_bio_pair(&a, 0, &b, 0) == 1);
    SSL_set_bio(server.get(), a, a);
    SSL_set_bio(client.get(), b, b);
    SSL_set_accept_state(server.get());
    SSL_set_connect_state(client.get());
  }
  connection(connection&&) = delete;

  // True if both sides are content. In TLS 1.3 the client is so before the server has judged it.
  bool handshake() {
    for (int round = 0; round < 20 && !(server_done && client_done); ++round) {
      ERR_clear_error();
      client_done = client_done || SSL_do_handshake(client.get()) == 1;
      ERR_clear_error();
      if (!server_done) {
        int ret = SSL_do_handshake(server.get());
        server_done = ret == 1;
        if (ret != 1 && SSL_get_error(server.get(), ret) == SSL_ERROR_SSL) {
          server_error = ERR_GET_REASON(ERR_peek_error());
          break;
        }
      }
    }
    ERR_clear_error();
    return server_done && client_done;
  }
};

std::function<void(SSL_CTX*)> show(const certificate& cert) {
  return [&cert](SSL_CTX* context) {
    REQUIRE(SSL_CTX_use_certificate(context, cert.x509()) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey(context, cert.key()) == 1);
  };
}

} // namespace

TEST_CASE("tls: 3.6 without verification nobody is asked for a certificate", "[host]") {
  pki pki;
  auto context = make_tls_context(pki.options).value();
  CHECK(context.warnings.empty());
  certificate own{{.common_name = "me"}};
  connection link{context, show(own)};
  REQUIRE(link.handshake());
  CHECK_FALSE(peer_certificate_of(link.server.get()).has_value());
  auto server = peer_certificate_of(link.client.get());
  REQUIRE(server.has_value());
  CHECK(server->subject == "CN=localhost,O=Gantry\\, Tests");
  CHECK(SSL_version(link.server.get()) == TLS1_3_VERSION);
}

TEST_CASE("tls: 3.6 the whole chain of the file is sent", "[host]") {
  pki pki;
  certificate middle{{.common_name = "middle", .authority = true}, &pki.ca};
  certificate leaf{{.common_name = "leaf"}, &middle};
  pki.dir.write("cert.pem", leaf.pem() + middle.pem());
  pki.dir.write("key.pem", leaf.key_pem());
  auto context = make_tls_context(pki.options).value();
  connection link{context, [&](SSL_CTX* client) {
                    X509_STORE_add_cert(SSL_CTX_get_cert_store(client), pki.ca.x509());
                    SSL_CTX_set_verify(client, SSL_VERIFY_PEER, nullptr);
                  }};
  CHECK(link.handshake());
}

TEST_CASE("tls: K-29 versions below 1.2 and weak ciphers are refused", "[host]") {
  pki pki;
  auto context = make_tls_context(pki.options).value();
  auto connects = [&](int version, const char* ciphers) {
    connection link{context, [&](SSL_CTX* client) {
                      SSL_CTX_set_security_level(client, 0);
                      SSL_CTX_set_min_proto_version(client, version);
                      SSL_CTX_set_max_proto_version(client, version);
                      SSL_CTX_set_cipher_list(client, ciphers);
                    }};
    return link.handshake();
  };
  CHECK(connects(TLS1_3_VERSION, "ALL"));
  CHECK(connects(TLS1_2_VERSION, "ALL"));
  CHECK_FALSE(connects(TLS1_1_VERSION, "ALL"));
  CHECK_FALSE(connects(TLS1_VERSION, "ALL"));
  CHECK_FALSE(connects(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA"));
  CHECK_FALSE(connects(TLS1_2_VERSION, "AES128-GCM-SHA256"));
}

TEST_CASE("tls: 3.6 ALPN is http/1.1", "[host]") {
  pki pki;
  auto context = make_tls_context(pki.options).value();
  auto negotiated = [&](std::string_view offer) {
    connection link{context, [&](SSL_CTX* client) {
                      SSL_CTX_set_alpn_protos(client,
                                              reinterpret_cast<const unsigned char*>(offer.data()),
                                              static_cast<unsigned>(offer.size()));
                    }};
    if (!link.handshake())
      return std::string{"refused"};
    const unsigned char* chosen = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(link.client.get(), &chosen, &length);
    return std::string(chosen, chosen + length);
  };
  CHECK(negotiated("\x08http/1.1") == "http/1.1");
  CHECK(negotiated("\x02h2\x08http/1.1") == "http/1.1");
  CHECK(negotiated("\x02h2") == "refused");
  CHECK(negotiated("").empty()); // no ALPN at all is fine
}

TEST_CASE("tls: no session can be resumed", "[host]") {
  pki pki;
  auto context = make_tls_context(pki.options).value();
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto configure = [&](SSL_CTX* client) { SSL_CTX_set_max_proto_version(client, version); };
    connection first{context, configure};
    REQUIRE(first.handshake());
    SSL_SESSION* session = SSL_get1_session(first.client.get());
    CHECK(SSL_SESSION_has_ticket(session) == 0);
    connection second{context, configure};
    SSL_set_session(second.client.get(), session);
    SSL_SESSION_free(session);
    REQUIRE(second.handshake());
    CHECK(SSL_session_reused(second.client.get()) == 0);
  }
}

TEST_CASE("tls: 3.6 tlsverify demands a certificate of the authority", "[host]") {
  pki pki;
  auto context = make_tls_context(pki.verifying()).value();
  auto accepted = [&](const certificate& cert) {
    connection link{context, show(cert)};
    return link.handshake();
  };
  SECTION("none") {
    connection link{context};
    CHECK_FALSE(link.handshake());
    CHECK(link.server_error == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE);
  }
  SECTION("good, with and without a stated usage") {
    CHECK(accepted(certificate{{.common_name = "a", .usage = "clientAuth"}, &pki.ca}));
    CHECK(accepted(certificate{{.common_name = "b"}, &pki.ca}));
    CHECK(accepted(certificate{{.common_name = "c", .usage = "serverAuth,clientAuth"}, &pki.ca}));
  }
  SECTION("made for servers only") {
    CHECK_FALSE(accepted(certificate{{.common_name = "a", .usage = "serverAuth"}, &pki.ca}));
  }
  SECTION("self-signed, or of an authority of the same name") {
    CHECK_FALSE(accepted(certificate{{.common_name = "a", .usage = "clientAuth"}}));
    certificate impostor{{.common_name = "ca", .authority = true}};
    CHECK_FALSE(accepted(certificate{{.common_name = "a", .usage = "clientAuth"}, &impostor}));
  }
  SECTION("expired, or not yet valid") {
    CHECK_FALSE(accepted(
        certificate{{.common_name = "a", .valid_until = -60, .usage = "clientAuth"}, &pki.ca}));
    CHECK_FALSE(accepted(
        certificate{{.common_name = "a", .valid_from = 600, .usage = "clientAuth"}, &pki.ca}));
  }
}

TEST_CASE("tls: the authority may be an intermediate one alone", "[host]") {
  pki pki;
  certificate middle{{.common_name = "middle", .authority = true}, &pki.ca};
  pki.dir.write("ca.pem", middle.pem());
  auto context = make_tls_context(pki.verifying()).value();
  certificate client{{.common_name = "a", .usage = "clientAuth"}, &middle};
  certificate other{{.common_name = "b", .usage = "clientAuth"}, &pki.ca};
  connection good{context, show(client)};
  CHECK(good.handshake());
  connection bad{context, show(other)};
  CHECK_FALSE(bad.handshake());
}

TEST_CASE("tls: several authorities in one file, other text around them", "[host]") {
  pki pki;
  certificate second{{.common_name = "second", .authority = true}};
  pki.dir.write("ca.pem", "# ours\n" + pki.ca.pem() + "\ntext\n" + second.pem() + "# end\n");
  auto context = make_tls_context(pki.verifying()).value();
  for (const auto* ca : {&pki.ca, &second}) {
    certificate client{{.common_name = "a"}, ca};
    connection link{context, show(client)};
    CHECK(link.handshake());
  }
}

TEST_CASE("tls: subject and expiry of the peer", "[host]") {
  pki pki;
  auto context = make_tls_context(pki.verifying()).value();
  auto before = std::chrono::system_clock::now();
  certificate client{{.common_name = "Zo\xc3\xab+x", .valid_until = 7200}, &pki.ca};
  connection link{context, show(client)};
  REQUIRE(link.handshake());
  auto peer = peer_certificate_of(link.server.get());
  REQUIRE(peer.has_value());
  CHECK(peer->subject == "CN=Zo\\C3\\AB\\+x,O=Gantry\\, Tests");
  auto validity = peer->not_after - before;
  CHECK(validity > std::chrono::seconds{7195});
  CHECK(validity < std::chrono::seconds{7260});
}

TEST_CASE("tls: 3.6 key pair that cannot be loaded", "[host]") {
  pki pki;
  auto error = [&] { return make_tls_context(pki.options).error(); };
  auto none = pki.dir.file("none.pem");
  SECTION("certificate missing") {
    pki.options.cert = none;
    CHECK(error() == api_error{errc::invalid_parameter,
                               pki.pair_text("open " + none + ": no such file or directory")});
  }
  SECTION("key missing") {
    pki.options.key = none;
    CHECK(error().message == pki.pair_text("open " + none + ": no such file or directory"));
  }
  SECTION("a directory") {
    pki.options.key = pki.dir.path();
    CHECK(error().message == pki.pair_text("read " + pki.dir.path() + ": is a directory"));
  }
  SECTION("no name at all") {
    pki.options.cert.clear();
    CHECK(error().message == pki.pair_text("open : no such file or directory"));
  }
  SECTION("not PEM") {
    pki.dir.write("cert.pem", "hello\n");
    CHECK(error().message == pki.pair_text(pki.options.cert + ": no certificate found"));
  }
  SECTION("key and certificate swapped") {
    std::swap(pki.options.cert, pki.options.key);
    CHECK(error().message == pki.pair_text(pki.options.cert + ": no certificate found"));
  }
  SECTION("no key in the key file") {
    pki.dir.write("key.pem", pki.server.pem());
    CHECK(error().message == pki.pair_text(pki.options.key + ": no private key found"));
  }
  SECTION("empty key file") {
    pki.dir.write("key.pem", "");
    CHECK(error().message == pki.pair_text(pki.options.key + ": no private key found"));
  }
  SECTION("of another certificate") {
    pki.dir.write("key.pem", pki.ca.key_pem());
    CHECK(error().message == pki.pair_text("private key does not match public key"));
  }
  SECTION("encrypted") {
    pki.dir.write("key.pem", pki.server.key_pem("secret"));
    CHECK(error().message == pki.pair_text(pki.options.key + ": the private key is encrypted"));
  }
  SECTION("broken certificate") {
    auto pem = pki.server.pem();
    pem.replace(pem.find('\n') + 1, 8, "AAAAAAAA");
    pki.dir.write("cert.pem", pem);
    CHECK(error().message.starts_with("Couldn't load X509 key pair (" + pki.options.cert + ", " +
                                      pki.options.key + "): " + pki.options.cert +
                                      ": bad certificate: "));
  }
  SECTION("too large to be one") {
    pki.dir.write("key.pem", std::string(1024 * 1024 + 1, 'x'));
    CHECK(error().message == pki.pair_text("read " + pki.options.key + ": larger than 1 MiB"));
  }
  CHECK(ERR_peek_error() == 0); // nothing stays in the thread's queue
}

TEST_CASE("tls: 3.6 and K-29 authority that cannot be loaded", "[host]") {
  pki pki;
  auto options = pki.verifying();
  auto error = [&] { return make_tls_context(options).error().message; };
  SECTION("missing") {
    options.ca = pki.dir.file("none.pem");
    CHECK(error() ==
          "Couldn't read CA certificate: open " + options.ca + ": no such file or directory");
    options.verify = false; // then nobody needs it
    CHECK(make_tls_context(options).has_value());
  }
  SECTION("empty") {
    pki.dir.write("ca.pem", "");
    CHECK(error() == "Couldn't read CA certificate: " + options.ca + ": no certificate found");
  }
  SECTION("only a key") {
    pki.dir.write("ca.pem", pki.ca.key_pem());
    CHECK(error() == "Couldn't read CA certificate: " + options.ca + ": no certificate found");
  }
  SECTION("second one broken") {
    auto broken = pki.ca.pem();
    broken.resize(broken.size() / 2);
    pki.dir.write("ca.pem", pki.ca.pem() + broken);
    CHECK(
        error().starts_with("Couldn't read CA certificate: " + options.ca + ": bad certificate: "));
  }
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("tls: own certificate out of its time is a warning", "[host]") {
  pki pki;
  auto warning = [&](long from, long until) {
    certificate server{{.common_name = "x", .valid_from = from, .valid_until = until}, &pki.ca};
    pki.dir.write("cert.pem", server.pem());
    pki.dir.write("key.pem", server.key_pem());
    auto context = make_tls_context(pki.options).value();
    return context.warnings.empty() ? std::string{} : context.warnings.front();
  };
  CHECK(warning(-100, 100).empty());
  CHECK_THAT(warning(-100, -50), Catch::Matches("TLS certificate " + pki.options.cert +
                                                " expired at 2[0-9]{3}-[0-9-]{5}T[0-9:]{8}Z"));
  CHECK_THAT(warning(50, 100),
             Catch::Matches("TLS certificate " + pki.options.cert +
                            " is not valid before 2[0-9]{3}-[0-9-]{5}T[0-9:]{8}Z"));
}
