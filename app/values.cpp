#include "app/values.hpp"

#include "actors/host/listen_address.hpp"
#include "protocol/text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace gantry::app {
namespace {

/// Bits in an address of the family of `text`: 32, 128, or 0 if it is no address.
int address_bits(std::string_view text) {
  std::string terminated(text);
  if (terminated.size() != text.size() || terminated.find('\0') != std::string::npos)
    return 0;
  in6_addr buffer;
  if (::inet_pton(AF_INET, terminated.c_str(), &buffer) == 1)
    return 32;
  return ::inet_pton(AF_INET6, terminated.c_str(), &buffer) == 1 ? 128 : 0;
}

/// The prefix length of a CIDR and the bits of its family.
std::optional<std::pair<int, int>> parse_cidr(std::string_view text) {
  auto slash = text.find('/');
  if (slash == std::string_view::npos)
    return std::nullopt;
  auto digits = text.substr(slash + 1);
  int total = address_bits(text.substr(0, slash));
  if (total == 0 || digits.empty() || digits.size() > 3 ||
      !std::all_of(digits.begin(), digits.end(), is_digit))
    return std::nullopt;
  auto prefix = parse_integer(digits);
  if (!prefix || *prefix > total)
    return std::nullopt;
  return std::pair{static_cast<int>(*prefix), total};
}

/// One label of a domain: letters, digits and inner hyphens.
bool is_domain_label(std::string_view text) {
  return !text.empty() && is_alnum(text.front()) && is_alnum(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

} // namespace

std::optional<bool> parse_bool(std::string_view word) noexcept {
  for (std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"})
    if (word == yes)
      return true;
  for (std::string_view no : {"0", "f", "F", "FALSE", "false", "False"})
    if (word == no)
      return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view word) noexcept {
  if (word.size() > 1 && word[0] == '+' && is_digit(word[1]))
    word.remove_prefix(1);
  std::int64_t value = 0;
  auto [end, ec] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (ec != std::errc() || end != word.data() + word.size() || word.empty())
    return std::nullopt;
  return value;
}

result<byte_count> parse_bytes(std::string_view text) {
  auto fail = invalid("invalid size: '" + std::string(text) + "'");
  double number = 0;
  if (text.empty() || !is_digit(text.front()))
    return fail;
  auto [end, ec] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (ec != std::errc())
    return fail;
  auto unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (!unit.empty() && unit.front() == ' ')
    unit.remove_prefix(1);
  double factor = 1;
  if (!unit.empty()) {
    auto power = std::string_view("kmgtp").find(static_cast<char>(unit.front() | 0x20));
    if (power != std::string_view::npos && is_alpha(unit.front())) {
      factor = static_cast<double>(std::int64_t{1} << (10 * (power + 1)));
      unit.remove_prefix(1);
      if (!unit.empty() && (unit.front() == 'i' || unit.front() == 'I'))
        unit.remove_prefix(1);
    }
    if (!unit.empty() && (unit.front() == 'b' || unit.front() == 'B'))
      unit.remove_prefix(1);
  }
  if (!unit.empty() || number * factor >= 9223372036854775807.0)
    return fail;
  return byte_count{static_cast<std::int64_t>(number * factor)};
}

result<void> check_ulimit(std::string_view name, const ulimit& limit) {
  static constexpr std::array<std::string_view, 15> names{
      "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue", "nice",
      "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack"};
  if (std::find(names.begin(), names.end(), name) == names.end())
    return invalid("invalid ulimit type: " + std::string(name));
  if (limit.soft < -1 || limit.hard < -1)
    return invalid("invalid ulimit " + std::string(name) +
                   ": the smallest value is -1 (unlimited)");
  bool soft_is_larger = limit.hard != -1 && (limit.soft == -1 || limit.soft > limit.hard);
  if (soft_is_larger)
    return invalid("ulimit soft limit must be less than or equal to hard limit: " +
                   std::to_string(limit.soft) + " > " + std::to_string(limit.hard));
  return {};
}

result<std::pair<std::string, ulimit>> parse_ulimit(std::string_view text) {
  auto equals = text.find('=');
  if (equals == std::string_view::npos)
    return invalid("invalid ulimit argument: " + std::string(text));
  std::pair<std::string, ulimit> out{std::string(text.substr(0, equals)), {}};
  auto limits = text.substr(equals + 1);
  auto colon = limits.find(':');
  auto soft = parse_integer(limits.substr(0, colon));
  auto hard = colon == std::string_view::npos ? soft : parse_integer(limits.substr(colon + 1));
  if (!soft || !hard)
    return invalid("invalid ulimit argument: " + std::string(text));
  out.second = {*soft, *hard};
  if (auto checked = check_ulimit(out.first, out.second); !checked)
    return checked.error();
  return out;
}

result<void> check_address_pool(const address_pool& pool) {
  auto cidr = parse_cidr(pool.base);
  if (!cidr)
    return invalid("invalid base pool " + quoted(pool.base) +
                   ": must be an address with a prefix length");
  if (pool.size < cidr->first || pool.size > cidr->second)
    return invalid("invalid size " + std::to_string(pool.size) + " for the pool " + pool.base +
                   ": must be between " + std::to_string(cidr->first) + " and " +
                   std::to_string(cidr->second));
  return {};
}

result<address_pool> parse_address_pool(std::string_view text) {
  address_pool out;
  bool has_base = false;
  bool has_size = false;
  for (std::string_view rest = text;;) {
    auto comma = rest.find(',');
    auto part = rest.substr(0, comma);
    auto equals = part.find('=');
    if (equals == std::string_view::npos)
      return invalid("invalid field '" + std::string(part) + "' must be a key=value pair");
    auto key = part.substr(0, equals);
    auto value = part.substr(equals + 1);
    if (key == "base" && !has_base) {
      out.base = value;
      has_base = true;
    } else if (key == "size" && !has_size) {
      auto size = parse_integer(value);
      if (!size)
        return invalid("invalid size value: " + std::string(value));
      out.size = *size;
      has_size = true;
    } else {
      return invalid("unexpected key '" + std::string(key) + "' in '" + std::string(part) + "'");
    }
    if (comma == std::string_view::npos)
      break;
    rest.remove_prefix(comma + 1);
  }
  if (!has_base || !has_size)
    return invalid("both base and size are needed");
  if (auto checked = check_address_pool(out); !checked)
    return checked.error();
  return out;
}

result<void> check_runtime(std::string_view name, const oci_runtime& runtime) {
  if (name.empty())
    return invalid("a runtime needs a name");
  if (name == "runc")
    return invalid("runtime name 'runc' is reserved");
  if (runtime.path.empty())
    return invalid("runtime '" + std::string(name) + "' needs a path");
  return {};
}

result<std::pair<std::string, oci_runtime>> parse_runtime(std::string_view text) {
  auto equals = text.find('=');
  if (equals == std::string_view::npos)
    return invalid("invalid runtime argument: " + std::string(text));
  std::pair<std::string, oci_runtime> out{std::string(trim_space(text.substr(0, equals))), {}};
  out.second.path = trim_space(text.substr(equals + 1));
  if (auto checked = check_runtime(out.first, out.second); !checked)
    return checked.error();
  return out;
}

result<std::string> check_host(std::string_view text) {
  auto address = host::parse_listen_address(text);
  if (!address)
    return address.error();
  return to_string(*address);
}

result<std::string> check_inspect_host(std::string_view text) {
  auto trimmed = trim_space(text);
  if (trimmed == "none")
    return std::string(trimmed);
  // Nothing, or a scheme with nothing behind it, would be the address of the API.
  auto address = host::parse_listen_address(trimmed);
  if (!address)
    return address.error();
  if (trimmed.empty() || trimmed.ends_with("://") || address->proto == host::listen_proto::fd)
    return invalid("invalid inspect host: " + std::string(text) +
                   " (unix://PATH, tcp://HOST:PORT or none)");
  return to_string(*address);
}

result<std::string> check_metrics_addr(std::string_view text) {
  auto trimmed = std::string(trim_space(text));
  if (trimmed.empty())
    return trimmed;
  if (trimmed.starts_with(':'))
    trimmed.insert(0, "0.0.0.0");
  auto address = trimmed.find("://") == std::string::npos
                     ? host::parse_listen_address(trimmed)
                     : result<host::listen_address>(invalid({}));
  if (!address)
    return invalid("invalid metrics address: " + std::string(text) + " (HOST:PORT)");
  return address->address;
}

result<std::string> check_ip(std::string_view text) {
  auto trimmed = trim_space(text);
  if (address_bits(trimmed) == 0)
    return invalid(std::string(text) + " is not an ip address");
  return std::string(trimmed);
}

result<std::string> check_optional_ip(std::string_view text) {
  return text.empty() ? std::string() : check_ip(text);
}

result<std::string> check_cidr(std::string_view text) {
  if (!text.empty() && !parse_cidr(text))
    return invalid("invalid CIDR address: " + std::string(text));
  return std::string(text);
}

result<std::string> check_domain(std::string_view text) {
  auto fail = invalid(std::string(text) + " is not a valid domain");
  auto domain = trim_space(text);
  if (domain == ".")
    return std::string(domain);
  if (domain.size() > 254 || std::none_of(domain.begin(), domain.end(), is_alpha))
    return fail;
  auto rest = domain;
  if (rest.back() == '.')
    rest.remove_suffix(1);
  for (;;) {
    auto dot = rest.find('.');
    if (!is_domain_label(rest.substr(0, dot)))
      return fail;
    if (dot == std::string_view::npos)
      return std::string(domain);
    rest.remove_prefix(dot + 1);
  }
}

result<std::string> check_pair(std::string_view text) {
  auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return invalid("bad attribute format: " + std::string(text));
  return std::string(text);
}

result<std::string> check_mirror(std::string_view text) {
  auto scheme_end = text.find("://");
  auto scheme = scheme_end == std::string_view::npos ? "" : text.substr(0, scheme_end);
  if (scheme != "http" && scheme != "https")
    return invalid("invalid mirror: unsupported scheme " + quoted(scheme) + " in " + quoted(text));
  auto authority = text.substr(scheme_end + 3);
  while (!authority.empty() && authority.back() == '/')
    authority.remove_suffix(1);
  if (authority.find('@') != std::string_view::npos)
    return invalid("invalid mirror: username/password not allowed in URI");
  if (authority.find_first_of("/?#") != std::string_view::npos)
    return invalid("invalid mirror: path, query, or fragment at end of the URI " + quoted(text));
  if (authority.empty() || authority.find_first_of(" \t\r\n") != std::string_view::npos)
    return invalid("invalid mirror: " + quoted(text) + " is not a valid URI");
  return std::string(scheme) + "://" + std::string(authority) + '/';
}

result<std::string> check_registry(std::string_view text) {
  auto name = text;
  for (std::string_view scheme : {"http://", "https://"})
    if (name.substr(0, scheme.size()) == scheme)
      name.remove_prefix(scheme.size());
  if (name.find("://") != std::string_view::npos)
    return invalid("insecure registry " + std::string(text) + " should not contain '://'");
  if (name.empty() || name.front() == '-' || name.back() == '-')
    return invalid("invalid index name (" + std::string(text) +
                   "). Cannot be empty, or begin or end with a hyphen");
  return std::string(name);
}

result<std::string> check_ipc_mode(std::string_view text) {
  if (text != "private" && text != "shareable")
    return invalid("IPC mode (" + std::string(text) +
                   R"() is invalid, use "shareable" or "private")");
  return std::string(text);
}

result<std::string> check_cgroupns_mode(std::string_view text) {
  if (!text.empty() && text != "private" && text != "host")
    return invalid("default cgroup namespace mode (" + std::string(text) +
                   R"() is invalid, use "host" or "private")");
  return std::string(text);
}

result<std::string> check_api_version(std::string_view text) {
  auto dot = text.find('.');
  auto is_number = [](std::string_view part) {
    return !part.empty() && part.size() < 6 && std::all_of(part.begin(), part.end(), is_digit);
  };
  bool good = dot != std::string_view::npos && is_number(text.substr(0, dot)) &&
              is_number(text.substr(dot + 1));
  if (!text.empty() && !good)
    return invalid("invalid API version: " + quoted(text));
  return std::string(text);
}

result<std::string> check_not_empty(std::string_view text) {
  if (text.empty())
    return invalid("must not be empty");
  return std::string(text);
}

} // namespace gantry::app
