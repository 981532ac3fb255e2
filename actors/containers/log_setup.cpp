#include "actors/containers/log_setup.hpp"

#include "protocol/container/log_options.hpp"
#include "protocol/stream/json_text.hpp"
#include "protocol/text.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace gantry::containers {
namespace {

using text_map = std::map<std::string, std::string>;

api_error invalid(const char* option, const std::string& what) {
  return {errc::invalid_parameter, std::string{"log option "} + option + ": " + what};
}

/// Those of `all` that `names`, divided by commas, has.
void take_named(text_map& into, const text_map& all, std::string_view names) {
  while (!names.empty()) {
    const auto name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    if (const auto found = all.find(std::string{name}); found != all.end())
      into.insert_or_assign(found->first, found->second);
  }
}

/// Those of `all` whose name matches somewhere.
result<void> take_matching(text_map& into, const text_map& all, const std::string& pattern,
                           const char* option) {
  if (pattern.empty())
    return {};
  const RE2 expression{pattern, RE2::Quiet};
  if (!expression.ok())
    return invalid(option, expression.error());
  for (const auto& [name, value] : all)
    if (RE2::PartialMatch(name, expression))
      into.insert_or_assign(name, value);
  return {};
}

text_map variables_of(const container::container_config& config) {
  text_map out;
  if (config.env)
    for (const auto& text : *config.env)
      if (const auto equals = text.find('='); equals != text.npos)
        out.insert_or_assign(text.substr(0, equals), text.substr(equals + 1));
  return out;
}

/// The first 12 digits of an id, without its algorithm.
std::string short_id(std::string_view id) {
  const auto colon = id.find(':');
  return std::string{id.substr(colon == id.npos ? 0 : colon + 1).substr(0, 12)};
}

std::optional<std::string> tag_field(std::string_view name, const logged_container& whose) {
  if (name == ".ID")
    return short_id(whose.id);
  if (name == ".FullID" || name == ".ContainerID")
    return whose.id;
  if (name == ".Name")
    return whose.name.substr(whose.name.starts_with('/') ? 1 : 0);
  if (name == ".FullName" || name == ".ContainerName")
    return whose.name;
  if (name == ".ImageID")
    return short_id(whose.image_id);
  if (name == ".ImageFullID" || name == ".ContainerImageID")
    return whose.image_id;
  if (name == ".ImageName" || name == ".ContainerImageName")
    return whose.config.image;
  if (name == ".DaemonName")
    return "docker";
  return std::nullopt;
}

result<std::string> tag_text(std::string_view form, const logged_container& whose) {
  std::string out;
  for (;;) {
    const auto begin = form.find("{{");
    out += form.substr(0, begin);
    if (begin == form.npos)
      return out;
    const auto end = form.find("}}", begin);
    if (end == form.npos)
      return invalid("tag", "unclosed action in " + gantry::quoted(form));
    const auto action = form.substr(begin, end + 2 - begin);
    const auto value = tag_field(trim_space(action.substr(2, action.size() - 4)), whose);
    if (!value)
      return invalid("tag", std::string{action} + " is not known");
    out += *value;
    form.remove_prefix(end + 2);
  }
}

} // namespace

result<monitor::log_files> log_files_of(const container::log_config& log,
                                        const container_paths& paths) {
  const auto options = container::parse_log_options(log);
  if (!options)
    return options.error();
  monitor::log_files out;
  out.driver = log.type == "none"    ? monitor::log_driver::none
               : log.type == "local" ? monitor::log_driver::local
                                     : monitor::log_driver::json_file;
  out.path = paths.log_file(out.driver).native();
  out.max_size = static_cast<std::uint64_t>(std::max<std::int64_t>(options->max_size, 0));
  out.max_files = static_cast<std::uint32_t>(
      std::min<std::int64_t>(options->max_files, std::numeric_limits<std::uint32_t>::max()));
  return out;
}

result<std::string> log_attributes(const container::log_config& log,
                                   const logged_container& whose) {
  const auto options = container::parse_log_options(log);
  if (!options)
    return options.error();
  const auto labels = whose.config.labels.value_or(text_map{});
  const auto variables = variables_of(whose.config);
  text_map attributes;
  take_named(attributes, labels, options->labels);
  if (auto taken = take_matching(attributes, labels, options->labels_regex, "labels-regex"); !taken)
    return taken.error();
  take_named(attributes, variables, options->env);
  if (auto taken = take_matching(attributes, variables, options->env_regex, "env-regex"); !taken)
    return taken.error();
  auto tag = tag_text(options->tag, whose);
  if (!tag)
    return tag.error();
  if (!tag->empty())
    attributes.insert_or_assign("tag", std::move(*tag));
  std::string out;
  for (const auto& [name, value] : attributes) {
    out += out.empty() ? '{' : ',';
    stream::append_json_string(out, name);
    out += ':';
    stream::append_json_string(out, value);
  }
  return out.empty() ? out : out + '}';
}

} // namespace gantry::containers
