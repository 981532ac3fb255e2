#include "protocol/container/mount_point.hpp"

#include "protocol/container/values.hpp"
#include "protocol/oci/shell_words.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace gantry::container {

namespace {

using detail::invalid;
using detail::items;
using detail::split;

api_error invalid_mode(std::string_view mode) {
  return invalid("invalid mode: " + std::string{mode});
}

// What each word of a mode is about; a mode says at most one thing about each.
enum class topic : std::uint8_t { access, label, propagation, copy, consistency };

struct mode_word {
  std::string_view word;
  topic about;
};

constexpr std::array<mode_word, 14> mode_words{{
    {"rw", topic::access},
    {"ro", topic::access},
    {"z", topic::label},
    {"Z", topic::label},
    {"private", topic::propagation},
    {"rprivate", topic::propagation},
    {"slave", topic::propagation},
    {"rslave", topic::propagation},
    {"shared", topic::propagation},
    {"rshared", topic::propagation},
    {"nocopy", topic::copy},
    {"consistent", topic::consistency},
    {"cached", topic::consistency},
    {"delegated", topic::consistency},
}};

constexpr std::string_view default_propagation = "rprivate";

const mode_word* find_word(std::string_view word) noexcept {
  auto found = std::find_if(mode_words.begin(), mode_words.end(),
                            [word](const mode_word& m) { return m.word == word; });
  return found == mode_words.end() ? nullptr : &*found;
}

// A mode taken apart: for each topic the word that was said about it, or nothing.
class mount_mode {
public:
  static std::optional<mount_mode> parse(std::string_view text) {
    mount_mode mode;
    while (!text.empty()) {
      const auto comma = text.find(',');
      const auto* word = find_word(text.substr(0, comma));
      if (!word || !mode[word->about].empty() || comma + 1 == text.size())
        return std::nullopt;
      mode.words_[static_cast<std::size_t>(word->about)] = word->word;
      text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
    }
    return mode;
  }

  std::string_view operator[](topic about) const noexcept {
    return words_[static_cast<std::size_t>(about)];
  }

private:
  std::array<std::string_view, 5> words_{};
};

bool is_propagation(std::string_view text) noexcept {
  const auto* word = find_word(text);
  return word && word->about == topic::propagation;
}

std::string with_slashes(std::string_view path) {
  std::string out{path};
  std::replace(out.begin(), out.end(), '\\', '/');
  return out;
}

result<void> check_absolute(std::string_view path) {
  if (with_slashes(path).starts_with('/'))
    return {};
  return invalid("invalid mount path: '" + std::string{path} + "' mount path must be absolute");
}

// A way into a volume that does not lead out of it.
bool is_local_path(std::string_view path) {
  if (path.empty() || path.front() == '/')
    return false;
  return std::filesystem::path{path}.lexically_normal().begin()->string() != "..";
}

api_error missing(const char* field) {
  return invalid(std::string{"field "} + field + " must not be empty");
}

api_error surplus(const char* field) {
  return invalid(std::string{"field "} + field + " must not be specified");
}

result<void> check_exclusive(const mount_request& m) {
  if (m.type != "bind" && m.bind_options)
    return surplus("BindOptions");
  if (m.type != "volume" && m.volume_options)
    return surplus("VolumeOptions");
  if (m.type != "image" && m.image_options)
    return surplus("ImageOptions");
  if (m.type != "tmpfs" && m.tmpfs_options)
    return surplus("TmpfsOptions");
  if (m.type != "cluster" && m.cluster_options)
    return surplus("ClusterOptions");
  return {};
}

result<void> check_read_only(const mount_request& m) {
  if (!m.bind_options)
    return {};
  const bool alone = m.bind_options->read_only_non_recursive;
  const bool all = m.bind_options->read_only_force_recursive;
  if (alone && !m.read_only)
    return invalid("mount options conflict: !ReadOnly && BindOptions.ReadOnlyNonRecursive");
  if (all && !m.read_only)
    return invalid("mount options conflict: !ReadOnly && BindOptions.ReadOnlyForceRecursive");
  if (alone && all)
    return invalid("mount options conflict: ReadOnlyNonRecursive && "
                   "BindOptions.ReadOnlyForceRecursive");
  return {};
}

result<void> check_bind(const mount_request& m, const path_probe& probe) {
  if (m.source.empty())
    return missing("Source");
  const auto& options = m.bind_options;
  if (options && !options->propagation.empty() && !is_propagation(options->propagation))
    return invalid("invalid propagation mode: " + options->propagation);
  if (auto conflict = check_read_only(m); !conflict)
    return conflict;
  if (auto absolute = check_absolute(m.source); !absolute)
    return absolute;
  if (!probe)
    return {};
  auto exists = probe(m.source);
  if (!exists)
    return exists.error();
  if (!*exists && !(options && options->create_mountpoint))
    return invalid("bind source path does not exist: " + m.source);
  return {};
}

result<void> check_volume(const mount_request& m) {
  const bool anonymous = m.source.empty();
  if (anonymous && m.read_only)
    return invalid("must not set ReadOnly mode when using anonymous volumes");
  if (!m.volume_options || m.volume_options->subpath.empty())
    return {};
  if (anonymous)
    return invalid("must not set Subpath when using anonymous volumes");
  if (!is_local_path(m.volume_options->subpath))
    return invalid("subpath must be a relative path within the volume");
  return {};
}

result<void> check_image(const mount_request& m) {
  if (m.source.empty())
    return missing("Source");
  if (m.image_options && !m.image_options->subpath.empty() &&
      !is_local_path(m.image_options->subpath))
    return invalid("subpath must be a relative path within the volume");
  return {};
}

result<void> check_tmpfs(const mount_request& m) {
  if (!m.source.empty())
    return surplus("Source");
  if (auto options = tmpfs_mount_options(m); !options)
    return options.error();
  return {};
}

result<void> check_request(const mount_request& m, const path_probe& probe) {
  if (auto options = check_exclusive(m); !options)
    return options;
  if (m.target.empty())
    return missing("Target");
  if (auto target = check_tmpfs_target(m.target); !target)
    return target;
  if (m.type == "bind")
    return check_bind(m, probe);
  if (m.type == "volume")
    return check_volume(m);
  if (m.type == "tmpfs")
    return check_tmpfs(m);
  if (m.type == "image")
    return check_image(m);
  return invalid("mount type unknown");
}

api_error duplicate(const std::string& destination) {
  return invalid("Duplicate mount point: " + destination);
}

void keep_below_writable(mount_point& mount) {
  if (mount.type != "bind" || mount.read_write)
    return;
  auto& options = mount.spec.bind_options;
  if (!options)
    options.emplace();
  options->read_only_non_recursive = true;
}

bool is_within(std::string_view path, std::string_view directory) noexcept {
  return directory == "/" || (path.starts_with(directory) &&
                              (path.size() == directory.size() || path[directory.size()] == '/'));
}

// NOTE: dockerd compares the texts, and takes /var/lib/dock for something that /var/lib/docker is
// in.
result<void> let_go_of_data_root(mount_point& mount, const std::string& data_root) {
  if (mount.type != "bind" || data_root.empty() ||
      !(is_within(mount.source, data_root) || is_within(data_root, mount.source)))
    return {};
  const auto& options = mount.spec.bind_options;
  if (!options || options->propagation.empty())
    mount.propagation = "rslave";
  else if (options->propagation != "rslave" && options->propagation != "rshared")
    return invalid("invalid mount config: must use either propagation mode \"rslave\" or "
                   "\"rshared\" when mount source is within the daemon root, daemon root: " +
                   oci::quote(data_root) + ", bind mount source: " + oci::quote(mount.source) +
                   ", propagation: " + oci::quote(options->propagation));
  return {};
}

result<void> add_inherited(std::map<std::string, mount_point>& mounts, const host_config& host,
                           const mounts_of_container& from) {
  for (const auto& text : items(host.volumes_from)) {
    auto donor = parse_volumes_from(text);
    if (!donor)
      return donor.error();
    auto theirs = from(donor->container);
    if (!theirs)
      return api_error{errc::invalid_parameter, theirs.error().message};
    for (auto& mount : *theirs) {
      mount.read_write = mount.read_write && donor->read_write;
      mount.mode.clear();
      mount.copy_up = false;
      mount.create_source = false;
      mounts.insert_or_assign(mount.destination, std::move(mount));
    }
  }
  return {};
}

result<mount_point> make(const mount_request& request, const path_probe& probe) {
  if (auto checked = check_request(request, probe); !checked)
    return invalid("invalid mount config for type \"" + request.type +
                   "\": " + checked.error().message);
  mount_point mount;
  mount.type = request.type;
  mount.destination = clean_path(request.target);
  mount.read_write = !request.read_only;
  mount.spec = request;
  if (request.type == "volume") {
    mount.name = request.source;
    mount.copy_up = !(request.volume_options && request.volume_options->no_copy);
    if (request.volume_options && request.volume_options->driver_config)
      mount.driver = request.volume_options->driver_config->name;
  } else if (request.type == "bind") {
    mount.source = clean_path(request.source);
    mount.create_source = request.bind_options && request.bind_options->create_mountpoint;
    const bool said = request.bind_options && !request.bind_options->propagation.empty();
    mount.propagation = said ? request.bind_options->propagation : default_propagation;
  } else if (request.type == "image") {
    mount.source = request.source;
    mount.propagation = default_propagation;
    mount.read_write = false;
  }
  return mount;
}

} // namespace

bool is_anonymous(const mount_point& mount) noexcept {
  return mount.type == "volume" && mount.spec.source.empty();
}

void use_volume(mount_point& mount, std::string name, std::string driver, std::string directory) {
  mount.name = std::move(name);
  mount.driver = std::move(driver);
  mount.source = std::move(directory);
  const bool from_config = mount.spec.type.empty();
  if (mount.driver == "local" && mount.mode.empty() && !from_config)
    mount.mode = "z";
}

result<mount_point> parse_bind(std::string_view text, const std::string& volume_driver) {
  const std::string broken = "invalid volume specification: '" + std::string{text} + "'";
  const auto parts = split(text, ':');
  if (parts.front().empty() || parts.size() > 3)
    return invalid(broken);
  // NOTE: `/foo:rw` could only be a volume with a mode and no name.
  if (parts.size() == 2 && mount_mode::parse(parts[1]))
    return invalid(broken);
  const auto mode_text = parts.size() == 3 ? parts[2] : std::string_view{};
  const auto mode = mount_mode::parse(mode_text);
  if (!mode)
    return invalid_mode(mode_text);

  mount_request request;
  request.target = parts.size() == 1 ? parts[0] : parts[1];
  if (parts.size() > 1)
    request.source = parts[0];
  request.type = request.source.starts_with('/') ? "bind" : "volume";
  request.read_only = (*mode)[topic::access] == "ro";
  if (!volume_driver.empty() && request.type == "volume")
    request.volume_options.emplace().driver_config.emplace().name = volume_driver;
  if (!(*mode)[topic::copy].empty()) {
    if (!request.volume_options)
      request.volume_options.emplace();
    request.volume_options->no_copy = true;
  }
  if (!(*mode)[topic::propagation].empty())
    request.bind_options.emplace().propagation = (*mode)[topic::propagation];

  auto mount = make(request, {});
  if (!mount)
    return invalid(broken + ": " + mount.error().message);
  mount->mode = mode_text;
  mount->create_source = mount->type == "bind";
  return mount;
}

result<mount_point> parse_mount(const mount_request& request, const path_probe& probe) {
  return make(request, probe);
}

result<volumes_from> parse_volumes_from(std::string_view text) {
  if (text.empty())
    return invalid("volumes-from specification cannot be an empty string");
  const auto colon = text.find(':');
  const auto mode_text = colon == text.npos ? std::string_view{} : text.substr(colon + 1);
  const auto mode = mount_mode::parse(mode_text);
  if (!mode || !(*mode)[topic::propagation].empty() || !(*mode)[topic::copy].empty())
    return invalid_mode(mode_text);
  return volumes_from{std::string{text.substr(0, colon)}, (*mode)[topic::access] != "ro"};
}

result<void> check_tmpfs_target(std::string_view target) {
  if (clean_path(with_slashes(target)) == "/")
    return invalid("invalid specification: destination can't be '/'");
  return check_absolute(target);
}

result<std::string> tmpfs_mount_options(const mount_request& request) {
  std::string out;
  auto add = [&out](std::string_view option) { out.append(out.empty() ? "" : ",").append(option); };
  if (request.read_only)
    add("ro");
  if (!request.tmpfs_options)
    return out;
  const auto& options = *request.tmpfs_options;
  if (options.mode != 0) {
    std::array<char, 24> octal{};
    std::snprintf(octal.data(), octal.size(), "mode=%o", options.mode);
    add(octal.data());
  }
  if (auto size = options.size_bytes; size != 0) {
    std::string_view unit;
    for (auto [name, bytes] : {std::pair{"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}})
      if (unit.empty() && size % bytes == 0) {
        size /= bytes;
        unit = name;
      }
    add("size=" + std::to_string(size) + std::string{unit});
  }
  for (const auto& option : options.options) {
    if (option.empty() || option.size() > 2)
      return invalid("invalid option array length");
    if (option[0] != "exec" && option[0] != "noexec")
      return invalid("invalid option: " + option[0]);
    add(option.size() == 1 ? option[0] : option[0] + "=" + option[1]);
  }
  return out;
}

result<std::vector<mount_point>> collect_mounts(const host_config& host,
                                                const container_config& config,
                                                const mount_rules& rules,
                                                const mounts_of_container& from) {
  std::map<std::string, mount_point> mounts;
  if (auto inherited = add_inherited(mounts, host, from); !inherited)
    return inherited.error();

  const auto tmpfs = items(host.tmpfs);
  std::set<std::string> taken;
  auto add = [&](mount_point mount) -> result<void> {
    if (rules.read_only_non_recursive)
      keep_below_writable(mount);
    if (auto kept = let_go_of_data_root(mount, rules.data_root); !kept)
      return kept;
    taken.insert(mount.destination);
    mounts.insert_or_assign(mount.destination, std::move(mount));
    return {};
  };
  for (const auto& text : items(host.binds)) {
    auto mount = parse_bind(text, host.volume_driver);
    if (!mount)
      return mount.error();
    if (taken.contains(mount->destination) || tmpfs.contains(mount->destination))
      return duplicate(mount->destination);
    if (auto added = add(std::move(*mount)); !added)
      return added.error();
  }
  for (const auto& request : items(host.mounts)) {
    auto mount = parse_mount(request, {});
    if (!mount)
      return mount.error();
    if (taken.contains(mount->destination))
      return duplicate(request.target);
    if (auto added = add(std::move(*mount)); !added)
      return added.error();
  }
  for (const auto& target : items(config.volumes)) {
    mount_point volume;
    volume.type = "volume";
    volume.destination = clean_path(target);
    volume.driver = host.volume_driver;
    volume.copy_up = true;
    if (!tmpfs.contains(volume.destination))
      mounts.try_emplace(volume.destination, volume);
  }
  std::vector<mount_point> ordered;
  for (auto& [destination, mount] : mounts)
    ordered.push_back(std::move(mount));
  return ordered;
}

std::string clean_path(std::string_view path) {
  auto clean = std::filesystem::path{path}.lexically_normal().string();
  if (clean.size() > 1 && clean.ends_with('/'))
    clean.pop_back();
  return clean.empty() ? "." : clean;
}

} // namespace gantry::container
