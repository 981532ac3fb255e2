#include "protocol/volume/volume.hpp"

#include "protocol/container/json_fields.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gantry::container::detail {

template <>
struct description<volume::volume_record> {
  using v = volume::volume_record;
  static constexpr std::string_view type_name = "Volume";
  static constexpr std::tuple fields{
      field{"Labels", &v::labels},
      field{"Options", &v::options},
  };
};

} // namespace gantry::container::detail

namespace gantry::volume {

namespace {

constexpr std::string_view name_characters = "[a-zA-Z0-9][a-zA-Z0-9_.-]";
constexpr std::array<std::string_view, 4> known_options{"device", "o", "size", "type"};

// What has to be there, too.
struct requirement {
  std::string_view option;
  std::string_view needs;
};
constexpr std::array<requirement, 4> requirements{
    {{"device", "type"}, {"type", "device"}, {"o", "device"}, {"o", "type"}}};

bool is_name_character(char c) noexcept { return is_alnum(c) || c == '_' || c == '.' || c == '-'; }

// A number of bytes as people write it: `10`, `1.5g`, `64 MiB`.
std::optional<double> parse_bytes(std::string_view text) {
  const auto is_number = [](char c) { return is_digit(c) || c == '.'; };
  const auto end = std::find_if_not(text.begin(), text.end(), is_number);
  std::string digits{text.begin(), end};
  auto unit = lower(std::string_view{text}.substr(digits.size()));
  if (unit.starts_with(' '))
    unit.erase(0, 1);
  if (unit.ends_with("ib"))
    unit.resize(unit.size() - 2);
  else if (unit.ends_with('b'))
    unit.pop_back();
  constexpr std::string_view units = "kmgtp";
  const bool known = unit.empty() || (unit.size() == 1 && units.find(unit[0]) != units.npos);
  if (digits.empty() || !is_digit(digits.front()) ||
      std::count(digits.begin(), digits.end(), '.') > 1 || !known)
    return std::nullopt;
  double bytes = std::stod(digits);
  if (!unit.empty())
    for (std::size_t i = 0; i <= units.find(unit[0]); ++i)
      bytes *= 1024;
  return bytes;
}

boost::json::value shown_map(const container::nullable_map& map) {
  if (!map)
    return nullptr;
  boost::json::object shown;
  for (const auto& [key, value] : *map)
    shown.emplace(key, value);
  return shown;
}

} // namespace

bool needs_mount(const volume_record& volume) noexcept {
  if (!volume.options)
    return false;
  const auto says = [&options = *volume.options](const char* option) {
    const auto found = options.find(option);
    return found != options.end() && !found->second.empty();
  };
  return says("device") || says("type");
}

result<void> check_name(std::string_view name) {
  if (name.size() == 1)
    return invalid("volume name is too short, names should be at least two alphanumeric "
                   "characters");
  if (name.empty() || !is_alnum(name.front()) ||
      !std::all_of(name.begin(), name.end(), is_name_character))
    return invalid(quoted(name) + " includes invalid characters for a local volume name, only \"" +
                   std::string{name_characters} +
                   "\" are allowed. If you intended to pass a host directory, use absolute path");
  return {};
}

result<void> check_driver(std::string_view driver) {
  if (driver.empty() || driver == local_driver)
    return {};
  return api_error{errc::not_found, "error looking up volume plugin " + std::string{driver} +
                                        ": plugin " + quoted(driver) + " not found"};
}

result<void> check_options(const container::nullable_map& options) {
  if (!options)
    return {};
  for (const auto& [key, value] : *options)
    if (std::find(known_options.begin(), known_options.end(), key) == known_options.end())
      return invalid("invalid option: " + quoted(key));
  const auto has = [&](std::string_view key) { return options->contains(std::string{key}); };
  for (const auto& [option, needs] : requirements)
    if (has(option) && !has(needs))
      return invalid("missing required option: " + quoted(needs));
  if (const auto size = options->find("size"); size != options->end()) {
    const auto bytes = parse_bytes(size->second);
    if (!bytes)
      return invalid("invalid size: '" + size->second + "'");
    if (*bytes > 0)
      return invalid("quota size requested but no quota support");
  }
  return {};
}

api_error failure_of(std::string_view operation, std::string_view name, const api_error& why) {
  std::string text{operation};
  if (!name.empty())
    text.append(" ").append(name);
  return {why.kind, text + ": " + why.message};
}

api_error no_such_volume(std::string_view name) {
  return failure_of("get", name, {errc::not_found, "no such volume"});
}

std::string write_definition(const volume_record& volume) {
  std::string out;
  container::detail::write<container::detail::reader::registry>(out, volume);
  return out;
}

result<void> read_definition(std::string_view json, volume_record& volume) {
  const auto value = oci::detail::parse_json(json);
  if (!value)
    return value.error();
  container::detail::decoder d{"Volume"};
  container::detail::read(d, *value, volume);
  if (d.failed())
    return d.error();
  return {};
}

boost::json::object shown_volume(const volume_record& volume, std::string_view directory,
                                 const std::optional<volume_usage>& usage) {
  auto created = volume.created;
  created.nanoseconds = 0; // whole seconds are shown
  boost::json::object shown;
  shown.emplace("CreatedAt", oci::to_string(created));
  shown.emplace("Driver", local_driver);
  shown.emplace("Labels", shown_map(volume.labels));
  shown.emplace("Mountpoint", directory);
  shown.emplace("Name", volume.name);
  shown.emplace("Options", shown_map(volume.options));
  shown.emplace("Scope", "local");
  if (usage)
    shown.emplace("UsageData",
                  boost::json::object{{"RefCount", usage->references}, {"Size", usage->size}});
  return shown;
}

} // namespace gantry::volume
