#include "protocol/api/payloads.hpp"

#include "protocol/api/image_payloads.hpp"
#include "protocol/api/json.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace gantry::api {

namespace {

namespace json = boost::json;

// Takes a member out; the order of the others stays, as far as erasing allows.
void remove(json::object& o, std::string_view name) {
  if (auto found = o.find(name); found != o.end())
    o.stable_erase(found);
}

void add_missing(json::object& o, std::string_view name, const json::value& v) {
  if (!o.contains(name))
    o.emplace(name, v);
}

void replace_empty(json::object& o, std::string_view name, std::string_view text) {
  auto* member = o.if_contains(name);
  if (member && member->is_string() && member->get_string().empty())
    *member = text;
}

// `name=seccomp,profile=builtin` becomes `seccomp`.
void keep_names_only(json::object& info) {
  auto* options = info.if_contains("SecurityOptions");
  if (!options || !options->is_array())
    return;
  for (auto& option : options->get_array()) {
    if (!option.is_string())
      continue;
    std::string text{option.get_string()};
    std::string_view name = std::string_view{text}.substr(0, text.find(','));
    if (name.starts_with("name="))
      name.remove_prefix(5);
    option = name;
  }
}

// API 1.49 dropped the commit that was expected: it is the one found.
void add_expected_commits(json::object& info) {
  for (auto name : {"ContainerdCommit", "RuncCommit", "InitCommit"}) {
    auto* commit = info.if_contains(name);
    if (!commit || !commit->is_object())
      continue;
    const auto* id = commit->get_object().if_contains("ID");
    add_missing(commit->get_object(), "Expected", id ? json::value(*id) : json::value(""));
  }
}

void hide_runtime_status(json::object& info) {
  auto* runtimes = info.if_contains("Runtimes");
  if (!runtimes || !runtimes->is_object())
    return;
  for (auto& runtime : runtimes->get_object())
    if (auto* object = runtime.value().if_object())
      remove(*object, "status");
}

// Value of a member as 1.2.0 shows it: yes and no as numbers.
json::value legacy_member(const json::object& o, std::string_view name, json::value missing) {
  const auto* member = o.if_contains(name);
  if (!member || member->is_null())
    return missing;
  if (member->is_bool())
    return member->get_bool() ? 1 : 0;
  return *member;
}

std::int64_t size_of(const json::value& record) {
  const auto* object = record.if_object();
  const auto* size = object ? object->if_contains("Size") : nullptr;
  return size && size->is_int64() ? size->get_int64() : 0;
}

} // namespace

json::value version_reply(json::value full, era e) {
  if (e == era::today || !full.is_object())
    return full;
  const auto& all = full.get_object();
  json::object shown{{"ApiVersion", to_string(newest_legacy_version)}};
  for (auto name : {"Arch", "GitCommit", "GoVersion", "KernelVersion", "Os", "Version"}) {
    const auto* member = all.if_contains(name);
    if (member && member->is_string())
      shown.emplace(name, *member);
    else if (std::string_view{name} != "KernelVersion") // left out if it is not known
      shown.emplace(name, "");
  }
  return shown;
}

json::value info_reply(json::value full, api_version v) {
  auto* info = full.if_object();
  if (!info)
    return full;
  auto below = [v](std::uint32_t minor) { return v < api_version{1, minor}; };
  if (below(50)) {
    remove(*info, "DiscoveredDevices");
    add_missing(*info, "BridgeNfIptables", false);
    add_missing(*info, "BridgeNfIp6tables", false);
  }
  if (below(49)) {
    remove(*info, "FirewallBackend");
    add_expected_commits(*info);
    auto* registries = info->if_contains("RegistryConfig");
    if (registries && registries->is_object()) {
      add_missing(registries->get_object(), "AllowNondistributableArtifactsCIDRs", nullptr);
      add_missing(registries->get_object(), "AllowNondistributableArtifactsHostnames", nullptr);
    }
  }
  if (below(46))
    remove(*info, "Containerd");
  if (below(44))
    hide_runtime_status(*info);
  if (below(42))
    add_missing(*info, "KernelMemory", false);
  else
    remove(*info, "KernelMemory");
  if (below(39)) {
    replace_empty(*info, "KernelVersion", "<unknown>");
    replace_empty(*info, "OperatingSystem", "<unknown>");
  }
  if (below(25)) {
    keep_names_only(*info);
    add_missing(*info, "ExecutionDriver", "<not supported>");
  }
  return full;
}

json::value legacy_info_reply(const json::value& full) {
  static const json::object none;
  const auto& all = full.is_object() ? full.get_object() : none;
  json::object info;
  for (auto name : {"Containers", "Images", "NFd", "NGoroutines", "NEventsListener", "MemoryLimit",
                    "SwapLimit", "IPv4Forwarding", "Debug"})
    info.emplace(name, legacy_member(all, name, 0));
  for (auto name : {"Driver", "KernelVersion", "OperatingSystem", "IndexServerAddress"})
    info.emplace(name, legacy_member(all, name, ""));
  info.emplace("DriverStatus", legacy_member(all, "DriverStatus", nullptr));
  info.emplace("ExecutionDriver", legacy_member(all, "DefaultRuntime", ""));
  info.emplace("InitPath", legacy_member(all, "InitBinary", ""));
  info.emplace("InitSha1", ""); // of a static build's own init, which there is none of
  return info;
}

json::value disk_usage_reply(json::value full, api_version v) {
  auto* usage = full.if_object();
  if (!usage)
    full.emplace_object();
  usage = full.if_object();
  add_missing(*usage, "LayersSize", 0);
  for (auto name : {"Images", "Containers", "Volumes", "BuildCache"})
    add_missing(*usage, name, nullptr);
  auto& images = usage->at("Images");
  images = image_list_reply(std::move(images), v);
  if (v < api_version{1, 42}) {
    std::int64_t size = 0;
    if (const auto* cache = usage->at("BuildCache").if_array())
      for (const auto& record : *cache)
        size += size_of(record);
    add_missing(*usage, "BuilderSize", size);
  }
  return full;
}

json::value volumes_reply(json::value list) {
  if (!list.is_array())
    list.emplace_array();
  json::object reply;
  reply.emplace("Volumes", std::move(list));
  reply.emplace("Warnings", nullptr);
  return reply;
}

std::string legacy_list(const json::value& rows) {
  std::string text = "[";
  if (const auto* list = rows.if_array()) {
    std::string_view separator;
    for (const auto& row : *list) {
      text += separator;
      separator = ",";
      append_json(text, row, json_form::legacy);
      text += '\n';
    }
  }
  text += ']';
  return text;
}

} // namespace gantry::api
