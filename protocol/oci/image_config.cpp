#include "protocol/oci/image_config.hpp"

#include "protocol/oci/json_reader.hpp"

namespace gantry::oci {

namespace {

namespace json = boost::json;
using detail::decoder;

void read(decoder& d, const json::value& v, std::optional<instant>& out) {
  if (v.is_null() || d.failed()) {
    out.reset();
    return;
  }
  if (!v.is_string())
    return d.mismatch(v, "time.Time");
  const auto& text = v.get_string();
  auto t = parse_instant({text.data(), text.size()});
  if (!t)
    return d.fail(t.error());
  out = *t;
}

void read(decoder& d, const json::value& v, std::optional<healthcheck>& out) {
  out.reset();
  if (v.is_null())
    return;
  auto& check = out.emplace();
  d.object(v, "v1.HealthcheckConfig", [&](std::string_view name, const json::value& member) {
    if (name == "test")
      d.read(member, check.test);
    else if (name == "interval")
      d.read(member, check.interval);
    else if (name == "timeout")
      d.read(member, check.timeout);
    else if (name == "startperiod")
      d.read(member, check.start_period);
    else if (name == "startinterval")
      d.read(member, check.start_interval);
    else if (name == "retries")
      d.read(member, check.retries);
  });
}

// Where and how the process runs.
bool read_process(decoder& d, std::string_view name, const json::value& v, run_config& config) {
  if (name == "user")
    d.read(v, config.user);
  else if (name == "env")
    d.read(v, config.env);
  else if (name == "cmd")
    d.read_command(v, config.cmd);
  else if (name == "entrypoint")
    d.read_command(v, config.entrypoint);
  else if (name == "shell")
    d.read_command(v, config.shell);
  else if (name == "workingdir")
    d.read(v, config.working_dir);
  else if (name == "argsescaped")
    d.read(v, config.args_escaped);
  else if (name == "stopsignal")
    d.read(v, config.stop_signal);
  else if (name == "stoptimeout")
    d.read(v, config.stop_timeout);
  else if (name == "healthcheck")
    read(d, v, config.healthcheck);
  else
    return false;
  return true;
}

bool read_streams(decoder& d, std::string_view name, const json::value& v, run_config& config) {
  if (name == "attachstdin")
    d.read(v, config.attach_stdin);
  else if (name == "attachstdout")
    d.read(v, config.attach_stdout);
  else if (name == "attachstderr")
    d.read(v, config.attach_stderr);
  else if (name == "tty")
    d.read(v, config.tty);
  else if (name == "openstdin")
    d.read(v, config.open_stdin);
  else if (name == "stdinonce")
    d.read(v, config.stdin_once);
  else
    return false;
  return true;
}

void read_surroundings(decoder& d, std::string_view name, const json::value& v,
                       run_config& config) {
  if (name == "hostname")
    d.read(v, config.hostname);
  else if (name == "domainname")
    d.read(v, config.domainname);
  else if (name == "exposedports")
    d.read(v, config.exposed_ports);
  else if (name == "image")
    d.read(v, config.image);
  else if (name == "volumes")
    d.read(v, config.volumes);
  else if (name == "networkdisabled")
    d.read(v, config.network_disabled);
  else if (name == "macaddress")
    d.read(v, config.mac_address);
  else if (name == "onbuild")
    d.read(v, config.on_build);
  else if (name == "labels")
    d.read(v, config.labels);
}

void read(decoder& d, const json::value& v, run_config& config) {
  d.object(v, "container.Config", [&](std::string_view name, const json::value& member) {
    if (!read_process(d, name, member, config) && !read_streams(d, name, member, config))
      read_surroundings(d, name, member, config);
  });
}

void read(decoder& d, const json::value& v, std::vector<history_entry>& history) {
  history.clear();
  d.array(v, "[]v1.History", [&](const json::value& element) {
    auto& entry = history.emplace_back();
    d.object(element, "v1.History", [&](std::string_view name, const json::value& member) {
      if (name == "created")
        read(d, member, entry.created);
      else if (name == "created_by")
        d.read(member, entry.created_by);
      else if (name == "author")
        d.read(member, entry.author);
      else if (name == "comment")
        d.read(member, entry.comment);
      else if (name == "empty_layer")
        d.read(member, entry.empty_layer);
    });
  });
}

void read_rootfs(decoder& d, const json::value& v, image_config& image) {
  d.object(v, "image.RootFS", [&](std::string_view name, const json::value& member) {
    if (name == "type")
      d.read(member, image.rootfs_type);
    if (name != "diff_ids")
      return;
    std::vector<std::string> texts;
    d.read(member, texts);
    image.diff_ids.clear();
    for (const auto& text : texts) {
      auto id = digest::parse(text);
      if (!id)
        return d.fail({errc::invalid_parameter,
                       "invalid image JSON, diff id \"" + text + "\": " + id.error().message});
      image.diff_ids.push_back(std::move(*id));
    }
  });
}

// What version 1 had already.
bool read_v1(decoder& d, std::string_view name, const json::value& v, image_config& image) {
  if (name == "id")
    d.read(v, image.id);
  else if (name == "parent")
    d.read(v, image.parent);
  else if (name == "comment")
    d.read(v, image.comment);
  else if (name == "created")
    read(d, v, image.created);
  else if (name == "container")
    d.read(v, image.container);
  else if (name == "container_config")
    read(d, v, image.container_config);
  else if (name == "docker_version")
    d.read(v, image.docker_version);
  else if (name == "author")
    d.read(v, image.author);
  else if (name == "architecture")
    d.read(v, image.architecture);
  else if (name == "variant")
    d.read(v, image.variant);
  else if (name == "os")
    d.read(v, image.os);
  else if (name == "size")
    d.read(v, image.size);
  else
    return false;
  return true;
}

result<image_config> parse(std::string_view bytes, bool with_layers) {
  if (bytes.size() > max_config_size)
    return api_error{errc::invalid_parameter,
                     "image config is too large: " + std::to_string(bytes.size()) + " bytes"};
  auto value = detail::parse_json(bytes);
  if (!value)
    return value.error();
  image_config image;
  bool has_rootfs = false;
  decoder d{"Image"};
  d.object(*value, "image.Image", [&](std::string_view name, const json::value& member) {
    if (name == "config") {
      image.config.reset();
      if (!member.is_null())
        read(d, member, image.config.emplace());
    } else if (!read_v1(d, name, member, image) && with_layers) {
      if (name == "rootfs") {
        has_rootfs = !member.is_null();
        read_rootfs(d, member, image);
      } else if (name == "history") {
        read(d, member, image.history);
      } else if (name == "os.version") {
        d.read(member, image.os_version);
      } else if (name == "os.features") {
        d.read(member, image.os_features);
      }
    }
  });
  if (d.failed())
    return d.error();
  if (with_layers && !has_rootfs)
    return api_error{errc::invalid_parameter, "invalid image JSON, no RootFS key"};
  return image;
}

} // namespace

result<image_config> parse_image_config(std::string_view bytes) { return parse(bytes, true); }

result<image_config> parse_v1_config(std::string_view bytes) { return parse(bytes, false); }

std::vector<digest> chain_ids(const std::vector<digest>& diff_ids) {
  std::vector<digest> chain;
  chain.reserve(diff_ids.size());
  for (const auto& id : diff_ids)
    chain.push_back(chain.empty() ? id : sha256_of(chain.back().str() + ' ' + id.str()));
  return chain;
}

image_config imported_image(const import_options& options) {
  image_config image;
  image.created = options.created;
  image.comment = options.comment;
  image.architecture = options.architecture;
  image.variant = options.variant;
  image.os = options.os;
  image.docker_version = options.docker_version;
  image.config = options.config;
  image.rootfs_type = "layers";
  image.diff_ids = {options.diff_id};
  image.history = {{options.created, {}, {}, options.comment, false}};
  return image;
}

} // namespace gantry::oci
