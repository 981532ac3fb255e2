#include "protocol/container/seccomp.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace gantry::container {
namespace {

namespace json = boost::json;

using names = std::set<std::string, std::less<>>;

// What is done at a system call: each entry is an action, an errno and conditions, of which one has
// to fit.
using effect = std::map<std::string, std::set<std::string>, std::less<>>;

// What it comes to with dockerd 20.10.24: without capabilities, and which calls are allowed
// outright to those who have one.
const json::object& captured() {
  static const json::object data = [] {
    std::ifstream file{GANTRY_TEST_DATA "/container/seccomp_effect.json"};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    return json::parse(text).as_object();
  }();
  return data;
}

std::string outcome_of(const json::object& call) {
  auto out = std::string{call.at("action").as_string()};
  for (const char* member : {"errno", "errnoRet"}) {
    if (const auto* number = call.if_contains(member))
      out += " errno " + json::serialize(*number);
  }
  const auto* args = call.if_contains("args");
  for (const auto& arg : args ? args->as_array() : json::array{}) {
    const auto& a = arg.as_object();
    out += " arg " + json::serialize(a.at("index")) + ' ' + json::serialize(a.at("op")) + ' ' +
           json::serialize(a.at("value"));
    if (const auto* two = a.if_contains("valueTwo"))
      out += ' ' + json::serialize(*two);
  }
  return out;
}

effect effect_of(std::string_view filter) {
  effect out;
  const auto spec = json::parse(filter).as_object();
  for (const auto& call : spec.at("syscalls").as_array()) {
    for (const auto& name : call.as_object().at("names").as_array())
      out[std::string{name.as_string()}].insert(outcome_of(call.as_object()));
  }
  return out;
}

capability_set one_capability(std::string_view name) {
  for (unsigned number = 0; number < capability_count; ++number) {
    capability_set set;
    set.add(number);
    if (set.has(name))
      return set;
  }
  return {};
}

std::string default_filter(capability_set capabilities, std::string_view architecture = "amd64",
                           kernel_version kernel = {6, 1}) {
  return seccomp_json(default_seccomp_profile(), {capabilities, architecture, kernel});
}

const std::string allowed = "SCMP_ACT_ALLOW";

effect captured_effect() {
  effect out;
  for (const auto& name : captured().at("always").as_array())
    out[std::string{name.as_string()}] = {allowed};
  for (const auto& [name, calls] : captured().at("on_conditions").as_object()) {
    for (const auto& call : calls.as_array())
      out[name].insert(outcome_of(call.as_object()));
  }
  return out;
}

// Where the default profile differs from that of dockerd 20.10, without any capability.
void explain_differences(effect& expected) {
  // Young calls, of the kind of others that are allowed; dockerd 28 allows them.
  for (const char* name :
       {"cachestat", "fchmodat2", "futex_requeue", "futex_wait", "futex_wake", "getxattrat",
        "listmount", "listxattrat", "map_shadow_stack", "mseal", "removexattrat", "riscv_hwprobe",
        "setxattrat", "statmount", "uretprobe"})
    expected[name] = {allowed};
  // dockerd 28: no longer for CAP_SYS_ADMIN only, it is open_by_handle_at that gives access.
  expected["name_to_handle_at"] = {allowed};
  // dockerd 28: to one's own children, as ptrace.
  expected["process_vm_readv"] = {allowed};
  expected["process_vm_writev"] = {allowed};
  // Not with dockerd since 25: a record of holes.
  for (const char* name : {"io_uring_enter", "io_uring_register", "io_uring_setup"})
    expected.erase(name);
  // dockerd 28 refuses AF_VSOCK, the newest AF_ALG too.
  expected["socket"] = {R"(SCMP_ACT_ALLOW arg 0 "SCMP_CMP_LT" 38)",
                        R"(SCMP_ACT_ALLOW arg 0 "SCMP_CMP_EQ" 39)",
                        R"(SCMP_ACT_ALLOW arg 0 "SCMP_CMP_GT" 40)"};
}

// What of the calls that a capability opens differs, for the same reasons.
void explain_differences(names& opened, std::string_view capability) {
  if (capability == "CAP_SYS_ADMIN") {
    opened.erase("name_to_handle_at");
    opened.insert({"lsm_get_self_attr", "lsm_list_modules", "lsm_set_self_attr"});
  } else if (capability == "CAP_SYS_PTRACE") {
    opened.erase("process_vm_readv");
    opened.erase("process_vm_writev");
  } else if (capability == "CAP_SYS_NICE") {
    opened.insert("set_mempolicy_home_node");
  } else if (capability == "CAP_SYS_TIME") {
    opened.insert("clock_settime64");
  }
}

// Names, each in one line, so that a difference is readable.
std::string text_of(const effect& all) {
  std::string out;
  for (const auto& [name, outcomes] : all) {
    out += name + ':';
    for (const auto& outcome : outcomes)
      out += ' ' + outcome;
    out += '\n';
  }
  return out;
}

} // namespace

TEST_CASE("seccomp: the default profile has the effect of Docker's", "[protocol][container]") {
  auto expected = captured_effect();
  explain_differences(expected);
  CHECK(text_of(effect_of(default_filter({}))) == text_of(expected));
}

TEST_CASE("seccomp: each capability opens the calls that it opens with Docker",
          "[protocol][container]") {
  const auto without = effect_of(default_filter({}));
  const auto& capabilities = captured().at("with_capability").as_object();
  REQUIRE(capabilities.size() == 38);
  for (const auto& [capability, calls] : capabilities) {
    INFO(std::string{capability});
    names expected;
    for (const auto& name : calls.as_array())
      expected.emplace(name.as_string());
    explain_differences(expected, capability);
    const auto with = effect_of(default_filter(one_capability(capability)));
    names opened;
    for (const auto& [name, outcomes] : with) {
      const auto before = without.find(name);
      if (before != without.end() && before->second == outcomes)
        continue;
      opened.insert(name);
      CHECK(outcomes.contains(allowed));
    }
    CHECK(opened == expected);
    CHECK(with.size() >= without.size());
  }
}

TEST_CASE("seccomp: capabilities that Docker 20.10 does not know", "[protocol][container]") {
  CHECK(effect_of(default_filter(one_capability("CAP_BPF"))).contains("bpf"));
  CHECK(effect_of(default_filter(one_capability("CAP_PERFMON"))).contains("perf_event_open"));
  CHECK(default_filter(one_capability("CAP_CHECKPOINT_RESTORE")) == default_filter({}));
}

TEST_CASE("seccomp: all else is refused with EPERM", "[protocol][container]") {
  const auto spec = json::parse(default_filter({})).as_object();
  CHECK(spec.at("defaultAction") == "SCMP_ACT_ERRNO");
  CHECK(spec.at("defaultErrnoRet") == 1);
  CHECK(json::serialize(spec.at("architectures")) ==
        R"(["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32"])");
  const auto calls = effect_of(default_filter(all_capabilities));
  for (const char* name : {"userfaultfd", "keyctl", "add_key", "request_key", "kexec_load",
                           "io_uring_setup", "move_pages", "nfsservctl", "uselib", "swapon"})
    CHECK_FALSE(calls.contains(name));
}

TEST_CASE("seccomp: what the kernel takes no calls of is left out", "[protocol][container]") {
  const auto architectures = [](std::vector<std::string> absent) {
    const auto json = seccomp_json(default_seccomp_profile(),
                                   {{}, "amd64", kernel_version{6, 1}, std::move(absent)});
    return json::serialize(json::parse(json).at("architectures"));
  };
  CHECK(architectures({"SCMP_ARCH_X32"}) == R"(["SCMP_ARCH_X86_64","SCMP_ARCH_X86"])");
  CHECK(architectures({"SCMP_ARCH_X86", "SCMP_ARCH_X32"}) == R"(["SCMP_ARCH_X86_64"])");
}

TEST_CASE("seccomp: architectures have calls of their own", "[protocol][container]") {
  const auto arm = effect_of(default_filter({}, "arm64"));
  CHECK(arm.contains("set_tls"));
  CHECK_FALSE(arm.contains("arch_prctl"));
  CHECK(arm.at("clone") ==
        std::set<std::string>{R"(SCMP_ACT_ALLOW arg 0 "SCMP_CMP_MASKED_EQ" 2114060288)"});
  const auto s390 = effect_of(default_filter({}, "s390x"));
  CHECK(s390.contains("s390_runtime_instr"));
  CHECK(s390.at("clone") ==
        std::set<std::string>{R"(SCMP_ACT_ALLOW arg 1 "SCMP_CMP_MASKED_EQ" 2114060288)"});
  CHECK(effect_of(default_filter({}, "riscv64")).contains("riscv_flush_icache"));
  CHECK(effect_of(default_filter({}, "ppc64le")).contains("swapcontext"));
  CHECK(json::parse(default_filter({}, "arm64")).at("architectures") ==
        json::value(json::array{"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"}));
  // Of an architecture without any below it the filter is for the native one.
  CHECK_FALSE(json::parse(default_filter({}, "ppc64le")).as_object().contains("architectures"));
}

TEST_CASE("seccomp: tracing is for kernels that filter after the tracer", "[protocol][container]") {
  CHECK_FALSE(effect_of(default_filter({}, "amd64", {4, 7})).contains("ptrace"));
  CHECK(effect_of(default_filter({}, "amd64", {4, 8})).contains("ptrace"));
  CHECK(effect_of(default_filter({}, "amd64", {5, 0})).contains("ptrace"));
}

TEST_CASE("seccomp: a profile of the user's", "[protocol][container]") {
  const auto profile = parse_seccomp_profile(R"({
    "defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 7,
    "flags": ["SECCOMP_FILTER_FLAG_LOG"], "listenerPath": "/run/l", "listenerMetadata": "m",
    "archMap": [{"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]},
                {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": null}],
    "syscalls": [
      {"name": "a", "action": "SCMP_ACT_ERRNO", "errnoRet": 5, "args": null, "comment": "x"},
      {"names": ["b", "c"], "action": "SCMP_ACT_TRAP", "unknown": 1,
       "args": [{"index": 1, "value": 18446744073709551615, "valueTwo": 3, "op": "SCMP_CMP_NE"}]},
      {"names": ["with"], "action": "A", "includes": {"caps": ["CAP_KILL", "CAP_CHOWN"]}},
      {"names": ["without"], "action": "A", "excludes": {"caps": ["CAP_BPF", "CAP_KILL"]}},
      {"names": ["here"], "action": "A", "includes": {"arches": ["amd64", "arm64"]}},
      {"names": ["not here"], "action": "A", "excludes": {"arches": ["amd64"]}},
      {"names": ["new"], "action": "A", "includes": {"minKernel": "5.10"}},
      {"names": ["old"], "action": "A", "excludes": {"minKernel": "5.10"}}]})")
                           .value();
  const auto calls = [&](capability_set capabilities, std::string_view arch,
                         kernel_version kernel) {
    std::string out;
    for (const auto& [name, outcomes] :
         effect_of(seccomp_json(profile, {capabilities, arch, kernel})))
      out += name + ' ';
    return out;
  };
  CHECK(calls({}, "amd64", {5, 9}) == "a b c here old without ");
  CHECK(calls(capability_set{0b100000}, "arm64", {5, 10}) == "a b c here new not here ");
  CHECK(calls(capability_set{0b100001}, "s390x", {6, 0}) == "a b c new not here with ");

  CHECK(seccomp_json(profile, {capability_set{0b100000}, "amd64", {5, 9}}) ==
        R"({"defaultAction":"SCMP_ACT_ALLOW","defaultErrnoRet":7,)"
        R"("architectures":["SCMP_ARCH_X86_64"],"flags":["SECCOMP_FILTER_FLAG_LOG"],)"
        R"("listenerPath":"/run/l","listenerMetadata":"m","syscalls":[)"
        R"({"names":["a"],"action":"SCMP_ACT_ERRNO","errnoRet":5},)"
        R"({"names":["b","c"],"action":"SCMP_ACT_TRAP","args":[)"
        R"({"index":1,"value":18446744073709551615,"valueTwo":3,"op":"SCMP_CMP_NE"}]},)"
        R"({"names":["here"],"action":"A"},{"names":["old"],"action":"A"}]})");
}

TEST_CASE("seccomp: architectures of the profile stand for themselves", "[protocol][container]") {
  const auto profile = parse_seccomp_profile(
      R"({"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"]})");
  CHECK(seccomp_json(profile.value(), {{}, "amd64", {6, 1}}) ==
        R"({"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"],"syscalls":[]})");
}

TEST_CASE("seccomp: a profile that says nothing is no filter", "[protocol][container]") {
  CHECK(seccomp_json(parse_seccomp_profile("{}").value(), {{}, "amd64", {6, 1}}).empty());
  CHECK(seccomp_json(parse_seccomp_profile("null").value(), {{}, "amd64", {6, 1}}).empty());
}

TEST_CASE("seccomp: what is no profile is refused", "[protocol][container]") {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"x)", "Decoding seccomp profile failed: unexpected end of JSON input"},
      {"builtin", "Decoding seccomp profile failed: invalid character 'b' in JSON at byte 0"},
      {R"({"defaultAction":1})", "Decoding seccomp profile failed: json: cannot unmarshal number "
                                 "into Go struct field Seccomp.defaultAction of type string"},
      {R"({"syscalls":[{"includes":{"minKernel":"x"}}]})",
       R"(Decoding seccomp profile failed: invalid kernel version: "x", )"
       R"(expected "<kernel>.<major>")"},
      {R"({"syscalls":[{"includes":{"minKernel":"4.8.1-foo"}}]})",
       "Decoding seccomp profile failed: invalid kernel version: \"4.8.1-foo\", expected "
       "\"<kernel>.<major>\""},
      {R"({"syscalls":[{"includes":{"minKernel":"0.0"}}]})",
       R"(Decoding seccomp profile failed: invalid kernel version: "0.0", )"
       R"(expected "<kernel>.<major>")"},
      {R"({"architectures":["A"],"archMap":[{"architecture":"B"}]})",
       "both 'architectures' and 'archMap' are specified in the seccomp profile, use either "
       "'architectures' or 'archMap'"},
      {R"({"syscalls":[{"name":"a","names":["b"]}]})",
       "both 'name' and 'names' are specified in the seccomp profile, use either 'name' or "
       "'names'"},
  };
  for (const auto& [text, message] : cases) {
    const auto profile = parse_seccomp_profile(text);
    REQUIRE(profile.has_error());
    CHECK(profile.error().kind == errc::invalid_parameter);
    CHECK(profile.error().message == message);
  }
  CHECK(parse_seccomp_profile(R"({"syscalls":[{"args":[{"value":-1}]}]})").has_error());
}

} // namespace gantry::container
