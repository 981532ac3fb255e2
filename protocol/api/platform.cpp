#include "protocol/api/platform.hpp"

#include "protocol/api/json.hpp"
#include "protocol/text.hpp"

#include <boost/json/object.hpp>

#include <algorithm>
#include <utility>

namespace gantry::api {

namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_os(std::string_view text) {
  return is_one_of(text,
                   {"aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "js",
                    "linux", "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows"});
}

bool is_architecture(std::string_view text) {
  return is_one_of(text, {"386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le",
                          "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm"});
}

// Names that mean the same become one.
void normalize(oci::platform& p) {
  if (is_one_of(p.architecture, {"x86_64", "x86-64"}))
    p.architecture = "amd64";
  else if (is_one_of(p.architecture, {"i386", "i686"}))
    p.architecture = "386";
  else if (p.architecture == "aarch64")
    p.architecture = "arm64";
  else if (p.architecture == "armhf")
    p = {"arm", p.os, p.os_version, p.os_features, "v7"};
  else if (p.architecture == "armel")
    p = {"arm", p.os, p.os_version, p.os_features, "v6"};
  if (p.architecture == "arm64" && is_one_of(p.variant, {"8", "v8"}))
    p.variant.clear();
  if (p.architecture == "amd64" && p.variant == "v1")
    p.variant.clear();
  if (p.architecture == "arm" && p.variant.empty())
    p.variant = "v7";
  if (p.os == "macos")
    p.os = "darwin";
}

} // namespace

result<std::optional<oci::platform>> parse_json_platform(std::string_view text) {
  const auto parsed = parse_json(text);
  if (!parsed)
    return invalid("failed to parse platform: " + parsed.error().message);
  const auto* members = parsed->if_object();
  if (!members)
    return invalid("failed to parse platform: expected an object");
  const auto text_of = [members](std::string_view name) {
    const auto* member = members->if_contains(name);
    return member && member->is_string() ? std::string{member->get_string()} : std::string{};
  };
  oci::platform p;
  p.os = text_of("os");
  p.architecture = text_of("architecture");
  p.variant = text_of("variant");
  p.os_version = text_of("os.version");
  if (p.os.empty() != p.architecture.empty())
    return invalid("both OS and Architecture must be provided");
  if (!p.os.empty())
    return std::optional{std::move(p)};
  if (!p.variant.empty() || !p.os_version.empty() || members->contains("os.features"))
    return invalid("optional platform fields provided, but OS and Architecture are missing");
  return std::optional<oci::platform>{};
}

result<oci::platform> parse_platform(std::string_view text, const oci::platform& host) {
  if (text.starts_with('{')) {
    auto p = parse_json_platform(text);
    if (!p)
      return p.error();
    if (*p)
      normalize(**p);
    return p->value_or(host);
  }
  const auto cannot = [&] {
    return invalid(quoted(text) + ": cannot parse platform specifier: invalid argument");
  };
  std::vector<std::string> parts{""};
  for (char c : text) {
    if (c == '/') {
      parts.emplace_back();
      continue;
    }
    parts.back() += to_lower(c);
  }
  for (const auto& part : parts)
    if (part.empty() ||
        part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.-") != std::string::npos)
      return invalid(quoted(part) + " is an invalid component of " + quoted(text) +
                     ": platform specifier component must match "
                     "\"^[A-Za-z0-9_.-]+$\": invalid argument");
  oci::platform p;
  if (parts.size() == 1) {
    if (is_os(parts[0]) || parts[0] == "macos") {
      p.os = parts[0];
      p.architecture = host.architecture;
      p.variant = host.variant;
    } else {
      p.architecture = parts[0];
      p.os = host.os;
    }
    normalize(p);
    if (!is_architecture(p.architecture))
      return invalid(quoted(text) + ": unknown operating system or architecture: invalid argument");
    return p;
  }
  if (parts.size() > 3)
    return cannot();
  p.os = parts[0];
  p.architecture = parts[1];
  if (parts.size() == 3)
    p.variant = parts[2];
  normalize(p);
  return p;
}

result<std::optional<oci::platform>> only_platform(const std::vector<std::string>& texts,
                                                   const oci::platform& host) {
  if (texts.empty())
    return std::optional<oci::platform>{};
  if (texts.size() > 1)
    return invalid("multiple platforms are not supported");
  auto parsed = parse_platform(texts.front(), host);
  if (!parsed)
    return parsed.error();
  return std::optional{std::move(*parsed)};
}

} // namespace gantry::api
