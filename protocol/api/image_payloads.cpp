#include "protocol/api/image_payloads.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <string_view>
#include <utility>

namespace gantry::api {

namespace {

namespace json = boost::json;

constexpr std::string_view no_time = "0001-01-01T00:00:00Z"; // Go's zero time
constexpr std::string_view no_tag = "<none>:<none>";
constexpr std::string_view no_digest = "<none>@<none>";

// True for what Go leaves out if it is empty.
bool is_empty(const json::value& v) {
  switch (v.kind()) {
  case json::kind::null:
    return true;
  case json::kind::bool_:
    return !v.get_bool();
  case json::kind::string:
    return v.get_string().empty();
  case json::kind::array:
    return v.get_array().empty();
  case json::kind::object:
    return v.get_object().empty();
  default:
    return false;
  }
}

bool is_empty_list(const json::object& o, std::string_view name) {
  const auto* list = o.if_contains(name);
  return !list || is_empty(*list);
}

void show_row(json::object& row, api_version v) {
  if (v < api_version{1, 43}) {
    bool no_tags = is_empty_list(row, "RepoTags");
    bool no_digests = is_empty_list(row, "RepoDigests");
    if (no_tags && no_digests) {
      row["RepoTags"] = json::array{no_tag};
      row["RepoDigests"] = json::array{no_digest};
    } else if (no_tags) {
      row["RepoTags"] = nullptr;
    } else if (no_digests) {
      row["RepoDigests"] = nullptr;
    }
  }
  if (const auto* size = row.if_contains("Size"); size && v < api_version{1, 44}) {
    auto same = *size;
    row.emplace("VirtualSize", std::move(same));
  }
}

// What a member of Config is when it is empty.
enum class blank { absent, null, text, no };

struct config_member {
  std::string_view name;
  bool of_images; // else only containers have it
  blank when_empty;
};

constexpr config_member config_members[] = {
    {"ArgsEscaped", true, blank::absent},
    {"AttachStderr", false, blank::no},
    {"AttachStdin", false, blank::no},
    {"AttachStdout", false, blank::no},
    {"Cmd", true, blank::null},
    {"Domainname", false, blank::text},
    {"Entrypoint", true, blank::null},
    {"Env", true, blank::null},
    {"ExposedPorts", true, blank::absent},
    {"Healthcheck", true, blank::absent},
    {"Hostname", false, blank::text},
    {"Image", false, blank::text},
    {"Labels", true, blank::null},
    {"OnBuild", true, blank::null},
    {"OpenStdin", false, blank::no},
    {"Shell", true, blank::absent},
    {"StdinOnce", false, blank::no},
    {"StopSignal", true, blank::absent},
    {"Tty", false, blank::no},
    {"User", true, blank::text},
    {"Volumes", true, blank::null},
    {"WorkingDir", true, blank::text},
};

void add_blank(json::object& config, const config_member& m) {
  if (m.when_empty == blank::null)
    config.emplace(m.name, nullptr);
  else if (m.when_empty == blank::text)
    config.emplace(m.name, "");
  else if (m.when_empty == blank::no)
    config.emplace(m.name, false);
}

json::object config_of_images(const json::value* full, api_version v) {
  const auto* all = full ? full->if_object() : nullptr;
  json::object shown;
  shown.reserve(std::size(config_members));
  for (const auto& m : config_members) {
    const auto* given = all && m.of_images ? all->if_contains(m.name) : nullptr;
    if (given && !is_empty(*given))
      shown.emplace(m.name, *given);
    else if (m.of_images || v < api_version{1, 50})
      add_blank(shown, m);
  }
  return shown;
}

// -- 1.2.0 --------------------------------------------------------------------

constexpr std::string_view algorithm = "sha256:";

std::string_view text_of(const json::object& o, std::string_view name) {
  const auto* member = o.if_contains(name);
  return member && member->is_string() ? std::string_view{member->get_string()}
                                       : std::string_view{};
}

// An id as it was before ids were digests.
std::string_view bare(std::string_view id) {
  if (id.starts_with(algorithm))
    id.remove_prefix(algorithm.size());
  return id;
}

json::value member_of(const json::object& o, std::string_view name, const json::value& missing) {
  const auto* member = o.if_contains(name);
  return member && !member->is_null() ? *member : missing;
}

json::value legacy_config(const json::object& image, std::string_view name) {
  const auto* full = image.if_contains(name);
  if (!full || !full->is_object())
    return nullptr;
  auto config = full->get_object();
  for (auto number : {"Memory", "MemorySwap", "CpuShares"})
    config.emplace(number, 0);
  config.emplace("Cpuset", "");
  config.emplace("PortSpecs", nullptr);
  config.emplace("NetworkDisabled", false); // kept if it is there
  return config;
}

json::value created_of(const json::object& image) {
  auto created = text_of(image, "Created");
  return json::value(created.empty() ? no_time : created);
}

// Calls `f(row, rows)` for each row that is an object; `f` appends to `rows`.
template <class F>
json::value each_row(const json::value& all, F f) {
  json::array rows;
  if (const auto* list = all.if_array())
    for (const auto& row : *list)
      if (const auto* object = row.if_object())
        f(*object, rows);
  return rows;
}

} // namespace

json::value image_list_reply(json::value rows, api_version v) {
  if (auto* list = rows.if_array(); list && v < api_version{1, 44})
    for (auto& row : *list)
      if (auto* object = row.if_object())
        show_row(*object, v);
  return rows;
}

json::value image_reply(json::value image, api_version v) {
  auto* full = image.if_object();
  if (!full)
    return image;
  json::object shown;
  shown.reserve(full->size() + 2);
  bool old = v < api_version{1, 44};
  for (auto& [name, member] : *full) {
    bool of_container = name == "Container" || name == "ContainerConfig";
    if (of_container && v >= api_version{1, 45})
      continue;
    if (name == "Container" && old && !full->contains("Created"))
      shown.emplace("Created", no_time);
    if (name == "Config")
      shown.emplace(name, config_of_images(&member, v));
    else
      shown.emplace(name, member);
    if (name == "Size" && old)
      shown.emplace("VirtualSize", member);
  }
  return shown;
}

json::value legacy_image_list_reply(const json::value& all, api_version v) {
  return each_row(all, [v](const json::object& row, json::array& rows) {
    json::object shown{{"Created", member_of(row, "Created", 0)},
                       {"Id", bare(text_of(row, "Id"))},
                       {"ParentId", bare(text_of(row, "ParentId"))},
                       {"RepoTags", is_empty_list(row, "RepoTags")
                                        ? json::value(json::array{no_tag})
                                        : row.at("RepoTags")},
                       {"Size", member_of(row, "Size", 0)},
                       {"VirtualSize", member_of(row, "Size", 0)}};
    if (v >= api_version{1, 7}) {
      rows.push_back(std::move(shown));
      return;
    }
    for (const auto& name : shown.at("RepoTags").as_array()) {
      std::string_view text = name.get_string();
      auto colon = text.rfind(':');
      auto one = shown;
      one.emplace("Repository", text.substr(0, colon));
      one.emplace("Tag", colon == text.npos ? std::string_view{} : text.substr(colon + 1));
      rows.push_back(std::move(one));
    }
  });
}

json::value legacy_image_reply(const json::value& image) {
  const auto* full = image.if_object();
  if (!full)
    return image;
  json::object shown;
  for (auto name : {"Architecture", "Author", "Comment", "Container", "DockerVersion", "Os"})
    shown.emplace(name, text_of(*full, name));
  shown.emplace("Config", legacy_config(*full, "Config"));
  shown.emplace("ContainerConfig", legacy_config(*full, "ContainerConfig"));
  shown.emplace("Created", created_of(*full));
  shown.emplace("Id", bare(text_of(*full, "Id")));
  shown.emplace("Parent", bare(text_of(*full, "Parent")));
  shown.emplace("Size", member_of(*full, "Size", 0));
  return shown;
}

json::value raw_image_reply(const json::value& image) {
  const auto* full = image.if_object();
  if (!full)
    return image;
  json::object shown{{"id", bare(text_of(*full, "Id"))}};
  auto add_text = [&](std::string_view name, std::string_view member) {
    if (auto text = bare(text_of(*full, member)); !text.empty())
      shown.emplace(name, text);
  };
  add_text("parent", "Parent");
  add_text("comment", "Comment");
  shown.emplace("created", created_of(*full));
  add_text("container", "Container");
  shown.emplace("container_config", legacy_config(*full, "ContainerConfig"));
  add_text("docker_version", "DockerVersion");
  add_text("author", "Author");
  if (auto config = legacy_config(*full, "Config"); !config.is_null())
    shown.emplace("config", std::move(config));
  add_text("architecture", "Architecture");
  add_text("os", "Os");
  shown.emplace("Size", member_of(*full, "Size", 0));
  return shown;
}

json::value legacy_history_reply(const json::value& all) {
  return each_row(all, [](const json::object& row, json::array& rows) {
    rows.push_back(json::object{{"Created", member_of(row, "Created", 0)},
                                {"CreatedBy", text_of(row, "CreatedBy")},
                                {"Id", bare(text_of(row, "Id"))},
                                {"Size", member_of(row, "Size", 0)},
                                {"Tags", member_of(row, "Tags", json::array())}});
  });
}

json::value legacy_removal_reply(const json::value& all) {
  return each_row(all, [](const json::object& row, json::array& rows) {
    json::object shown;
    for (const auto& [name, text] : row)
      if (text.is_string())
        shown.emplace(name, bare(text.get_string()));
    rows.push_back(std::move(shown));
  });
}

} // namespace gantry::api
