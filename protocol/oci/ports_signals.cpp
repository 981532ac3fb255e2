#include "protocol/oci/changes.hpp"

#include "protocol/text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace gantry::oci {

namespace {

constexpr unsigned largest_port = 65535;

std::optional<unsigned> port_number(std::string_view text) noexcept {
  unsigned number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number > largest_port)
    return std::nullopt;
  return number;
}

struct range {
  unsigned first = 0;
  unsigned last = 0;

  unsigned extent() const noexcept { return last - first; }
};

// `80` or `80-90`; NOTE: what follows a second `-` is passed over.
std::optional<range> port_range(std::string_view text) noexcept {
  auto dash = text.find('-');
  auto first = port_number(text.substr(0, dash));
  if (dash == std::string_view::npos)
    return first ? std::optional{range{*first, *first}} : std::nullopt;
  auto rest = text.substr(dash + 1);
  auto last = port_number(rest.substr(0, rest.find('-')));
  if (!first || !last || *last < *first)
    return std::nullopt;
  return range{*first, *last};
}

// NOTE: only reads the text; nothing is looked up.
bool is_address(const std::string& text) noexcept {
  std::array<unsigned char, sizeof(in6_addr)> address;
  return ::inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

// `[IP:][HOST:]PORT`
struct spec_parts {
  std::string address;
  std::string_view host;
  std::string_view port;
};

spec_parts split(std::string_view spec) {
  spec_parts parts;
  auto colon = spec.rfind(':');
  parts.port = spec.substr(colon + 1); // npos + 1 is 0
  if (colon == std::string_view::npos)
    return parts;
  spec = spec.substr(0, colon);
  colon = spec.rfind(':');
  parts.host = spec.substr(colon + 1);
  if (colon != std::string_view::npos)
    parts.address = spec.substr(0, colon);
  if (parts.address.starts_with('[') && parts.address.ends_with(']'))
    parts.address = parts.address.substr(1, parts.address.size() - 2);
  return parts;
}

} // namespace

result<std::vector<std::string>> exposed_ports(std::string_view spec) {
  auto parts = split(spec);
  if (!parts.address.empty() && !is_address(parts.address))
    return invalid("invalid IP address: " + parts.address);
  auto slash = parts.port.find('/');
  auto port = parts.port.substr(0, slash);
  std::string_view protocol;
  if (slash != std::string_view::npos) {
    protocol = parts.port.substr(slash + 1);
    protocol = protocol.substr(0, protocol.find('/'));
  }
  if (protocol.empty())
    protocol = "tcp";
  if (port.empty())
    return invalid("no port specified: " + std::string{spec} + "<empty>");
  auto ports = port_range(port);
  if (!ports)
    return invalid("invalid containerPort: " + std::string{port});
  if (!parts.host.empty()) {
    auto host = port_range(parts.host);
    if (!host)
      return invalid("invalid hostPort: " + std::string{parts.host});
    if (host->extent() != ports->extent() && ports->extent() != 0)
      return invalid("invalid ranges specified for container and host Ports: " + std::string{port} +
                     " and " + std::string{parts.host});
  }
  auto name = lower(protocol);
  if (name != "tcp" && name != "udp" && name != "sctp")
    return invalid("invalid proto: " + std::string{protocol});
  std::vector<std::string> found;
  for (auto number = ports->first; number <= ports->last; ++number)
    found.push_back(std::to_string(number) + '/' + name);
  return found;
}

bool is_signal(std::string_view text) {
  static constexpr std::array<std::string_view, 36> names = {
      "abrt", "alrm", "bus",  "chld", "cld",    "cont",  "fpe",    "hup",   "ill",
      "int",  "io",   "iot",  "kill", "pipe",   "poll",  "prof",   "pwr",   "quit",
      "segv", "stop", "sys",  "term", "trap",   "tstp",  "ttin",   "ttou",  "urg",
      "usr1", "usr2", "xcpu", "xfsz", "vtalrm", "winch", "stkflt", "rtmin", "rtmax"};
  auto digits = text;
  if (digits.starts_with('+') || digits.starts_with('-'))
    digits.remove_prefix(1);
  constexpr std::size_t most_digits = 18; // more are no number
  if (!digits.empty() && digits.size() <= most_digits &&
      digits.find_first_not_of("0123456789") == std::string_view::npos)
    return digits.find_first_not_of('0') != std::string_view::npos;
  auto name = lower(text);
  if (name.starts_with("sig"))
    name.erase(0, 3);
  if (std::find(names.begin(), names.end(), name) != names.end())
    return true;
  // `rtmin+1` to `rtmin+15`, `rtmax-1` to `rtmax-14`
  const bool from_first = name.starts_with("rtmin+");
  if (!from_first && !name.starts_with("rtmax-"))
    return false;
  auto offset = std::string_view{name}.substr(6);
  auto number = port_number(offset);
  return number && *number >= 1 && *number <= (from_first ? 15u : 14u) && offset.front() != '0';
}

} // namespace gantry::oci
