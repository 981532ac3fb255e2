#include "protocol/api/container_payloads.hpp"

#include "protocol/api/json.hpp"
#include "protocol/api/payloads.hpp"
#include "protocol/oci/reference.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <utility>

namespace gantry::api {

namespace {

namespace json = boost::json;

constexpr std::string_view digest_algorithm = "sha256:";

const json::value* find_member(const json::value& v, std::string_view name) {
  const auto* object = v.if_object();
  return object ? object->if_contains(name) : nullptr;
}

std::string_view text_member(const json::value& v, std::string_view name) {
  const auto* member = find_member(v, name);
  const auto* text = member ? member->if_string() : nullptr;
  return text ? std::string_view{*text} : std::string_view{};
}

// The named members of an object that are there.
template <std::size_t N>
json::object members_of(const json::value& v, const std::string_view (&names)[N]) {
  json::object chosen;
  for (auto name : names)
    if (const auto* member = find_member(v, name))
      chosen.emplace(name, *member);
  return chosen;
}

// `repo:tag`, or 12 digits of an id.
std::string shown_image(std::string_view image) {
  constexpr std::size_t short_id = 12;
  auto named = oci::parse_any_reference(image);
  if (!named)
    return std::string{image};
  if (const auto* id = std::get_if<oci::digest>(&*named))
    return std::string{id->hex().substr(0, short_id)};
  return oci::familiar(*named);
}

json::object row_of(const json::value& container) {
  auto row = members_of(container, {"Command", "Created", "Id", "Image", "Names", "Ports",
                                    "SizeRootFs", "SizeRw", "Status"});
  row["Image"] = shown_image(text_member(container, "Image"));
  if (text_member(container, "State") == "created")
    row["Status"] = ""; // clause Y3
  return row;
}

// Config with what has moved to HostConfig since.
json::value old_config(const json::value& container) {
  static const json::value none;
  const auto* config = find_member(container, "Config");
  if (!config || !config->is_object())
    return none;
  auto shown = config->get_object();
  const auto* host = find_member(container, "HostConfig");
  for (auto [name, now] : {std::pair{"CpuShares", "CpuShares"}, std::pair{"Cpuset", "CpusetCpus"},
                           std::pair{"Memory", "Memory"}, std::pair{"MemorySwap", "MemorySwap"}})
    if (const auto* value = host ? find_member(*host, now) : nullptr)
      shown.emplace(name, *value);
  shown.emplace("NetworkDisabled", false);
  shown.emplace("PortSpecs", nullptr);
  return shown;
}

json::value old_network(const json::value& container) {
  const auto* network = find_member(container, "NetworkSettings");
  if (!network)
    return nullptr;
  auto shown = members_of(*network, {"Bridge", "Gateway", "IPAddress", "IPPrefixLen", "Ports"});
  shown.emplace("PortMapping", nullptr);
  return shown;
}

json::object old_state(const json::value& container) {
  const auto* state = find_member(container, "State");
  return state ? members_of(*state, {"Running", "Paused", "Restarting", "Pid", "ExitCode",
                                     "StartedAt", "FinishedAt"})
               : json::object{};
}

// Where volumes are in the container, and where on the host; and which can be written.
std::pair<json::object, json::object> old_volumes(const json::value& container) {
  json::object places;
  json::object writable;
  const auto* mounts = find_member(container, "Mounts");
  if (const auto* list = mounts ? mounts->if_array() : nullptr)
    for (const auto& mount : *list) {
      const auto where = text_member(mount, "Destination");
      places.emplace(where, text_member(mount, "Source"));
      const auto* rw = find_member(mount, "RW");
      writable.emplace(where, rw && rw->is_bool() && rw->get_bool());
    }
  return {std::move(places), std::move(writable)};
}

} // namespace

std::string legacy_container_list(std::string_view rows) {
  json::array shown;
  if (auto all = parse_json(rows); all && all->is_array())
    for (const auto& container : all->get_array())
      shown.emplace_back(row_of(container));
  return legacy_list(shown);
}

std::string legacy_container(std::string_view text, api_version v) {
  const auto raw = v < api_version{1, 12};
  const auto container = parse_json(text).value();
  json::object shown;
  if (const auto* id = find_member(container, "Id"))
    shown.emplace(raw ? "ID" : "Id", *id);
  for (auto& [name, value] : members_of(container, {"Created", "Path", "Args"}))
    shown.emplace(name, value);
  shown.emplace("Config", old_config(container));
  shown.emplace("State", old_state(container));
  auto image = text_member(container, "Image");
  if (image.starts_with(digest_algorithm)) // before ids were digests
    image.remove_prefix(digest_algorithm.size());
  shown.emplace("Image", image);
  shown.emplace("NetworkSettings", old_network(container));
  for (auto& [name, value] :
       members_of(container, {"ResolvConfPath", "HostnamePath", "HostsPath", "Name", "Driver"}))
    shown.emplace(name, value);
  shown.emplace("ExecDriver", "native-0.2");
  for (auto& [name, value] : members_of(container, {"MountLabel", "ProcessLabel"}))
    shown.emplace(name, value);
  auto [places, writable] = old_volumes(container);
  shown.emplace("Volumes", std::move(places));
  shown.emplace("VolumesRW", std::move(writable));
  for (auto& [name, value] : members_of(container, {"HostConfig"}))
    shown.emplace(name, value);
  if (raw)
    for (auto& [name, value] : members_of(container, {"RestartCount"}))
      shown.emplace(name, value);
  std::string out;
  append_json(out, shown, raw ? json_form::today : json_form::legacy);
  if (!raw)
    out += '\n';
  return out;
}

} // namespace gantry::api
