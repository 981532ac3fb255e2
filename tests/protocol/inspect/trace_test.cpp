#include "protocol/inspect/trace.hpp"

#include "protocol/inspect/answers.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <string>

namespace {

using namespace gantry::inspect;
using namespace std::chrono_literals;
using gantry::errc;

request_view request_of(std::uint64_t id, bool over, std::string time = "2026-11-22T01:47:25.5Z") {
  request_view r;
  r.id = id;
  r.call = "GET /info";
  r.client = "unix";
  r.connection = 12;
  r.time = std::move(time);
  r.took = 5ms;
  r.status = over ? 200 : 0;
  r.over = over;
  return r;
}

span_view span_for(std::uint64_t request, std::string time, std::string thread = "io 0") {
  span_view s;
  s.time = std::move(time);
  s.request = request;
  s.actor = 3;
  s.kind = s.name = "router";
  s.message = "route_request";
  s.thread = std::move(thread);
  s.waited = 1us;
  s.took = 2us;
  return s;
}

std::string numbers(const std::vector<request_view>& all) {
  std::string out;
  for (const auto& r : all)
    out += (out.empty() ? "" : " ") + std::to_string(r.id);
  return out;
}

} // namespace

TEST_CASE("trace: a request with its spans, and no others", "[protocol][inspect]") {
  const std::vector requests{request_of(7, true), request_of(8, false)};
  const std::vector spans{span_for(7, "2026-11-22T01:47:25.5Z"),
                          span_for(8, "2026-11-22T01:47:25.51Z"),
                          span_for(7, "2026-11-22T01:47:25.52Z")};
  const auto trace = trace_of(7, requests, spans);
  REQUIRE(trace);
  CHECK(trace->request == requests[0]);
  REQUIRE(trace->spans.size() == 2);
  CHECK(trace->spans[0] == spans[0]);
  CHECK(trace->spans[1] == spans[2]);
  CHECK(trace->missing.empty());
  CHECK_FALSE(trace_of(9, requests, spans));
  CHECK(trace_of(8, requests, {})->spans.empty());
}

TEST_CASE("trace: of the daemon's own requests there are only spans", "[protocol][inspect]") {
  const std::vector spans{span_for(3, "2026-11-22T01:47:25.5Z")};
  const auto trace = trace_of(3, {}, spans);
  REQUIRE(trace);
  CHECK(trace->request.id == 3);
  CHECK(trace->request.time == "2026-11-22T01:47:25.5Z");
  CHECK(trace->missing == "the request itself is not kept, or is the daemon's own");
}

TEST_CASE("trace: says that its beginning may be forgotten, if a thread has forgotten any",
          "[protocol][inspect]") {
  std::vector<span_view> spans{span_for(7, "2026-11-22T01:47:25.12Z", "worker")};
  for (std::size_t i = 0; i < spans_of_thread; ++i)
    spans.push_back(span_for(8, "2026-11-22T01:47:25.5Z"));
  auto missing = [&spans](const char* time) {
    return trace_of(7, {request_of(7, true, time)}, spans)->missing;
  };
  CHECK(missing("2026-11-22T01:47:25.1Z") == "the beginning may not be kept any more");
  CHECK(missing("2026-11-22T01:47:25Z") == "the beginning may not be kept any more");
  CHECK(missing("2026-11-22T01:47:25.51Z").empty());
  spans.pop_back();
  CHECK(missing("2026-11-22T01:47:25.1Z").empty());
}

TEST_CASE("trace: a limit keeps those at work and the last of the others", "[protocol][inspect]") {
  std::vector all{request_of(9, false), request_of(11, false)};
  for (std::uint64_t id = 1; id < 6; ++id)
    all.push_back(request_of(id, true));
  CHECK(numbers(limited(all, 0)) == "9 11 1 2 3 4 5");
  CHECK(numbers(limited(all, 50)) == "9 11 1 2 3 4 5");
  CHECK(numbers(limited(all, 4)) == "9 11 4 5");
  CHECK(numbers(limited(all, 2)) == "9 11");
  CHECK(numbers(limited(all, 1)) == "9");
  CHECK(limited({}, 3).empty());
}

TEST_CASE("answers: requests and their traces", "[protocol][inspect]") {
  system_view view;
  view.requests = {request_of(8, false), request_of(6, true), request_of(7, true)};
  view.spans = {span_for(7, "2026-11-22T01:47:25.5Z")};
  auto ask = [&view](std::string_view path, std::string_view query = {}) {
    return answer_from(view, path, gantry::http::parse_query(query).value());
  };
  CHECK(ask("/v1/requests").value().at("requests").as_array().size() == 3);
  CHECK(ask("/v1/requests", "limit=2").value().at("requests").at(1).at("id") == 7);
  CHECK(ask("/v1/requests", "limit=x").error().message == "invalid limit \"x\": invalid syntax");
  CHECK(ask("/v1/requests", "limit=1&limit=2").error().message ==
        "parameter \"limit\" is given twice");
  CHECK(ask("/v1/requests", "all=1").error().message ==
        "unknown parameter \"all\": there is limit");
  CHECK(boost::json::serialize(ask("/v1/requests/7").value()) ==
        R"({"request":{"id":7,"call":"GET /info","client":"unix","connection":12,)"
        R"("time":"2026-11-22T01:47:25.5Z","took_ns":5000000,"status":200,"over":true},)"
        R"("spans":[{"time":"2026-11-22T01:47:25.5Z","request":7,"actor":3,"kind":"router",)"
        R"("name":"router","message":"route_request","thread":"io 0","waited_ns":1000,)"
        R"("took_ns":2000}],"missing":""})");
  for (auto id : {"5", "x", ""}) {
    const auto none = ask("/v1/requests/" + std::string{id});
    CHECK(none.error().kind == errc::not_found);
    CHECK(none.error().message ==
          "no such request: " + std::string{id} + "; only the last ones are kept");
  }
}
