#include "protocol/container/process_spec.hpp"

#include "protocol/container/modes.hpp"
#include "protocol/container/oci_spec.hpp"
#include "protocol/container/security_options.hpp"
#include "protocol/container/values.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace gantry::container {
namespace {

using detail::invalid;
using detail::items;
using detail::variable_name;

constexpr std::string_view default_path =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_limit_name(std::string_view name) {
  static constexpr std::string_view names[] = {
      "as",   "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue",
      "nice", "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

std::uint64_t limit_value(std::int64_t value) {
  return value < 0 ? resource_limit::unlimited : static_cast<std::uint64_t>(value);
}

std::string limit_text(std::uint64_t value) {
  return value == resource_limit::unlimited ? "unlimited" : std::to_string(value);
}

std::uint64_t highest(const daemon_facts& daemon, const std::string& name) {
  const auto at = daemon.highest_limits.find(name);
  return at == daemon.highest_limits.end() ? resource_limit::unlimited : at->second;
}

// What a process has of capabilities and who it is, the same for the first and further ones.
result<process_spec> common_process(const container_config& config, const host_config& host,
                                    const daemon_facts& daemon, const spec_facts& facts, bool tty,
                                    bool all_capabilities) {
  const auto options = parse_security_options(host.security_opt);
  if (!options)
    return options.error();
  const auto capabilities = container_capabilities(
      {.add = items(host.cap_add), .drop = items(host.cap_drop), .privileged = all_capabilities},
      daemon.capabilities);
  if (!capabilities)
    return capabilities.error();
  auto limits = container_limits(host, daemon);
  if (!limits)
    return limits.error();

  process_spec out;
  out.terminal = tty;
  out.env = container_environment(facts.hostname, tty, facts.link_environment, items(config.env));
  if (!config.working_dir.empty())
    out.cwd = config.working_dir;
  out.capabilities = *capabilities;
  out.limits = std::move(*limits);
  out.no_new_privileges = options->no_new_privileges.value_or(daemon.no_new_privileges);
  if (daemon.apparmor)
    out.apparmor_profile =
        options->apparmor.value_or(host.privileged ? "unconfined" : daemon.apparmor_profile);
  out.oom_score_adj = host.oom_score_adj;
  return out;
}

// NOTE: runc sees to HOME itself, crun only for users who are in /etc/passwd.
void set_user(process_spec& process, const process_user& user) {
  process.user = user;
  const auto is_home = [](const std::string& variable) {
    return variable_name(variable) == "HOME";
  };
  std::erase(process.env, "HOME=");
  if (std::none_of(process.env.begin(), process.env.end(), is_home))
    process.env.push_back("HOME=" + user.home);
}

} // namespace

bool has_own_pid_namespace(const host_config& host) noexcept {
  return host.pid_mode != "host" && !container_of_mode(host.pid_mode);
}

std::vector<std::string> changed_environment(std::vector<std::string> base,
                                             const std::vector<std::string>& changes) {
  const auto given = base.size(); // what is added has no further say: Docker keeps `A=1 A=2`
  std::vector<bool> gone(given);
  for (const auto& change : changes) {
    const auto key = variable_name(change);
    const bool removes = key.size() == change.size();
    // From the back: the last of a key is the one that counts.
    auto at = given;
    while (at > 0 && variable_name(base[at - 1]) != key)
      --at;
    if (at > 0) {
      gone[at - 1] = removes;
      if (!removes)
        base[at - 1] = change;
    } else if (!removes) {
      base.push_back(change);
    }
  }
  std::vector<std::string> out;
  out.reserve(base.size());
  for (std::size_t i = 0; i < base.size(); ++i) {
    if (i >= given || !gone[i])
      out.push_back(std::move(base[i]));
  }
  return out;
}

std::vector<std::string> container_environment(std::string_view hostname, bool tty,
                                               const std::vector<std::string>& links,
                                               const std::vector<std::string>& config) {
  std::vector<std::string> base{std::string{default_path}, "HOSTNAME=" + std::string{hostname}};
  if (tty)
    base.emplace_back("TERM=xterm");
  base.insert(base.end(), links.begin(), links.end());
  return changed_environment(std::move(base), config);
}

result<std::vector<resource_limit>> container_limits(const host_config& host,
                                                     const daemon_facts& daemon) {
  std::vector<resource_limit> out;
  const auto named = [&](const std::string& name) {
    return std::any_of(out.begin(), out.end(),
                       [&](const resource_limit& limit) { return limit.name == name; });
  };
  for (const auto& asked : items(host.resources.ulimits)) {
    const resource_limit limit{oci::detail::lower_case(asked.name), limit_value(asked.soft),
                               limit_value(asked.hard)};
    if (!is_limit_name(limit.name))
      return invalid("invalid ulimit type: " + asked.name);
    if (limit.soft > limit.hard)
      return invalid("ulimit soft limit must be less than or equal to hard limit: " +
                     std::to_string(asked.soft) + " > " + std::to_string(asked.hard));
    if (const auto most = highest(daemon, limit.name); limit.hard > most)
      return invalid("ulimit " + limit.name + ": " + limit_text(limit.hard) +
                     " is more than this daemon can set (" + limit_text(most) + ")");
    out.push_back(limit);
  }
  for (auto limit : daemon.default_limits) {
    if (named(limit.name))
      continue;
    const auto most = highest(daemon, limit.name);
    limit.hard = std::min(limit.hard, most);
    limit.soft = std::min(limit.soft, limit.hard);
    out.push_back(std::move(limit));
  }
  return out;
}

std::string to_json(const process_spec& process) {
  oci_spec::process out{
      .terminal = process.terminal,
      .user = {process.user.uid, process.user.gid, process.user.additional_gids},
      .args = process.args,
      .env = process.env,
      .cwd = process.cwd,
      .no_new_privileges = process.no_new_privileges,
      .apparmor_profile = process.apparmor_profile,
      .oom_score_adj = process.oom_score_adj,
  };
  if (const auto [rows, columns] = process.console_size; process.terminal && rows && columns)
    out.console_size = {rows, columns};
  out.capabilities.bounding = process.capabilities.names();
  // Others than root would lose them at execve anyway; and a runtime that gave them would do so
  // between the change of user and the start of the program.
  if (process.user.uid == 0) {
    out.capabilities.effective = out.capabilities.bounding;
    out.capabilities.permitted = out.capabilities.bounding;
  }
  for (const auto& limit : process.limits) {
    std::string type = "RLIMIT_";
    for (const char c : limit.name)
      type += static_cast<char>(c - 'a' + 'A');
    out.rlimits.push_back({std::move(type), limit.hard, limit.soft});
  }
  std::string text;
  detail::write(text, out);
  return text;
}

result<process_spec> container_process(const container_config& config, const host_config& host,
                                       const daemon_facts& daemon, const spec_facts& facts) {
  auto out = common_process(config, host, daemon, facts, config.tty, host.privileged);
  if (!out)
    return out;
  out->console_size = host.console_size;
  set_user(*out, facts.user);
  if (!facts.init_program.empty() && has_own_pid_namespace(host))
    out->args = {std::string{init_destination}, "--"};
  out->args.push_back(facts.path);
  out->args.insert(out->args.end(), facts.args.begin(), facts.args.end());
  return out;
}

result<std::string> build_exec_process(const exec_request& request, const container_config& config,
                                       const host_config& host, const daemon_facts& daemon,
                                       const spec_facts& facts) {
  auto out = common_process(config, host, daemon, facts, request.tty,
                            host.privileged || request.privileged);
  if (!out)
    return out.error();
  out->console_size = request.console_size;
  out->env = changed_environment(std::move(out->env), request.env);
  set_user(*out, request.user);
  out->args = request.command;
  if (!request.working_dir.empty())
    out->cwd = request.working_dir;
  return to_json(*out);
}

} // namespace gantry::container
