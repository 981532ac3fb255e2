#include "protocol/container/merge.hpp"

#include "protocol/container/values.hpp"

#include <algorithm>
#include <string_view>

namespace gantry::container {

namespace {

using detail::is_empty;
using detail::variable_name;

void merge_environment(string_list& env, const string_list& image) {
  if (is_empty(env)) {
    env = image;
    return;
  }
  if (!image)
    return;
  for (const auto& variable : *image) {
    const auto name = variable_name(variable);
    if (std::none_of(env->begin(), env->end(),
                     [name](const std::string& own) { return variable_name(own) == name; }))
      env->push_back(variable);
  }
}

// Sets of names and labels: what is there stays.
template <class T>
void merge_members(std::optional<T>& own, const std::optional<T>& image) {
  if (is_empty(own))
    own = image;
  else if (image)
    own->insert(image->begin(), image->end());
}

template <class T>
void fill(T& own, const T& image) {
  if (own == T{})
    own = image;
}

void merge_health(std::optional<oci::healthcheck>& own,
                  const std::optional<oci::healthcheck>& image) {
  if (!image)
    return;
  if (!own) {
    own = image;
    return;
  }
  if (is_empty(own->test))
    own->test = image->test;
  fill(own->interval, image->interval);
  fill(own->timeout, image->timeout);
  fill(own->start_period, image->start_period);
  fill(own->start_interval, image->start_interval);
  fill(own->retries, image->retries);
}

} // namespace

void merge_image_config(container_config& config, const container_config& image) {
  fill(config.user, image.user);
  merge_members(config.exposed_ports, image.exposed_ports);
  merge_environment(config.env, image.env);
  if (!config.labels)
    config.labels.emplace();
  if (image.labels)
    config.labels->insert(image.labels->begin(), image.labels->end());
  if (is_empty(config.entrypoint)) {
    if (is_empty(config.cmd))
      config.cmd = image.cmd;
    if (!config.entrypoint)
      config.entrypoint = image.entrypoint;
  }
  merge_health(config.healthcheck, image.healthcheck);
  fill(config.working_dir, image.working_dir);
  merge_members(config.volumes, image.volumes);
  fill(config.stop_signal, image.stop_signal);
}

void merge_ulimits(nullable_list<ulimit>& own, const std::vector<ulimit>& of_daemon) {
  for (const auto& limit : of_daemon) {
    auto has_name = [&limit](const ulimit& u) { return u.name == limit.name; };
    if (own && std::any_of(own->begin(), own->end(), has_name))
      continue;
    if (!own)
      own.emplace();
    own->push_back(limit);
  }
}

result<command_line> resolve_command(container_config& config) {
  if (config.entrypoint == std::vector<std::string>{""})
    config.entrypoint.reset();
  command_line command;
  for (const auto* words : {&config.entrypoint, &config.cmd})
    if (*words)
      command.args.insert(command.args.end(), (*words)->begin(), (*words)->end());
  if (command.args.empty())
    return api_error{errc::invalid_parameter, "no command specified"};
  command.path = command.args.front();
  command.args.erase(command.args.begin());
  return command;
}

std::string shown_command(const command_line& command) {
  auto text = command.path;
  for (const auto& arg : command.args) {
    const char* quote = arg.find(' ') == arg.npos ? "" : "'";
    text.append(" ").append(quote).append(arg).append(quote);
  }
  return text;
}

} // namespace gantry::container
