#include "protocol/container/seccomp.hpp"

#include "protocol/container/json_fields.hpp"
#include "protocol/container/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

namespace gantry::container {
namespace {

using detail::invalid;

struct architecture_names {
  std::string_view docker;  // GOARCH
  std::string_view profile; // in `arches`
  std::string_view seccomp; // libseccomp
};

constexpr std::array<architecture_names, 10> architectures{{
    {"386", "x86", "SCMP_ARCH_X86"},
    {"amd64", "amd64", "SCMP_ARCH_X86_64"},
    {"arm", "arm", "SCMP_ARCH_ARM"},
    {"arm64", "arm64", "SCMP_ARCH_AARCH64"},
    {"loong64", "loongarch64", "SCMP_ARCH_LOONGARCH64"},
    {"mips64", "mips64", "SCMP_ARCH_MIPS64"},
    {"mips64le", "mipsel64", "SCMP_ARCH_MIPSEL64"},
    {"ppc64le", "ppc64le", "SCMP_ARCH_PPC64LE"},
    {"riscv64", "riscv64", "SCMP_ARCH_RISCV64"},
    {"s390x", "s390x", "SCMP_ARCH_S390X"},
}};

architecture_names names_of(std::string_view docker) {
  const auto at = std::find_if(architectures.begin(), architectures.end(),
                               [&](const auto& names) { return names.docker == docker; });
  return at == architectures.end() ? architecture_names{docker, docker, {}} : *at;
}

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool applies(const seccomp_rule& rule, const seccomp_target& target, std::string_view arch) {
  const auto held = [&](const std::string& name) { return target.capabilities.has(name); };
  const auto& in = rule.includes;
  const auto& out = rule.excludes;
  return !contains(out.arches, arch) && std::none_of(out.caps.begin(), out.caps.end(), held) &&
         (!out.min_kernel || target.kernel < *out.min_kernel) &&
         (in.arches.empty() || contains(in.arches, arch)) &&
         std::all_of(in.caps.begin(), in.caps.end(), held) &&
         (!in.min_kernel || target.kernel >= *in.min_kernel);
}

std::optional<kernel_version> parse_kernel(std::string_view text) {
  kernel_version out;
  const auto* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, out.major);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.')
    return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, out.minor);
  if (minor.ec != std::errc{} || minor.ptr != end || out == kernel_version{})
    return std::nullopt;
  return out;
}

} // namespace

// A kernel version is a text in JSON. Found where a description has such a member, by its type.
static void read(detail::decoder& d, const boost::json::value& v,
                 std::optional<kernel_version>& out) {
  std::string text;
  d.read(v, text);
  if (d.failed() || v.is_null())
    return;
  out = parse_kernel(text);
  if (!out)
    d.fail(invalid("invalid kernel version: \"" + text + "\", expected \"<kernel>.<major>\""));
}

namespace detail {

template <>
struct description<seccomp_argument> {
  static constexpr std::string_view type_name = "specs.LinuxSeccompArg";
  static constexpr std::tuple fields{
      field{"index", &seccomp_argument::index},
      field{"value", &seccomp_argument::value},
      field{"valueTwo", &seccomp_argument::value_two, shown::if_set},
      field{"op", &seccomp_argument::op},
  };
};

template <>
struct description<seccomp_call> {
  static constexpr std::string_view type_name = "specs.LinuxSyscall";
  static constexpr std::tuple fields{
      field{"names", &seccomp_call::names},
      field{"action", &seccomp_call::action},
      field{"errnoRet", &seccomp_call::errno_ret, shown::if_set},
      field{"args", &seccomp_call::args, shown::if_set},
  };
};

template <>
struct description<seccomp_scope> {
  static constexpr std::string_view type_name = "seccomp.Filter";
  static constexpr std::tuple fields{
      field{"caps", &seccomp_scope::caps},
      field{"arches", &seccomp_scope::arches},
      field{"minKernel", &seccomp_scope::min_kernel},
  };
};

template <>
struct description<seccomp_rule> {
  static constexpr std::string_view type_name = "seccomp.Syscall";
  static constexpr std::tuple fields{
      field{"name", &seccomp_rule::name},
      embedded_field{&seccomp_rule::call},
      field{"includes", &seccomp_rule::includes},
      field{"excludes", &seccomp_rule::excludes},
  };
};

template <>
struct description<seccomp_architecture> {
  static constexpr std::string_view type_name = "seccomp.Architecture";
  static constexpr std::tuple fields{
      field{"architecture", &seccomp_architecture::architecture},
      field{"subArchitectures", &seccomp_architecture::sub_architectures},
  };
};

template <>
struct description<seccomp_profile> {
  static constexpr std::string_view type_name = "seccomp.Seccomp";
  static constexpr std::tuple fields{
      field{"defaultAction", &seccomp_profile::default_action},
      field{"defaultErrnoRet", &seccomp_profile::default_errno_ret},
      field{"architectures", &seccomp_profile::architectures},
      field{"archMap", &seccomp_profile::arch_map},
      field{"flags", &seccomp_profile::flags},
      field{"listenerPath", &seccomp_profile::listener_path},
      field{"listenerMetadata", &seccomp_profile::listener_metadata},
      field{"syscalls", &seccomp_profile::syscalls},
  };
};

} // namespace detail

result<seccomp_profile> parse_seccomp_profile(std::string_view json) {
  const auto undecodable = [](const api_error& why) {
    return invalid("Decoding seccomp profile failed: " + why.message);
  };
  const auto value = oci::detail::parse_json(json);
  if (!value)
    return undecodable(value.error());
  detail::decoder d{"Seccomp"};
  seccomp_profile out;
  detail::read(d, *value, out);
  if (d.failed())
    return undecodable(d.error());

  if (!out.architectures.empty() && !out.arch_map.empty())
    return invalid("both 'architectures' and 'archMap' are specified in the seccomp profile, use "
                   "either 'architectures' or 'archMap'");
  for (auto& rule : out.syscalls) {
    if (rule.name.empty())
      continue;
    if (!rule.call.names.empty())
      return invalid("both 'name' and 'names' are specified in the seccomp profile, use either "
                     "'name' or 'names'");
    rule.call.names.push_back(std::move(rule.name));
    rule.name.clear();
  }
  return out;
}

std::string seccomp_json(const seccomp_profile& profile, const seccomp_target& target) {
  std::string out;
  if (profile.default_action.empty() && profile.syscalls.empty())
    return out;

  const auto arch = names_of(target.architecture);
  auto filtered = profile.architectures;
  for (const auto& entry : profile.arch_map) {
    if (entry.architecture != arch.seccomp)
      continue;
    filtered.push_back(entry.architecture);
    const auto& absent = target.absent_architectures;
    std::copy_if(entry.sub_architectures.begin(), entry.sub_architectures.end(),
                 std::back_inserter(filtered), [&](const std::string& sub) {
                   return std::find(absent.begin(), absent.end(), sub) == absent.end();
                 });
    break;
  }
  std::vector<const seccomp_call*> calls;
  for (const auto& rule : profile.syscalls) {
    if (applies(rule, target, arch.profile))
      calls.push_back(&rule.call);
  }

  { // complete when the writer is gone
    detail::object_writer o{out};
    o.member("defaultAction", profile.default_action);
    if (profile.default_errno_ret)
      o.key("defaultErrnoRet") += std::to_string(*profile.default_errno_ret);
    o.member_if_set("architectures", filtered);
    o.member_if_set("flags", profile.flags);
    o.member_if_set("listenerPath", profile.listener_path);
    o.member_if_set("listenerMetadata", profile.listener_metadata);
    detail::write_list(o.key("syscalls"), calls,
                       [&](const seccomp_call* call) { detail::write(out, *call); });
  }
  return out;
}

} // namespace gantry::container
