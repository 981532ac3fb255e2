#include "actors/jobs/container_life.hpp"

#include "actors/containers/container_services.hpp"
#include "actors/jobs/container_jobs.hpp"
#include "actors/jobs/container_limits.hpp"
#include "actors/jobs/container_lookup.hpp"
#include "protocol/container/signals.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace gantry::jobs {

namespace {

using containers::container_services;
using containers::life_request;
using verb = life_request::verb;

/// `prefix` before a failure's text.
api_error prefixed(const std::string& prefix, api_error why) {
  why.message.insert(0, prefix);
  return why;
}

/// The same for those of which dockerd only says that they failed. NOTE: not_modified is no
/// failure.
api_error failed(const std::string& prefix, api_error why) {
  if (why.kind == errc::not_modified)
    return why;
  if (why.kind != errc::unavailable)
    why.kind = errc::system;
  return prefixed(prefix, std::move(why));
}

/// A request to the container that the job names.
result<life_call> call_of(const container_services& services, const job::request& asked, verb what,
                          caf::timespan limit) {
  auto found = named_container(*services.all, asked);
  if (!found)
    return found.error();
  auto request = std::make_shared<life_request>();
  request->what = what;
  request->limit = limit;
  return life_call{*found, asked.args.front(), std::move(request)};
}

/// Env `signal`; none: what the container or the request says.
result<std::optional<int>> signal_asked(const job::env& environment) {
  const auto& text = environment.get("signal");
  if (text.empty())
    return std::optional<int>{};
  auto number = container::parse_signal(text);
  if (!number)
    return number.error();
  return std::optional{*number};
}

/// Env `t`, negative for no limit; none: as the container says.
std::optional<std::chrono::seconds> time_asked(const job::env& environment) {
  if (!environment.exists("t"))
    return std::nullopt;
  return std::chrono::seconds{
      std::clamp<std::int64_t>(environment.get_int64("t"), -1, limits::longest_stop.count())};
}

/// How long a stop is waited for; zero: without limit.
caf::timespan stop_limit(const container::container_view& view,
                         const std::optional<std::chrono::seconds>& asked) {
  constexpr std::int64_t usual = 10;
  const auto seconds = asked ? asked->count() : view.config->stop_timeout.value_or(usual);
  if (seconds < 0 || seconds >= limits::longest_stop.count())
    return caf::timespan{0};
  return caf::timespan{std::chrono::seconds{seconds}} + limits::container_stop;
}

caf::timespan start_limit(const container_services& services) {
  auto setup = services.setup.get();
  const auto& start = setup ? setup->start : containers::start_settings{};
  return limits::container_start + caf::timespan{start.runtime_deadline};
}

result<life_call> read_start(const container_services& services, const job::request& asked) {
  return call_of(services, asked, verb::start, start_limit(services));
}

/// Stop and restart.
result<life_call> read_end(const container_services& services, const job::request& asked, verb what,
                           const char* words) {
  auto call = call_of(services, asked, what, {});
  if (!call)
    return call;
  const auto prefix = words + call->name + ": ";
  call->failure = [prefix](api_error why) { return failed(prefix, std::move(why)); };
  auto signal = signal_asked(asked.environment);
  if (!signal)
    return call->failure(signal.error());
  auto& request = *call->request;
  request.signal = *signal;
  request.timeout = time_asked(asked.environment);
  request.limit = stop_limit(call->container->view, request.timeout);
  if (what == verb::restart && request.limit.count() > 0)
    request.limit += start_limit(services);
  return call;
}

result<life_call> read_kill(const container_services& services, const job::request& asked) {
  auto name = only_argument(asked);
  if (!name)
    return name.error();
  const auto prefix = "cannot kill container: " + *name + ": ";
  auto signal = signal_asked(asked.environment);
  if (!signal) {
    const auto& text = asked.environment.get("signal");
    const bool is_number = text.find_first_not_of("-0123456789") == std::string::npos;
    return prefixed(prefix, is_number && text != "0"
                                ? api_error{signal.error().kind,
                                            "the linux daemon does not support signal " + text}
                                : signal.error());
  }
  auto call = call_of(services, asked, verb::kill, limits::container_answer);
  if (!call)
    return prefixed(prefix, call.error());
  call->request->signal = *signal;
  call->failure = [prefix](api_error why) { return prefixed(prefix, std::move(why)); };
  return call;
}

/// Pause and unpause: what the runtime says gets words around it.
result<life_call> read_pause(const container_services& services, const job::request& asked,
                             verb what, const char* words) {
  auto call = call_of(services, asked, what, limits::container_answer);
  if (!call)
    return call;
  const auto& id = call->container->view.id;
  call->failure = [prefix = words + id + ": ", own = "Container " + id](api_error why) {
    if (why.kind == errc::system && !why.message.starts_with(own))
      return prefixed(prefix, std::move(why));
    return why;
  };
  return call;
}

api_error removal_failure(const std::string& path, const std::string& name, api_error why) {
  if (why.kind == errc::conflict && why.message.ends_with("is already in progress")) {
    why.message = "removal of container " + name + " is already in progress";
    return why;
  }
  if (why.kind == errc::not_found)
    return why;
  return prefixed("cannot remove container \"" + path + "\": ", std::move(why));
}

result<life_call> read_remove(const container_services& services, const job::request& asked) {
  const auto& environment = asked.environment;
  const auto force = environment.get_bool("force");
  auto call = call_of(services, asked, verb::remove,
                      force ? limits::container_forced_removal : limits::container_answer);
  if (!call)
    return call;
  if (environment.get_bool("link"))
    return api_error{errc::system,
                     "Conflict, cannot remove the default link name of the container"};
  call->request->force = force;
  call->request->volumes = environment.get_bool("v");
  call->failure = [path = call->container->view.name, name = call->name](api_error why) {
    return removal_failure(path, name, std::move(why));
  };
  return call;
}

result<life_call> read_wait(const container_services& services, const job::request& asked) {
  const auto& environment = asked.environment;
  auto condition = container::parse_wait_condition(environment.get("condition"));
  if (!condition)
    return condition.error();
  auto call = call_of(services, asked, verb::wait, {});
  if (!call) {
    if (call.error().kind == errc::not_found && environment.get("shape") == "1.2")
      return api_error{errc::system, "wait: no such container: " + asked.args.front()}; // K-5
    return call;
  }
  call->request->condition = *condition;
  call->early = environment.get_bool("early");
  return call;
}

} // namespace

result<void> add_container_life_jobs(engine::job_table& table, const container_services& services) {
  using reader = std::function<result<life_call>(const container_services&, const job::request&)>;
  const auto ending = [](verb what, const char* words) -> reader {
    return [=](const container_services& s, const job::request& asked) {
      return read_end(s, asked, what, words);
    };
  };
  const auto pausing = [](verb what, const char* words) -> reader {
    return [=](const container_services& s, const job::request& asked) {
      return read_pause(s, asked, what, words);
    };
  };
  const std::pair<const char*, reader> jobs[] = {
      {"container_start", read_start},
      {"container_stop", ending(verb::stop, "cannot stop container: ")},
      {"container_restart", ending(verb::restart, "Cannot restart container ")},
      {"container_kill", read_kill},
      {"container_pause", pausing(verb::pause, "cannot pause container ")},
      {"container_unpause", pausing(verb::unpause, "Cannot unpause container ")},
      {"container_remove", read_remove},
      {"container_wait", read_wait},
  };
  for (const auto& [name, read] : jobs) {
    auto handler = life_job(services.all, [services, read = read](const job::request& asked) {
      return read(services, asked);
    });
    if (auto added = table.add(name, std::move(handler)); !added)
      return added;
  }
  return {};
}

} // namespace gantry::jobs
