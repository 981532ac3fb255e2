#include "protocol/oci/image_config.hpp"
#include "protocol/oci/json_reader.hpp"
#include "protocol/oci/json_writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gantry::oci {

namespace {

// Configs of older versions are written anew, so that members without a value go.
constexpr std::array<int, 3> first_kept_version{1, 8, 3};

// Compares as dockerd does: parts that are no number count as 0, so do missing ones.
bool is_older(std::string_view version, const std::array<int, 3>& than) {
  for (int wanted : than) {
    auto part = version.substr(0, version.find('.'));
    version.remove_prefix(std::min(part.size() + 1, version.size()));
    int number = 0;
    bool digits = !part.empty() && part.size() < 9 &&
                  part.find_first_not_of("0123456789") == std::string_view::npos;
    if (digits)
      number = std::stoi(std::string{part});
    if (number != wanted)
      return number < wanted;
  }
  return false;
}

using detail::object_writer;

void append(std::string& out, const std::optional<instant>& t) {
  detail::append(out, t ? std::optional{to_string(*t)} : std::nullopt);
}

void append(std::string& out, const healthcheck& check) {
  object_writer o{out};
  o.member_if_set("Test", check.test);
  o.member_if_set("Interval", check.interval);
  o.member_if_set("Timeout", check.timeout);
  o.member_if_set("StartPeriod", check.start_period);
  o.member_if_set("StartInterval", check.start_interval);
  o.member_if_set("Retries", check.retries);
}

void append(std::string& out, const run_config& config) {
  object_writer o{out};
  o.member("Hostname", config.hostname);
  o.member("Domainname", config.domainname);
  o.member("User", config.user);
  o.member("AttachStdin", config.attach_stdin);
  o.member("AttachStdout", config.attach_stdout);
  o.member("AttachStderr", config.attach_stderr);
  o.member_if_set("ExposedPorts", config.exposed_ports);
  o.member("Tty", config.tty);
  o.member("OpenStdin", config.open_stdin);
  o.member("StdinOnce", config.stdin_once);
  o.member("Env", config.env);
  o.member("Cmd", config.cmd);
  if (config.healthcheck)
    append(o.key("Healthcheck"), *config.healthcheck);
  o.member_if_set("ArgsEscaped", config.args_escaped);
  o.member("Image", config.image);
  o.member("Volumes", config.volumes);
  o.member("WorkingDir", config.working_dir);
  o.member("Entrypoint", config.entrypoint);
  o.member_if_set("NetworkDisabled", config.network_disabled);
  o.member_if_set("MacAddress", config.mac_address);
  o.member("OnBuild", config.on_build);
  o.member("Labels", config.labels);
  o.member_if_set("StopSignal", config.stop_signal);
  o.member_if_set("StopTimeout", config.stop_timeout);
  o.member_if_set("Shell", config.shell);
}

void append(std::string& out, const history_entry& entry) {
  object_writer o{out};
  if (entry.created)
    append(o.key("created"), entry.created);
  o.member_if_set("created_by", entry.created_by);
  o.member_if_set("author", entry.author);
  o.member_if_set("comment", entry.comment);
  o.member_if_set("empty_layer", entry.empty_layer);
}

void append_rootfs(std::string& out, const image_config& image) {
  object_writer o{out};
  o.member("type", image.rootfs_type);
  std::vector<std::string> diff_ids;
  for (const auto& id : image.diff_ids)
    diff_ids.push_back(id.str());
  o.member_if_set("diff_ids", diff_ids);
}

// A member's name and the JSON of its value.
using raw_member = std::pair<std::string, std::string>;

template <class T>
void add(std::vector<raw_member>& members, std::string_view name, const T& value) {
  using detail::append;
  append(members.emplace_back(name, std::string{}).second, value);
}

void add_if_set(std::vector<raw_member>& members, std::string_view name, const std::string& value) {
  if (!value.empty())
    add(members, name, value);
}

// What version 1 had already, in Docker's order.
std::vector<raw_member> v1_members(const image_config& image) {
  std::vector<raw_member> members;
  add_if_set(members, "id", image.id);
  add_if_set(members, "parent", image.parent);
  add_if_set(members, "comment", image.comment);
  append(members.emplace_back("created", std::string{}).second, image.created);
  add_if_set(members, "container", image.container);
  append(members.emplace_back("container_config", std::string{}).second, image.container_config);
  add_if_set(members, "docker_version", image.docker_version);
  add_if_set(members, "author", image.author);
  if (image.config)
    append(members.emplace_back("config", std::string{}).second, *image.config);
  add_if_set(members, "architecture", image.architecture);
  add_if_set(members, "variant", image.variant);
  add_if_set(members, "os", image.os);
  if (image.size != 0)
    add(members, "Size", image.size);
  return members;
}

template <class Members>
std::string join(const Members& members) {
  std::string out;
  for (const auto& [name, value] : members) {
    out += out.empty() ? '{' : ',';
    detail::append(out, name);
    out += ':';
    out += value;
  }
  return out.empty() ? "{}" : out + '}';
}

} // namespace

std::string write_run_config(const run_config& config) {
  std::string out;
  append(out, config);
  return out;
}

std::string write_v1_config(const image_config& image) { return join(v1_members(image)); }

std::string write_image_config(const image_config& image) {
  auto members = v1_members(image);
  if (!image.rootfs_type.empty() || !image.diff_ids.empty())
    append_rootfs(members.emplace_back("rootfs", std::string{}).second, image);
  if (!image.history.empty())
    members.emplace_back("history", write_history(image.history));
  add_if_set(members, "os.version", image.os_version);
  if (!image.os_features.empty())
    add(members, "os.features", image.os_features);
  std::sort(members.begin(), members.end());
  return join(members);
}

std::string write_history(const std::vector<history_entry>& history) {
  std::string out = "[";
  for (const auto& entry : history) {
    if (&entry != history.data())
      out += ',';
    append(out, entry);
  }
  return out + ']';
}

digest v1_id(image_config image, const digest& chain_id, const digest& parent) {
  image.id.clear();
  if (!parent.empty())
    image.parent = parent.str();
  auto members = v1_members(image);
  add(members, "layer_id", chain_id.str());
  std::sort(members.begin(), members.end());
  return sha256_of(join(members));
}

result<std::string> convert_v1_config(std::string_view v1_bytes,
                                      const std::vector<digest>& diff_ids,
                                      const std::vector<history_entry>& history) {
  auto v1 = parse_v1_config(v1_bytes);
  if (!v1)
    return v1.error();
  std::string rewritten;
  if (is_older(v1->docker_version, first_kept_version)) {
    rewritten = write_v1_config(*v1);
    v1_bytes = rewritten;
  }
  std::map<std::string, std::string> members;
  for (auto& [name, value] : detail::split_object(v1_bytes))
    members[std::move(name)] = std::move(value);
  for (const char* name : {"id", "parent", "Size", "parent_id", "layer_id", "throwaway"})
    members.erase(name);
  image_config layers;
  layers.rootfs_type = "layers";
  layers.diff_ids = diff_ids;
  auto& rootfs = members["rootfs"];
  rootfs.clear();
  append_rootfs(rootfs, layers);
  members["history"] = write_history(history);
  return join(members);
}

history_entry v1_history(const image_config& v1) {
  history_entry entry;
  entry.created = v1.created;
  entry.author = v1.author;
  entry.comment = v1.comment;
  if (v1.container_config.cmd)
    for (const auto& word : *v1.container_config.cmd)
      entry.created_by.append(entry.created_by.empty() ? "" : " ").append(word);
  return entry;
}

} // namespace gantry::oci
