#include "app/ctl/trace.hpp"

#include "app/ctl/run.hpp"
#include "app/ctl/terminal.hpp"
#include "app/ctl/text.hpp"
#include "app/ctl/views.hpp"
#include "protocol/inspect/json.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gantry::ctl {

namespace {

namespace json = boost::json;
using steady = std::chrono::steady_clock;

/// Between two looks at what an actor has handled. It keeps 64 messages, so 640 of them a second
/// are seen.
constexpr std::chrono::milliseconds look_again{100};

/// The daemon ends a trace that nobody asks for again.
constexpr std::chrono::minutes ask_again{5};

/// What the daemon answers about a traced actor.
struct messages {
  bool traced = false;
  std::uint64_t total = 0; ///< handled since the trace has begun
  std::vector<inspect::traced_message> last;
};

result<messages> read_messages(const std::string& body) {
  const auto value = inspect::parse_json(body);
  if (!value)
    return value.error();
  const auto* object = value->if_object();
  const auto* traced = object ? object->if_contains("traced") : nullptr;
  const auto* total = object ? object->if_contains("total") : nullptr;
  const auto* last = object ? object->if_contains("last") : nullptr;
  if (!traced || !traced->is_bool() || !total || !total->is_int64() || !last)
    return invalid("strange answer: \"traced\", \"total\" or \"last\" is missing");
  auto items = inspect::list_from_json<inspect::traced_message>(*last);
  if (!items)
    return items.error();
  return messages{traced->get_bool(), static_cast<std::uint64_t>(total->get_int64()),
                  std::move(*items)};
}

/// Signals that end a trace, as long as it lives: they wait until they are asked for.
class end_signals {
public:
  end_signals() noexcept {
    sigemptyset(&set_);
    for (int each : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
      sigaddset(&set_, each);
    sigprocmask(SIG_BLOCK, &set_, &before_);
  }
  end_signals(const end_signals&) = delete;
  end_signals& operator=(const end_signals&) = delete;
  ~end_signals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  /// True if one comes within that time, or has come.
  bool wait(std::chrono::nanoseconds limit) const noexcept {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(limit);
    const timespec time{whole.count(), (limit - whole).count()};
    return ::sigtimedwait(&set_, nullptr, &time) > 0;
  }

private:
  sigset_t set_{};
  sigset_t before_{};
};

/// A trace of one actor, from its begin to its end.
class actor_trace {
public:
  actor_trace(const invocation& how, api_client client)
      : how_(how), client_(std::move(client)), target_("/v1/actors/" + how.operand + "/trace"),
        on_(paper_of_stdout(how.has("no-trunc"))) {
    if (const auto most = how.number("count"))
      left_ = *most;
    if (how.has("for"))
      until_ = steady::now() + how.duration("for", {});
  }

  int run() {
    const end_signals ending;
    if (const auto begun = begin(); !begun)
      return told(begun.error());
    std::optional<int> status;
    while (!status) {
      status = look();
      const auto now = steady::now();
      if (!status && (left_ == 0 || now >= until_ ||
                      ending.wait(std::min<std::chrono::nanoseconds>(look_again, until_ - now))))
        status = exit_done;
      // Those that were handled meanwhile, too.
      if (status == exit_done && !gone_)
        status = look().value_or(exit_done);
    }
    if (!gone_)
      client_.call("DELETE", target_); // it ends by itself if nobody hears of this
    return *status;
  }

private:
  static int told(const api_error& error) {
    const auto failed = tell_failure(error);
    return error.kind == errc::not_found ? exit_no_actor : failed;
  }

  result<void> begin() {
    begun_ = steady::now();
    const auto answer = client_.call("POST", target_);
    if (!answer)
      return answer.error();
    if (answer->status / 100 != 2)
      return error_of(*answer);
    return {};
  }

  /// Prints what is new. The exit status, if that was the end.
  std::optional<int> look() {
    if (steady::now() - begun_ > ask_again)
      if (const auto begun = begin(); !begun)
        return told(begun.error());
    const auto answer = client_.call("GET", target_);
    if (!answer) {
      gone_ = true;
      return tell_failure(answer.error());
    }
    if (answer->status == 404) {
      gone_ = true;
      std::fprintf(stderr, "gantryctl: actor %s has ended\n", how_.operand.c_str());
      return exit_done;
    }
    if (answer->status != 200)
      return tell_failure(error_of(*answer));
    const auto now = read_messages(answer->body);
    if (!now)
      return tell_failure(now.error());
    if (!now->traced) {
      gone_ = true;
      return tell_failure({errc::conflict, "somebody has ended the trace"});
    }
    if (auto printed = show(*now); !printed) {
      left_ = 0;
      return tell_failure(printed.error());
    }
    return std::nullopt;
  }

  result<void> show(const messages& now) {
    if (now.total < seen_)
      seen_ = 0; // it was ended and begun again meanwhile
    const auto kept_from = now.total - std::min<std::uint64_t>(now.total, now.last.size());
    std::string out;
    if (kept_from > seen_ && left_ > 0)
      out += lost_line(kept_from - seen_);
    const auto first = std::max(seen_, kept_from) - kept_from;
    for (auto i = first; i < now.last.size() && left_ > 0; ++i, --left_)
      out += line_of(now.last[static_cast<std::size_t>(i)]);
    seen_ = now.total;
    return out.empty() ? result<void>{} : print(out);
  }

  std::string lost_line(std::uint64_t lost) const {
    if (how_.has("json"))
      return json::serialize(json::object{{"lost", lost}}) + '\n';
    return counted(lost, "message") + " lost\n";
  }

  std::string line_of(const inspect::traced_message& m) {
    if (how_.has("json"))
      return json::serialize(inspect::to_json(m)) + '\n';
    std::string out;
    if (!std::exchange(titled_, true))
      out = message_titles(on_) + '\n';
    return out + message_line(m, on_) + '\n';
  }

  const invocation& how_;
  api_client client_;
  std::string target_;
  paper on_;
  std::uint64_t left_ = std::numeric_limits<std::uint64_t>::max();
  steady::time_point until_ = steady::time_point::max();
  steady::time_point begun_;
  std::uint64_t seen_ = 0; ///< messages
  bool titled_ = false;
  bool gone_ = false; ///< there is no trace to be ended
};

int show_request(const invocation& how, const environment& env) {
  auto from = open_source(how, env);
  if (!from)
    return tell_failure(from.error());
  auto body = (*from)->get("/v1/requests/" + how.get("request"));
  if (!body)
    return tell_failure(body.error());
  std::string text;
  if (how.has("json")) {
    text = std::move(*body);
    if (!text.ends_with('\n'))
      text += '\n';
  } else {
    const auto value = inspect::parse_json(*body);
    const auto read = value ? inspect::from_json<inspect::request_trace>(*value)
                            : result<inspect::request_trace>{value.error()};
    if (!read)
      return tell_failure(
          {errc::system, (*from)->name() + ": strange answer: " + read.error().message});
    text = timeline_text(*read, paper_of_stdout(how.has("no-trunc")));
  }
  const auto printed = print(text);
  return printed ? exit_done : tell_failure(printed.error());
}

} // namespace

int trace(const invocation& how, const environment& env) {
  if (how.has("request"))
    return show_request(how, env);
  auto settings = client_settings(how, env);
  if (!settings)
    return tell_failure(settings.error());
  return actor_trace{how, api_client{std::move(*settings)}}.run();
}

int change_actors(const invocation& how, const environment& env) {
  auto settings = client_settings(how, env);
  if (!settings)
    return tell_failure(settings.error());
  const api_client client{std::move(*settings)};
  const std::string verb{how.command->name};
  const auto past = verb == "kill" ? "killed " : verb == "pause" ? "paused " : "resumed ";
  int status = exit_done;
  for (const auto& id : how.operands) {
    const auto answer =
        client.call("POST", "/v1/actors/" + id + '/' + verb + (how.has("force") ? "?force=1" : ""));
    if (!answer)
      return tell_failure(answer.error());
    const bool done = answer->status / 100 == 2;
    const auto error = done ? api_error{} : error_of(*answer);
    if (how.has("json")) {
      json::object line{{"id", std::stoull(id)}, {"done", done}};
      if (!done)
        line.emplace("message", error.message);
      if (auto printed = print(json::serialize(line) + '\n'); !printed)
        return tell_failure(printed.error());
    } else if (done) {
      if (auto printed = print(past + id + '\n'); !printed)
        return tell_failure(printed.error());
    }
    if (done)
      continue;
    if (!how.has("json"))
      tell_failure(error);
    if (error.kind != errc::not_found)
      status = exit_failed;
    else if (status == exit_done)
      status = exit_no_actor;
  }
  return status;
}

} // namespace gantry::ctl
