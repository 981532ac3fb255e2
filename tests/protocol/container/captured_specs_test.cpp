#include "protocol/container/runtime_spec.hpp"

#include "protocol/container/create_request.hpp"
#include "protocol/container/process_spec.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::container {
namespace {

namespace json = boost::json;

// What dockerd 20.10.24 (Debian's, cgroup version 1, an image with the files `passwd` and `group`)
// handed to its runtime, as differences from what it hands for nothing but `true`. Normalised:
// ids and paths by words (ID, SHORT, ROOT, FILES, VOLUME), mounts as an object, zeros left out,
// capabilities and groups sorted, the filter of system calls as a truth value (seccomp_test).
const json::object& captured() {
  static const json::object data = [] {
    std::ifstream file{GANTRY_TEST_DATA "/container/runtime_specs.json"};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    return json::parse(text).as_object();
  }();
  return data;
}

// RFC 7396.
json::value patched(const json::value& target, const json::value& patch) {
  if (!patch.is_object())
    return patch;
  auto out = target.is_object() ? target.as_object() : json::object{};
  for (const auto& [name, value] : patch.as_object()) {
    if (value.is_null()) {
      out.erase(name);
    } else {
      const auto* old = out.if_contains(name);
      out[name] = patched(old ? *old : json::value{}, value);
    }
  }
  return out;
}

std::string text_of(const json::value* v, std::string_view otherwise = {}) {
  return std::string{v ? std::string_view{v->as_string()} : otherwise};
}

bool truth_of(const json::value* v) { return v && v->as_bool(); }

device_node device_of(const json::value& v) {
  const auto& o = v.as_object();
  return {
      .path = text_of(o.if_contains("path")),
      .type = o.at("type").as_string().front(),
      .number = {o.at("major").as_int64(), o.at("minor").as_int64()},
      .mode = o.at("fileMode").to_number<std::uint32_t>(),
      .uid = o.at("uid").to_number<std::uint32_t>(),
      .gid = o.at("gid").to_number<std::uint32_t>(),
      .permissions = text_of(o.if_contains("permissions"), "rwm"),
  };
}

resolved_mount mount_of(const json::value& v) {
  const auto& o = v.as_object();
  resolved_mount out;
  out.type = text_of(o.if_contains("type"), "bind");
  out.source = text_of(o.if_contains("source"));
  out.destination = text_of(o.if_contains("destination"));
  out.read_only = truth_of(o.if_contains("read_only"));
  out.non_recursive = truth_of(o.if_contains("non_recursive"));
  out.propagation = text_of(o.if_contains("propagation"));
  out.tmpfs_options = text_of(o.if_contains("tmpfs_options"));
  return out;
}

daemon_facts oracle_daemon() {
  daemon_facts out;
  out.cgroup_version = 1;
  out.capabilities = capability_set{(std::uint64_t{1} << 38) - 1}; // it knows no younger ones
  out.kernel = {6, 1};
  return out;
}

user_files image_files() {
  return {.passwd = captured().at("passwd").as_string(),
          .group = captured().at("group").as_string()};
}

create_request request_of(const json::value& body) {
  return parse_create_request(json::serialize(body)).value();
}

process_user user_of(const create_request& request, std::string_view user) {
  const auto& added = request.host_config.group_add;
  return find_user(user, added.value_or(std::vector<std::string>{}), image_files()).value();
}

spec_facts facts_of(const create_request& request, const json::object& given) {
  const auto& host = request.host_config;
  spec_facts out;
  out.id = "ID";
  out.rootfs = "ROOT";
  out.hostname = text_of(given.if_contains("hostname"), "SHORT");
  out.cgroups_path = container_cgroups_path(host.resources.cgroup_parent, "ID", false);
  out.user = user_of(request, request.config.user);
  auto words = request.config.entrypoint.value_or(std::vector<std::string>{});
  const auto cmd = request.config.cmd.value_or(std::vector<std::string>{});
  words.insert(words.end(), cmd.begin(), cmd.end());
  out.path = words.at(0);
  out.args.assign(words.begin() + 1, words.end());
  out.hostname_file = "FILES/hostname";
  if (!truth_of(given.if_contains("no_network_files"))) {
    out.hosts_file = "FILES/hosts";
    out.resolv_conf_file = "FILES/resolv.conf";
  }
  if (host.init.value_or(false))
    out.init_program = "/usr/bin/docker-init";
  out.shm_directory = "FILES/mounts/shm";
  if (const auto* mounts = given.if_contains("mounts")) {
    for (const auto& mount : mounts->as_array())
      out.mounts.push_back(mount_of(mount));
  }
  if (const auto* devices = given.if_contains("devices")) {
    for (const auto& device : devices->as_array())
      out.devices.push_back(device_of(device));
  }
  for (const auto& device : captured().at("host_devices").as_array())
    out.host_devices.push_back(device_of(device));
  out.block_devices["/dev/vda"] = {254, 0};
  return out;
}

void sort(json::value& list) {
  auto& elements = list.as_array();
  std::sort(elements.begin(), elements.end(), [](const json::value& a, const json::value& b) {
    return json::serialize(a) < json::serialize(b);
  });
}

// Mounts at one depth that follow each other may come in any order: dockerd's differs from run to
// run.
void sort_within_depths(json::array& order) {
  const auto depth = [](const json::value& path) {
    return std::count(path.as_string().begin(), path.as_string().end(), '/');
  };
  for (auto from = order.begin(); from != order.end();) {
    const auto to = std::find_if(from, order.end(),
                                 [&](const json::value& v) { return depth(v) != depth(*from); });
    std::sort(from, to, [](const json::value& a, const json::value& b) {
      return a.as_string() < b.as_string();
    });
    from = to;
  }
}

void normalise_process(json::object& process) {
  auto& capabilities = process["capabilities"].as_object();
  const auto list = [&](std::string_view name) -> json::value {
    const auto* names = capabilities.if_contains(name);
    json::value out = names ? *names : json::value(json::array{});
    sort(out);
    return out;
  };
  const auto bounding = list("bounding");
  const auto effective = list("effective");
  CHECK(effective == list("permitted"));
  CHECK((effective == bounding || effective == json::value(json::array{})));
  CHECK_FALSE(capabilities.contains("inheritable"));
  CHECK_FALSE(capabilities.contains("ambient"));
  capabilities = {{"bounding", bounding}, {"effective", !effective.as_array().empty()}};
  auto& gids = process["user"].as_object()["additionalGids"].as_array();
  std::sort(gids.begin(), gids.end(),
            [](const json::value& a, const json::value& b) { return a.as_int64() < b.as_int64(); });
}

json::object normalised(std::string_view text) {
  auto out = json::parse(text).as_object();
  normalise_process(out["process"].as_object());
  json::object mounts;
  json::array order;
  for (const auto& mount : out["mounts"].as_array()) {
    auto rest = mount.as_object();
    const auto destination = rest["destination"];
    rest.erase("destination");
    order.push_back(destination);
    mounts[destination.as_string()] = rest;
  }
  sort_within_depths(order);
  out["mounts"] = mounts;
  out["mount_order"] = order;
  auto& spec = out["linux"].as_object();
  spec["seccomp"] = spec.contains("seccomp");
  if (spec["resources"].as_object().empty())
    spec.erase("resources");
  return out;
}

// dockerd leaves it to runc to put HOME in.
void expect_home(json::object& process, const process_user& user) {
  process["env"].as_array().emplace_back("HOME=" + user.home);
}

// dockerd says -1 for all numbers, which crun does not take.
void expect_no_wildcards(json::object& spec) {
  auto* resources = spec.if_contains("resources");
  auto* devices = resources ? resources->as_object().if_contains("devices") : nullptr;
  if (!devices)
    return;
  for (auto& device : devices->as_array())
    for (const char* number : {"major", "minor"})
      if (auto* value = device.as_object().if_contains(number); value && *value == -1)
        device.as_object().erase(number);
}

// Where Gantry differs from dockerd 20.10, and why.
void explain_differences(json::object& expected, std::string_view name, const process_user& user) {
  expected["ociVersion"] = "1.0.2"; // the released text of the specification
  expect_home(expected["process"].as_object(), user);
  auto& spec = expected["linux"].as_object();
  expect_no_wildcards(spec);
  // Today's dockerd hides three more things.
  if (auto* masked = spec.if_contains("maskedPaths"); masked && masked->as_array().size() > 1)
    *masked = {"/proc/asound",     "/proc/acpi",        "/proc/interrupts",
               "/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
               "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
               "/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap"};
  // The host's network needs no path: the runtime is in that namespace.
  auto& namespaces = spec["namespaces"].as_array();
  namespaces.erase(std::remove_if(namespaces.begin(), namespaces.end(),
                                  [](const json::value& entry) {
                                    const auto* path = entry.as_object().if_contains("path");
                                    return path && path->as_string() == "EXEC/netns/default";
                                  }),
                   namespaces.end());
  // dockerd asks for a domain name in the host's UTS namespace, which no runtime sets.
  if (name == "domain of the host")
    spec["sysctl"].as_object().erase("kernel.domainname");
  // Since API 1.42 the terminal has its size from the start.
  if (name == "terminal size")
    expected["process"].as_object()["consoleSize"] = {{"height", 24}, {"width", 80}};
  // Kernels since 5.16 refuse it, runc has ignored it since 1.0.
  if (name == "kernel memory")
    spec["resources"].as_object().erase("memory");
  // A bind mount has the flags of what it shows with runc, and with crun only those it is given.
  if (name == "shareable ipc")
    expected["mounts"].as_object()["/dev/shm"].as_object()["options"] = {
        "rbind", "rprivate", "nosuid", "noexec", "nodev"};
  sort_within_depths(expected["mount_order"].as_array());
}

void explain_exec_differences(json::object& process, const process_user& user) {
  expect_home(process, user);
  // dockerd leaves in "effective" what the container's own user would have. The kernel clears it
  // when another user than root executes, and gives root what is in "bounding"; only with
  // no-new-privileges it does not, and there root has to be able to work as well.
  const bool root = process["user"].as_object()["uid"].as_int64() == 0;
  process["capabilities"].as_object()["effective"] = root;
}

} // namespace

TEST_CASE("captured_specs: each container is the one that dockerd makes", "[protocol][container]") {
  const auto& cases = captured().at("cases").as_array();
  REQUIRE(cases.size() >= 40);
  for (const auto& element : cases) {
    const auto& one = element.as_object();
    const auto name = text_of(one.if_contains("name"));
    INFO(name);
    const auto request = request_of(patched(captured().at("base_body"), one.at("body")));
    const auto* given = one.if_contains("facts");
    const auto facts = facts_of(request, given ? given->as_object() : json::object{});
    const auto daemon = oracle_daemon();
    const auto spec = build_runtime_spec({request.config, request.host_config, daemon, facts});
    REQUIRE(spec.has_value());
    const auto got = normalised(*spec);

    auto expected = patched(captured().at("base_spec"), one.at("spec")).as_object();
    explain_differences(expected, name, facts.user);
    for (const auto& [key, value] : expected) {
      const auto* have = got.if_contains(key);
      REQUIRE(have);
      INFO("have " << json::serialize(*have));
      INFO("want " << json::serialize(value));
      CHECK(*have == value);
    }
    CHECK(got.size() == expected.size());
  }
}

TEST_CASE("captured_specs: each exec is the one that dockerd makes", "[protocol][container]") {
  for (const auto& element : captured().at("execs").as_array()) {
    const auto& one = element.as_object();
    const auto name = text_of(one.if_contains("name"));
    INFO(name);
    const auto& patch = captured().at("exec_bodies").as_object().at(name.substr(0, name.find(':')));
    const auto container = request_of(patched(captured().at("base_body"), patch));
    const auto& asked = one.at("exec").as_object();

    exec_request request;
    for (const auto& word : asked.at("Cmd").as_array())
      request.command.emplace_back(word.as_string());
    if (const auto* env = asked.if_contains("Env")) {
      for (const auto& variable : env->as_array())
        request.env.emplace_back(variable.as_string());
    }
    request.working_dir = text_of(asked.if_contains("WorkingDir"));
    request.user = user_of(container, text_of(asked.if_contains("User"), container.config.user));
    request.tty = truth_of(asked.if_contains("Tty"));
    request.privileged = truth_of(asked.if_contains("Privileged"));
    const auto process = build_exec_process(request, container.config, container.host_config,
                                            oracle_daemon(), facts_of(container, {}));
    REQUIRE(process.has_value());
    auto got = json::parse(*process).as_object();
    normalise_process(got);
    auto expected = one.at("process").as_object();
    explain_exec_differences(expected, request.user);
    CHECK(got == expected);
  }
}

} // namespace gantry::container
