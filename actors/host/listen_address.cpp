#include "actors/host/listen_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <optional>

namespace gantry::host {
namespace {

constexpr std::string_view default_tcp_host = "127.0.0.1";

std::string_view trim(std::string_view text) {
  constexpr std::string_view space = " \t\n\v\f\r";
  auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

api_error bad_format(std::string_view rest) {
  return {errc::invalid_parameter, "Invalid bind address format: " + std::string{rest}};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return port;
}

// A name or IPv4 address. Whether it exists is for the lookup to say; this keeps out what would
// make the normal form ambiguous.
bool is_host(std::string_view host) {
  for (unsigned char c : host)
    if (c <= ' ' || c == 0x7f || c == '/' || c == '[' || c == ']')
      return false;
  return true;
}

// An IPv6 address, with or without a zone: `::1`, `fe80::1%eth0`.
bool is_ipv6(std::string_view host) {
  auto zone = host.find('%');
  if (zone != std::string_view::npos && (zone + 1 == host.size() || !is_host(host.substr(zone))))
    return false;
  in6_addr ignored{};
  return ::inet_pton(AF_INET6, std::string{host.substr(0, zone)}.c_str(), &ignored) == 1;
}

result<listen_address> parse_tcp(std::string_view rest) {
  std::string_view host;
  std::string_view port;
  bool brackets = !rest.empty() && rest.front() == '[';
  if (brackets) {
    auto close = rest.find(']');
    if (close == std::string_view::npos || rest.substr(close + 1, 1) != ":")
      return bad_format(rest);
    host = rest.substr(1, close - 1);
    port = rest.substr(close + 2);
    if (!is_ipv6(host))
      return bad_format(rest);
  } else {
    auto colon = rest.find(':');
    if (colon == std::string_view::npos)
      return bad_format(rest);
    host = colon == 0 ? default_tcp_host : rest.substr(0, colon);
    port = rest.substr(colon + 1); // a second colon makes it no number
    if (!is_host(host))
      return bad_format(rest);
  }
  auto number = parse_port(port);
  if (!number)
    return bad_format(rest);

  listen_address address;
  address.proto = listen_proto::tcp;
  address.host = host;
  address.port = *number;
  address.address =
      (brackets ? '[' + address.host + ']' : address.host) + ':' + std::to_string(address.port);
  return address;
}

listen_address without_port(listen_proto proto, std::string_view text) {
  listen_address address;
  address.proto = proto;
  address.address = text;
  return address;
}

} // namespace

const char* to_string(listen_proto proto) noexcept {
  switch (proto) {
  case listen_proto::tcp:
    return "tcp";
  case listen_proto::unix_socket:
    return "unix";
  case listen_proto::fd:
    return "fd";
  }
  return "unknown";
}

std::string to_string(const listen_address& address) {
  return std::string{to_string(address.proto)} + "://" + address.address;
}

result<listen_address> parse_listen_address(std::string_view text) {
  text = trim(text);
  if (text.empty())
    return without_port(listen_proto::unix_socket, default_unix_path);

  auto separator = text.find("://");
  if (separator == std::string_view::npos)
    return parse_tcp(text);
  auto scheme = text.substr(0, separator);
  auto rest = text.substr(separator + 3);
  if (scheme == "tcp")
    return rest.empty() ? bad_format(text) : parse_tcp(rest);
  if (scheme == "unix")
    return without_port(listen_proto::unix_socket, rest.empty() ? default_unix_path : rest);
  if (scheme == "fd")
    return without_port(listen_proto::fd, rest);
  return api_error{errc::invalid_parameter, "Invalid bind address protocol: " + std::string{text}};
}

result<proto_addr> split_proto_addr(std::string_view arg) {
  auto separator = arg.find("://");
  if (separator == std::string_view::npos)
    return api_error{errc::invalid_parameter, serveapi_usage};
  return proto_addr{arg.substr(0, separator), arg.substr(separator + 3)};
}

result<listen_address> parse_serveapi_arg(std::string_view arg) {
  auto halves = split_proto_addr(arg);
  if (!halves)
    return halves.error();
  if (halves->proto != "tcp" && halves->proto != "unix" && halves->proto != "fd")
    return api_error{errc::invalid_parameter, invalid_protocol};
  return parse_listen_address(arg);
}

} // namespace gantry::host
