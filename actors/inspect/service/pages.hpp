#pragma once

#include "actors/core/messages.hpp"
#include "actors/inspect/service/actor_changes.hpp"
#include "actors/inspect/service/facts.hpp"
#include "actors/inspect/service/log_level.hpp"
#include "actors/inspect/views.hpp"
#include "protocol/http/message.hpp"
#include "protocol/mux/router.hpp"
#include "protocol/mux/table.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <variant>

namespace gantry::inspect {

/// A page and a method: what the document says there is.
struct page_route {
  std::string_view method;
  std::string_view path; ///< `/v1/actors/{id}`
};

/// All of them.
std::span<const page_route> page_routes() noexcept;

/// The document about them: app/inspect/openapi.yaml.
std::string_view openapi_document() noexcept;

/// A request that is complete.
struct page_request {
  const http::request& head;
  std::string_view body;
  const core::client_info& who;
  std::chrono::steady_clock::time_point now;
};

/// The answer is an actor's details, as soon as that has told about itself.
struct awaited_facts {
  actor_detail detail;
  std::shared_ptr<const facts_answer> answer;
};

/// The answer are events, for as long as the client listens.
struct event_answer {};

using page_answer = std::variant<http::response, awaited_facts, event_answer>;

/// `{"message": TEXT}`.
http::response error_page(int status, std::string_view text);

/// The page of an actor that has answered, or will not in time.
http::response actor_page(const awaited_facts& asked);

/// Whether that client may change anything: over the unix socket, as root or as the daemon itself.
bool may_change(const core::client_info& who) noexcept;

/// Answers requests. Everything that can be read is read and not asked for, so all pages come at
/// once whatever the actors do. For one thread.
class pages {
public:
  /// `wakes` is woken when an awaited answer is there.
  pages(sources from, std::shared_ptr<const waker> wakes);

  page_answer answer(const page_request& asked);

  const sources& from() const noexcept { return from_; }
  timed_log_level& level() noexcept { return level_; }
  timed_traces& traces() noexcept { return traces_; }

private:
  page_answer read(const page_request& asked, std::string_view path);
  page_answer actor(std::string_view id);
  http::response messages(std::string_view id);
  http::response set_level(const page_request& asked);
  http::response change(const page_request& asked, mux::payload_id what, std::string_view id);

  sources from_;
  describer describer_;
  timed_log_level level_;
  timed_traces traces_;
  mux::table table_;
};

} // namespace gantry::inspect
