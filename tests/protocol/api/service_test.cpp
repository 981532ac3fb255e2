#include "protocol/api/service.hpp"

#include "request_text.hpp"

#include <boost/json/parse.hpp>

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::api;
using test::has;
using test::header;

namespace {

config plain() {
  config cfg;
  cfg.engine_version = "28.2.2";
  return cfg;
}

http::response answer(const service& api, std::string_view method, std::string_view target,
                      std::string_view lines = {}) {
  auto request = test::head(method, target, lines);
  auto found = api.resolve(*request);
  INFO(method << " " << target);
  REQUIRE(std::holds_alternative<http::response>(found));
  return std::get<http::response>(found);
}

// Keeps the head that a match points into.
struct matched {
  matched(const service& api, std::string_view method, std::string_view target,
          std::string_view lines = {})
      : request(test::head(method, target, lines)) {
    auto resolved = api.resolve(*request);
    INFO(method << " " << target);
    REQUIRE(std::holds_alternative<match>(resolved));
    found = std::get<match>(resolved);
  }
  std::shared_ptr<const http::request> request;
  match found;
};

job::reply output(std::variant<std::monostate, boost::json::value, std::string> value) {
  job::reply r;
  r.output = std::move(value);
  return r;
}

job::reply failure(errc kind, std::string text) {
  job::reply r;
  r.status = job::status_error;
  r.kind = kind;
  r.error = std::move(text);
  return r;
}

void check_common(const http::response& r) {
  CHECK(header(r, "Api-Version") == "1.50");
  CHECK(header(r, "Ostype") == "linux");
  CHECK(header(r, "Server") == "Docker/28.2.2 (linux)");
}

} // namespace

TEST_CASE("service: unknown paths and wrong methods are 404 without the daemon's headers",
          "[api][service]") {
  service api{plain()};
  for (auto [method, target] :
       {std::pair{"GET", "/nope"}, std::pair{"PUT", "/_ping"}, std::pair{"GET", "/_ping/"},
        std::pair{"GET", "/v9/nonsense"}, std::pair{"HEAD", "/info"}, std::pair{"GET", "/vx/info"},
        std::pair{"GET", "/v1.50"}, std::pair{"GET", "/debug/vars"},
        std::pair{"POST", "/v1.41/containers/x/copy"}, std::pair{"GET", "/images/viz"}}) {
    INFO(method << " " << target);
    auto r = answer(api, method, target);
    CHECK(r.status == 404);
    CHECK(r.body == "{\"message\":\"page not found\"}\n");
    CHECK(header(r, "Content-Type") == "application/json");
    CHECK(r.headers.size() == 1);
  }
}

TEST_CASE("service: unknown paths of old versions are 404 in text (K-2)", "[api][service]") {
  service api{plain()};
  for (auto target : {"/v1.14/nope", "/v1.0/volumes", "/v./x"}) {
    INFO(target);
    auto r = answer(api, "GET", target);
    CHECK(r.status == 404);
    CHECK(r.body == "404 page not found\n");
    CHECK(header(r, "Content-Type") == "text/plain; charset=utf-8");
  }
  auto between = answer(api, "GET", "/v1.20/nope");
  CHECK(between.body == "page not found\n");
  CHECK(header(between, "X-Content-Type-Options") == "nosniff");
}

TEST_CASE("service: versions too new are refused in JSON", "[api][service]") {
  service api{plain()};
  for (std::string version : {"9.99", "1.51", "1.50.1", "99999999999999999999"}) {
    auto r = answer(api, "GET", "/v" + version + "/_ping");
    INFO(version);
    CHECK(r.status == 400);
    CHECK(r.body == "{\"message\":\"client version " + version +
                        " is too new. Maximum supported API version is 1.50\"}\n");
    CHECK(header(r, "Content-Type") == "application/json");
    check_common(r);
    CHECK_FALSE(has(r, "Docker-Experimental"));
  }
}

TEST_CASE("service: versions between the eras are refused in text", "[api][service]") {
  service api{plain()};
  for (std::string version : {"1.15", "1.18", "1.23", "1.14.1"}) {
    auto r = answer(api, "GET", "/v" + version + "/info");
    INFO(version);
    CHECK(r.status == 400);
    CHECK(r.body == "client version " + version +
                        " is too old. Minimum supported API version is 1.24, please upgrade your "
                        "client to a newer version\n");
    CHECK(header(r, "Content-Type") == "text/plain; charset=utf-8");
    CHECK(header(r, "X-Content-Type-Options") == "nosniff");
    check_common(r);
    CHECK_FALSE(has(r, "Docker-Experimental"));
  }
}

TEST_CASE("service: a raised minimum refuses the 1.2.0 era too", "[api][service]") {
  auto cfg = plain();
  cfg.min_version = {1, 40};
  service api{cfg};
  auto old = answer(api, "GET", "/v1.14/info");
  CHECK(old.status == 400);
  CHECK(old.body.starts_with("client version 1.14 is too old. Minimum supported API version is "));
  auto newer = answer(api, "GET", "/v1.39/info");
  CHECK(newer.body == "{\"message\":\"client version 1.39 is too old. Minimum supported API "
                      "version is 1.40, please upgrade your client to a newer version\"}\n");
  CHECK(matched(api, "GET", "/v1.40/info").found.versioned);
}

TEST_CASE("service: eras and versions of what is served", "[api][service]") {
  service api{plain()};
  CHECK(matched(api, "GET", "/info").found.age == era::today);
  CHECK(matched(api, "GET", "/info").found.version == newest_version);
  CHECK_FALSE(matched(api, "GET", "/info").found.versioned);
  CHECK(matched(api, "GET", "/v1.24/info").found.version == oldest_version);
  CHECK(matched(api, "GET", "/v1.50.0/info").found.age == era::today);
  for (auto target : {"/v1.14/info", "/v1.14.0/info", "/v1.0/info", "/v1.2.3.4/info", "/v./info"}) {
    INFO(target);
    CHECK(matched(api, "GET", target).found.age == era::legacy);
  }
}

TEST_CASE("service: OPTIONS is 200 anywhere (R39)", "[api][service]") {
  service api{plain()};
  for (auto target : {"/", "/x/y", "/v1.41/x", "/v1.14/containers/json"}) {
    INFO(target);
    auto r = answer(api, "OPTIONS", target);
    CHECK(r.status == 200);
    CHECK(r.body.empty());
    CHECK_FALSE(has(r, "Content-Type"));
    check_common(r);
  }
  CHECK(answer(api, "OPTIONS", "/v9.99/x").status == 400);
  auto server = answer(api, "OPTIONS", "*");
  CHECK(server.status == 200);
  CHECK(server.headers.empty());
}

TEST_CASE("service: unclean paths are redirected before anything else (W10)", "[api][service]") {
  service api{plain()};
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"//_ping?a=b%20c", "/_ping?a=b%20c"},      {"/containers//json", "/containers/json"},
      {"/containers/./json", "/containers/json"}, {"/a%2F%2Fb?x", "/a/b?x"},
      {"/v1.41/a/../_ping", "/v1.41/_ping"},      {"/v9.99//x/", "/v9.99/x/"},
  };
  for (auto [target, location] : rows) {
    INFO(target);
    for (auto method : {"GET", "POST", "OPTIONS"}) {
      auto r = answer(api, method, target);
      CHECK(r.status == 301);
      CHECK(header(r, "Location") == location);
      CHECK(r.headers.size() == 1);
      CHECK(r.body.empty());
    }
  }
}

TEST_CASE("service: operations without a job are 501 and named", "[api][service]") {
  service api{plain()};
  auto r = answer(api, "POST", "/v1.41/swarm/init");
  CHECK(r.status == 501);
  CHECK(r.body ==
        "{\"message\":\"SwarmInit (POST /swarm/init) is not implemented by this daemon\"}\n");
  CHECK(header(r, "Content-Type") == "application/json");
  CHECK(header(r, "Docker-Experimental") == "false");
  check_common(r);
  auto old = answer(api, "POST", "/v1.14/auth");
  CHECK(old.status == 501);
  CHECK(old.body == "SystemAuth (POST /auth) is not implemented by this daemon\n");
}

TEST_CASE("service: experimental operations need the mode", "[api][service]") {
  auto cfg = plain();
  auto r = answer(service{cfg}, "GET", "/containers/x/checkpoints");
  CHECK(r.status == 501);
  CHECK(r.body == "{\"message\":\"This experimental feature is disabled by default. Start the "
                  "Docker daemon in experimental mode in order to enable it.\"}\n");
  cfg.experimental = true;
  r = answer(service{cfg}, "GET", "/containers/x/checkpoints");
  CHECK(r.status == 501);
  CHECK(r.body.find("CheckpointList") != std::string::npos);
  CHECK(header(r, "Docker-Experimental") == "true");
}

TEST_CASE("service: sessions ask for an upgrade first", "[api][service]") {
  service api{plain()};
  for (auto target : {"/session", "/grpc", "/v1.41/session"}) {
    auto r = answer(api, "POST", target);
    CHECK(r.status == 400);
    CHECK(r.body == "{\"message\":\"no upgrade proto in request\"}\n");
    r = answer(api, "POST", target, "Connection: Upgrade\r\nUpgrade: h2c\r\n");
    CHECK(r.status == 501);
  }
}

TEST_CASE("service: there are no plugins", "[api][service]") {
  service api{plain()};
  auto list = answer(api, "GET", "/plugins");
  CHECK(list.status == 200);
  CHECK(list.body == "[]\n");
  CHECK(header(list, "Content-Type") == "application/json");
  CHECK(answer(api, "GET", "/plugins?filters=%7B%22zz%22%3A%5B%22x%22%5D%7D").body ==
        "{\"message\":\"invalid filter 'zz'\"}\n");
  auto one = answer(api, "GET", "/v1.41/plugins/zz/json");
  CHECK(one.status == 404);
  CHECK(one.body == "{\"message\":\"plugin \\\"zz\\\" not found\"}\n");
  CHECK(answer(api, "DELETE", "/plugins/zz").status == 404);
  CHECK(answer(api, "POST", "/plugins/a/b/disable").body ==
        "{\"message\":\"plugin \\\"a/b\\\" not found\"}\n");
  CHECK(answer(api, "POST", "/plugins/pull").status == 501);
}

TEST_CASE("service: the graph of images is the client's since 1.7 (R6)", "[api][service]") {
  service api{plain()};
  auto r = answer(api, "GET", "/v1.14/images/viz");
  CHECK(r.status == 404);
  CHECK(r.body == "This is now implemented in the client.\n");
  CHECK(header(r, "Content-Type") == "text/plain; charset=utf-8");
}

TEST_CASE("service: ping says what clients negotiate by", "[api][service]") {
  service api{plain()};
  for (auto target : {"/_ping", "/v1.24/_ping", "/v1.14/_ping"}) {
    matched get{api, "GET", target};
    auto r = api.make_response(get.found, output(std::string{"OK"}));
    INFO(target);
    CHECK(r.status == 200);
    CHECK(r.body == "OK");
    check_common(r);
    CHECK(header(r, "Docker-Experimental") == "false");
    CHECK(header(r, "Builder-Version") == "1");
    CHECK(header(r, "Swarm") == "inactive");
    CHECK(header(r, "Cache-Control") == "no-cache, no-store, must-revalidate");
    CHECK(header(r, "Pragma") == "no-cache");
    CHECK(header(r, "Content-Type") == "text/plain; charset=utf-8");
  }
  matched head{api, "HEAD", "/_ping"};
  auto r = api.make_response(head.found, {});
  CHECK(r.status == 200);
  CHECK(r.body.empty());
  CHECK(header(r, "Api-Version") == "1.50");
}

TEST_CASE("service: a good ping is answered without a copy", "[api][service]") {
  service api{plain()};
  matched ping{api, "GET", "/_ping"};
  const auto* constant = api.constant_response(ping.found, {});
  REQUIRE(constant != nullptr);
  CHECK(constant->body == "OK");
  CHECK(constant == api.constant_response(ping.found, {}));
  CHECK(constant->headers == api.make_response(ping.found, {}).headers);
  CHECK(api.constant_response(ping.found, failure(errc::system, "x")) == nullptr);
  CHECK(api.make_response(ping.found, failure(errc::system, "x")).status == 500);
  CHECK(api.constant_response(matched(api, "GET", "/info").found, {}) == nullptr);
}

TEST_CASE("service: CORS headers are on every routed reply when configured (5.4)",
          "[api][service]") {
  auto cfg = plain();
  cfg.debug = true;
  cfg.cors_header = "https://ui.example";
  service api{cfg};
  auto check = [](const http::response& r) {
    CHECK(header(r, "Access-Control-Allow-Origin") == "https://ui.example");
    CHECK(header(r, "Access-Control-Allow-Headers") ==
          "Origin, X-Requested-With, Content-Type, Accept, X-Registry-Auth");
  };
  check(answer(api, "OPTIONS", "/x"));
  check(answer(api, "GET", "/v9.99/info"));
  check(answer(api, "POST", "/build"));
  matched ping{api, "GET", "/_ping"};
  auto r = api.make_response(ping.found, {});
  check(r);
  CHECK(header(r, "Access-Control-Allow-Methods") == "HEAD, GET, POST, DELETE, PUT, OPTIONS");
  matched old{api, "GET", "/v1.14/_ping"};
  r = api.make_response(old.found, {});
  check(r);
  CHECK(header(r, "Access-Control-Allow-Methods") == "GET, POST, DELETE, PUT, OPTIONS");
  CHECK_FALSE(has(answer(api, "GET", "/nope"), "Access-Control-Allow-Origin"));
  CHECK_FALSE(has(answer(api, "GET", "//x"), "Access-Control-Allow-Origin"));
  matched vars{api, "GET", "/debug/vars"};
  CHECK_FALSE(has(api.make_response(vars.found, {}), "Access-Control-Allow-Origin"));
  CHECK_FALSE(has(answer(service{plain()}, "OPTIONS", "/x"), "Access-Control-Allow-Origin"));
}

TEST_CASE("service: values go out as JSON with a newline", "[api][service]") {
  service api{plain()};
  matched m{api, "GET", "/containers/x/json"};
  auto r = api.make_response(m.found, output(boost::json::parse(R"({"Id":"<x>","A":1})")));
  CHECK(r.status == 200);
  CHECK(r.body == "{\"Id\":\"<x>\",\"A\":1}\n");
  CHECK(header(r, "Content-Type") == "application/json");
  check_common(r);
}

TEST_CASE("service: failures get the status of their kind", "[api][service]") {
  service api{plain()};
  matched m{api, "GET", "/containers/x/json"};
  const std::pair<errc, int> rows[] = {
      {errc::not_found, 404},
      {errc::invalid_parameter, 400},
      {errc::conflict, 409},
      {errc::unauthorized, 401},
      {errc::forbidden, 403},
      {errc::unavailable, 503},
      {errc::not_implemented, 501},
      {errc::system, 500},
      {errc::none, 500},
  };
  for (auto [kind, status] : rows) {
    auto r = api.make_response(m.found, failure(kind, "No such container: x"));
    CHECK(r.status == status);
    CHECK(r.body == "{\"message\":\"No such container: x\"}\n");
    CHECK(header(r, "Content-Type") == "application/json");
    check_common(r);
  }
  auto same = api.make_response(m.found, failure(errc::not_modified, "already"));
  CHECK(same.status == 304);
  CHECK(same.body.empty());
  CHECK_FALSE(has(same, "Content-Type"));
  CHECK(api.error_response(m.found, {errc::not_found, "x"}).status == 404);
}

TEST_CASE("service: failures of the 1.2.0 era go by their words (5.3, K-1)", "[api][service]") {
  service api{plain()};
  matched m{api, "GET", "/v1.14/containers/x/json"};
  struct row {
    errc kind;
    std::string_view text;
    int status;
  };
  const row rows[] = {
      {errc::system, "No such id: x", 404},
      {errc::system, "Bad parameters: you must choose at least one stream", 400},
      {errc::system, "Conflict, x", 409},
      {errc::system, "No context given. Impossible to use ADD", 406},
      {errc::system, "Wrong login/password, please try again", 401},
      {errc::system, "account hasn't been activated", 403},
      {errc::system, "no such container", 500},
      {errc::invalid_parameter, "invalid filter", 500},
      {errc::not_found, "network x not found", 404},
      {errc::conflict, "taken", 409},
      {errc::not_implemented, "not here", 501},
  };
  for (const auto& row : rows) {
    INFO(row.text);
    auto r = api.make_response(m.found, failure(row.kind, std::string{row.text}));
    CHECK(r.status == row.status);
    CHECK(r.body == std::string{row.text} + "\n");
    CHECK(header(r, "Content-Type") == "text/plain; charset=utf-8");
  }
  CHECK(api.make_response(m.found, failure(errc::not_modified, "No such")).status == 304);
}

TEST_CASE("service: info and version of 1.2.0 tell of their job (H1, H2, K-23)", "[api][service]") {
  service api{plain()};
  matched m{api, "GET", "/v1.14/version?a=x&a=y"};
  auto job = api.make_job(m.found, {}, {});
  REQUIRE(job.has_value());
  CHECK(job->args == std::vector<std::string>{"x", "y"});
  auto r = api.make_response(m.found, output(boost::json::parse(R"({"Version":"1"})")));
  CHECK(header(r, "Job-Name") == "version");
  CHECK(header(r, "Content-Type") == "application/json");
  int args = 0;
  for (const auto& [name, value] : r.headers)
    args += name == "Job-Args" ? 1 : 0;
  CHECK(args == 2);
  CHECK(r.body == R"({"ApiVersion":"1.14","Arch":"","GitCommit":"","GoVersion":"","Os":"",)"
                  R"("Version":"1"})"
                  "\n");
  // K-23: a failure is not a 200.
  job::reply failed;
  failed.status = job::status_error;
  failed.kind = errc::unavailable;
  failed.error = "engine is shutdown";
  auto refused = api.make_response(m.found, failed);
  CHECK(refused.status == 503);
  CHECK(refused.body == "engine is shutdown\n");
  matched info{api, "GET", "/v1.14/info"};
  auto shown = api.make_response(info.found, output(boost::json::parse(R"({"Debug":true})")));
  CHECK(header(shown, "Job-Name") == "info");
  CHECK(shown.body.find("\"Debug\":1") != std::string::npos);
  matched today{api, "GET", "/info?a=x"};
  CHECK(api.make_job(today.found, {}, {})->args.empty());
  CHECK_FALSE(has(api.make_response(today.found, {}), "Job-Name"));
}

TEST_CASE("service: lists are lists in every era", "[api][service]") {
  service api{plain()};
  for (auto target : {"/containers/json", "/v1.24/images/json", "/networks", "/networks/"}) {
    matched m{api, "GET", target};
    CHECK(api.make_response(m.found, {}).body == "[]\n");
    CHECK(header(api.make_response(m.found, {}), "Content-Type") == "application/json");
  }
  matched old{api, "GET", "/v1.14/containers/ps"};
  CHECK(api.make_response(old.found, {}).body == "[]");
  auto rows = boost::json::parse(R"([{"Id":"a"},{"Id":"b"}])");
  CHECK(api.make_response(old.found, output(rows)).body == "[{\"Id\":\"a\"}\n,{\"Id\":\"b\"}\n]");
  matched volumes{api, "GET", "/volumes"};
  CHECK(api.make_response(volumes.found, output(boost::json::array{})).body ==
        "{\"Volumes\":[],\"Warnings\":null}\n");
}

TEST_CASE("service: failures of an attach are told as its stream would be", "[api][service]") {
  service api{plain()};
  matched attach{api, "POST", "/containers/x/attach"};
  auto r = api.make_response(attach.found, failure(errc::not_found, "No such container: x"));
  CHECK(r.status == 404);
  CHECK(r.body == "No such container: x\r\n");
  CHECK(header(r, "Content-Type") == "application/vnd.docker.raw-stream");
  matched socket{api, "GET", "/containers/x/attach/ws"};
  auto refused = api.error_response(socket.found, {errc::invalid_parameter, "no"});
  CHECK(refused.body == "{\"message\":\"no\"}\n");
  CHECK(header(refused, "Sec-WebSocket-Version") == "13");
  matched old{api, "POST", "/v1.14/containers/x/attach"};
  CHECK(api.make_response(old.found, failure(errc::not_found, "No such container: x")).body ==
        "No such container: x\n");
}

TEST_CASE("service: a stream has its head at once", "[api][service]") {
  service api{plain()};
  matched m{api, "GET", "/events"};
  CHECK(m.found.target->reply == reply_kind::stream);
  auto r = api.stream_head(m.found);
  CHECK(r.status == 200);
  CHECK(r.body.empty());
  CHECK(header(r, "Content-Type") == "application/json");
  check_common(r);
  CHECK(header(api.stream_head(m.found, {}), "Content-Type").empty());
}

TEST_CASE("service: what a connection that is handed over is told besides", "[api][service]") {
  service api{plain()};
  matched attach{api, "POST", "/containers/web/attach"};
  CHECK(api.hijack_headers(attach.found).headers.empty());
  matched exec{api, "POST", "/exec/ab/start"};
  check_common(api.hijack_headers(exec.found));
}

TEST_CASE("service: clients of another version are worth a note", "[api][service]") {
  service api{plain()};
  auto note = [&](std::string_view agent) {
    return api.client_note(
        *test::head("GET", "/_ping", "User-Agent: " + std::string{agent} + "\r\n"));
  };
  CHECK(note("Docker-Client/1.2.0").value() ==
        "Warning: client and server don't have the same version (client: 1.2.0, server: 28.2.2)");
  CHECK(note("Docker-Client/27.0.1 (linux)").value().find("client: 27.0.1,") != std::string::npos);
  CHECK_FALSE(note("Docker-Client/28.2.2 (linux)").has_value());
  CHECK_FALSE(note("curl/7.88").has_value());
  CHECK_FALSE(note("Docker-Client/1.2.0 go/1.3").has_value());
  CHECK_FALSE(api.client_note(*test::head("GET", "/_ping")).has_value());
}
