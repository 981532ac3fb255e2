#include "app/ctl/run.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/host/unique_fd.hpp"
#include "app/ctl/completion.hpp"
#include "app/ctl/events.hpp"
#include "app/ctl/readings.hpp"
#include "app/ctl/terminal.hpp"
#include "app/ctl/text.hpp"
#include "app/ctl/top.hpp"
#include "app/ctl/trace.hpp"
#include "app/ctl/web.hpp"
#include "protocol/inspect/json.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace gantry::ctl {

namespace {

int print_text(std::string_view text) {
  if (auto printed = print(text); !printed)
    return tell_failure(printed.error());
  return exit_done;
}

int read_and_print(const invocation& how, const environment& env) {
  auto from = open_source(how, env);
  if (!from)
    return tell_failure(from.error());
  const auto text =
      find_reading(how.command->name)(how, **from, paper_of_stdout(how.has("no-trunc")));
  if (text)
    return print_text(*text);
  const auto failed = tell_failure(text.error());
  const bool about_an_actor = how.command->operand.value == value_kind::actor;
  return about_an_actor && text.error().kind == errc::not_found ? exit_no_actor : failed;
}

/// Not for others, for it tells who is connected; an old one is replaced once the new one is whole.
result<void> write_file(const std::string& path, std::string_view text) {
  const auto part = path + ".part";
  host::unique_fd fd{::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                            S_IRUSR | S_IWUSR)};
  if (!fd)
    return host::errno_error("open", part, errno);
  while (!text.empty()) {
    const auto written = ::write(fd.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0) {
      auto error = host::errno_error("write", part, errno);
      ::unlink(part.c_str());
      return error;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::rename(part.c_str(), path.c_str()) != 0) {
    auto error = host::errno_error("rename", part, errno);
    ::unlink(part.c_str());
    return error;
  }
  return {};
}

int dump(const invocation& how, const environment& env) {
  auto from = open_source(how, env);
  if (!from)
    return tell_failure(from.error());
  auto body = (*from)->get("/v1/dump");
  if (!body)
    return tell_failure(body.error());
  if (!body->ends_with('\n'))
    *body += '\n';
  const auto path = how.get("output");
  if (path.empty() || path == "-")
    return print_text(*body);
  const auto written = write_file(path, *body);
  return written ? exit_done : tell_failure(written.error());
}

int change_log_level(const invocation& how, const environment& env) {
  auto client = client_settings(how, env);
  if (!client)
    return tell_failure(client.error());
  const auto time = how.duration("for", std::chrono::nanoseconds{0});
  const boost::json::object wish{{"level", how.operand}, {"for_ns", std::int64_t{time.count()}}};
  const auto answer =
      api_client{std::move(*client)}.call("PUT", "/v1/loglevel", boost::json::serialize(wish));
  if (!answer)
    return tell_failure(answer.error());
  if (answer->status / 100 != 2)
    return tell_failure(error_of(*answer));
  if (how.has("json"))
    return print_text(answer->body.empty() ? "{}\n" : answer->body);
  auto text = "log level is " + how.operand;
  if (time.count() > 0)
    text += " for " + short_duration(time);
  const auto told = inspect::parse_json(answer->body);
  const auto* before =
      told && told->is_object() ? told->get_object().if_contains("before") : nullptr;
  if (before && before->is_string())
    text += ", it was " + printable(std::string_view{before->get_string()}, true);
  return print_text(text + '\n');
}

int show_help(const invocation& how, const environment&) {
  return print_text(how.operand.empty() ? help_text() : help_text(*find_command(how.operand)));
}

int show_completion(const invocation& how, const environment&) {
  return print_text(completion_for(how.operand));
}

/// The daemon's is only told if there is one: whether there is, is no failure here.
int show_versions(const invocation& how, const environment& env) {
  auto from = open_source(how, env);
  auto greeting = from ? (*from)->get("/v1/") : from.error();
  auto daemon = greeting ? inspect::parse_json(*greeting) : greeting.error();
  boost::json::object all{{"client", GANTRY_VERSION}};
  if (daemon && daemon->is_object())
    all.emplace("daemon", *daemon);
  if (how.has("json"))
    return print_text(boost::json::serialize(all) + '\n');
  auto text = version_line() + '\n';
  if (!all.contains("daemon"))
    return print_text(text + "no daemon: " + daemon.error().message + '\n');
  auto member = [&all](const char* name) {
    const auto* value = all.at("daemon").get_object().if_contains(name);
    return value && value->is_string() ? std::string{value->get_string()} : "?";
  };
  return print_text(text + "gantryd " + member("version") + ", inspection " + member("api") +
                    ", at " + (*from)->name() + '\n');
}

using runner = int (*)(const invocation&, const environment&);

constexpr auto runners = std::to_array<std::pair<std::string_view, runner>>({
    {"top", run_top},
    {"events", follow_events},
    {"trace", trace},
    {"kill", change_actors},
    {"pause", change_actors},
    {"resume", change_actors},
    {"web", run_web},
    {"loglevel", change_log_level},
    {"dump", dump},
    {"completion", show_completion},
    {"help", show_help},
    {"version", show_versions},
});

} // namespace

int tell_failure(const api_error& error) {
  if (error.message.starts_with("write: ") && error.kind == errc::unavailable)
    return exit_done; // nobody reads any more: enough was read
  std::fprintf(stderr, "gantryctl: %s\n", printable(error.message, true).c_str());
  return exit_failed;
}

int run(const invocation& how, const environment& env) {
  const auto* found = std::find_if(runners.begin(), runners.end(),
                                   [&how](const auto& r) { return r.first == how.command->name; });
  return found == runners.end() ? read_and_print(how, env) : found->second(how, env);
}

int run(std::span<const std::string> words, const environment& env) {
  const auto read = read_command_line(words);
  if (const auto* text = std::get_if<printed>(&read)) {
    std::fputs(text->err.c_str(), stderr);
    const auto status = print_text(text->out);
    return text->status != exit_done ? text->status : status;
  }
  return run(std::get<invocation>(read), env);
}

} // namespace gantry::ctl
