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

namespace gantry::runtime {
class history;
}

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

/// What a service answers its clients with. For the service's thread.
class page_source {
public:
  using time_point = std::chrono::steady_clock::time_point;

  page_source() = default;
  page_source(const page_source&) = delete;
  page_source& operator=(const page_source&) = delete;
  virtual ~page_source() = default;

  /// Must not wait for anything.
  virtual page_answer answer(const page_request& asked) = 0;
  /// An error in the form of the other pages.
  virtual http::response refusal(int status, std::string_view text) const = 0;
  /// What those follow who got an `event_answer`; null: nobody does.
  virtual runtime::history* events() const noexcept { return nullptr; }
  /// When to call `look` although nobody asks.
  virtual time_point due() const noexcept { return time_point::max(); }
  virtual void look(time_point) {}
};

/// The inspection. Everything that can be read is read and not asked for, so all pages come at once
/// whatever the actors do.
class pages final : public page_source {
public:
  /// `wakes` is woken when an awaited answer is there.
  pages(sources from, std::shared_ptr<const waker> wakes);

  page_answer answer(const page_request& asked) override;
  http::response refusal(int status, std::string_view text) const override;
  runtime::history* events() const noexcept override;
  time_point due() const noexcept override {
    return std::min(level_.deadline(), traces_.deadline());
  }
  void look(time_point now) override {
    level_.look(now);
    traces_.look(now);
  }

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
