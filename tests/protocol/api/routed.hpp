#pragma once

#include "protocol/api/service.hpp"
#include "request_text.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace gantry::api::test {

/// The API as clients of these tests see it.
inline const service& api_of_test() {
  static const service api{[] {
    config cfg;
    cfg.engine_version = "28.2.2";
    return cfg;
  }()};
  return api;
}

/// A request and the route it found.
struct routed {
  routed(std::string_view method, std::string_view target, std::string_view lines = {})
      : request(head(method, target, lines)) {
    auto resolved = api_of_test().resolve(*request);
    INFO(method << " " << target);
    REQUIRE(std::holds_alternative<match>(resolved));
    found = std::get<match>(resolved);
  }

  std::shared_ptr<const http::request> request;
  match found;
};

/// `NAME(ARGS) key=value ...`, or the error.
inline std::string job_of(std::string_view method, std::string_view target,
                          std::string_view lines = {}, std::string_view body = {}) {
  routed r{method, target, lines};
  auto made = api_of_test().make_job(r.found, body, from_unix_time(1'700'000'000));
  if (!made)
    return std::string{to_string(made.error().kind)} + ": " + made.error().message;
  std::string text = job::call_string(*made);
  made->environment.for_each(
      [&](const auto& key, const auto& value) { text += " " + key + "=" + value; });
  return text;
}

/// The response to what a job said.
inline http::response answer(std::string_view method, std::string_view target,
                             decltype(job::reply::output) output) {
  routed r{method, target};
  job::reply reply;
  reply.output = std::move(output);
  return api_of_test().make_response(r.found, std::move(reply));
}

} // namespace gantry::api::test
