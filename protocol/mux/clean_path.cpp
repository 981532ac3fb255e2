#include "protocol/mux/clean_path.hpp"

#include "protocol/http/syntax.hpp"

#include <algorithm>

namespace gantry::mux {

namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  const auto u = static_cast<unsigned char>(c);
  ((out += '%') += hex[u >> 4]) += hex[u & 15];
}

std::string escape_except(std::string_view text, std::string_view allowed) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (is_unreserved(c) || allowed.find(c) != std::string_view::npos)
      out += c;
    else
      append_escaped(out, c);
  }
  return out;
}

} // namespace

bool is_clean_path(std::string_view path) noexcept {
  if (!path.starts_with('/'))
    return false;
  // At each slash but the first: what stands between it and the one before?
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t next = std::min(path.find('/', at + 1), path.size());
    const std::string_view segment = path.substr(at + 1, next - at - 1);
    if (segment == "." || segment == ".." || (segment.empty() && next < path.size()))
      return false;
    at = next;
  }
  return true;
}

std::string clean_path(std::string_view path) {
  std::string out;
  out.reserve(path.size() + 1);
  for (std::size_t at = 0; at < path.size();) {
    if (path[at] == '/') {
      ++at;
      continue;
    }
    const std::size_t next = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, next - at);
    at = next;
    if (segment == "..") {
      const std::size_t parent = out.rfind('/');
      out.resize(parent == std::string::npos ? 0 : parent);
    } else if (segment != ".") {
      (out += '/') += segment;
    }
  }
  if (out.empty() || path.ends_with('/'))
    out += '/';
  return out;
}

std::string escape_path(std::string_view path) { return escape_except(path, "$&+,/:;=@"); }

std::string escape_host(std::string_view host) { return escape_except(host, "!$&'()*+,;=:[]"); }

std::string escape_query(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (is_unreserved(c))
      out += c;
    else if (c == ' ')
      out += '+';
    else
      append_escaped(out, c);
  }
  return out;
}

bool unescape_query(std::string_view text, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (text.size() - i < 3)
        return false;
      const int high = http::hex_value(text[i + 1]);
      const int low = http::hex_value(text[i + 2]);
      if (high < 0 || low < 0)
        return false;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return true;
}

std::string redirect_location(std::string_view encoded_path, std::string_view query) {
  std::string out;
  // RFC 3986 §4.2: a reference that starts with two slashes names a host.
  if (encoded_path.starts_with("//"))
    out += "/.";
  const auto append = [&out](std::string_view part) {
    for (char c : part) {
      if (c > ' ' && c < 0x7f && c != '\\')
        out += c;
      else
        append_escaped(out, c);
    }
  };
  append(encoded_path);
  if (!query.empty()) {
    out += '?';
    append(query);
  }
  return out;
}

} // namespace gantry::mux
