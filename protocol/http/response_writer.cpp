#include "protocol/http/response_writer.hpp"

#include "protocol/http/syntax.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>

namespace gantry::http {

namespace {

/// `HTTP/1.1`, status, reason, Date, framing and Connection, at most, next to the headers.
constexpr std::size_t head_size_guess = 192;

void append_number(std::string& out, std::uint64_t n, int base = 10) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), n, base).ptr;
  out.append(digits.data(), end);
}

void append_value(std::string& out, std::string_view value) {
  const auto from = out.size();
  out += value;
  for (auto i = find_control_byte(out, from, out.size()); i < out.size();
       i = find_control_byte(out, i, out.size()))
    out[i] = ' ';
}

void append_headers(std::string& out, const response& r) {
  for (const auto& [name, value] : r.headers) {
    out.append(name).append(": ");
    append_value(out, value);
    out += "\r\n";
  }
}

response_framing effective_framing(const write_options& how) noexcept {
  if (how.framing == response_framing::chunked && how.version == 10)
    return response_framing::until_close;
  return how.framing;
}

} // namespace

bool has_body(int status, bool head_request) noexcept {
  return !head_request && status >= 200 && status != 204 && status != 304;
}

bool reusable(const write_options& how) noexcept {
  return how.keep_alive && effective_framing(how) != response_framing::until_close;
}

void seal_headers(response& r) {
  r.sealed_headers.clear();
  append_headers(r.sealed_headers, r);
}

void append_response(std::string& out, const response& r, const write_options& how,
                     std::string_view date) {
  const auto framing = effective_framing(how);
  std::size_t size = out.size() + head_size_guess + r.body.size() + r.sealed_headers.size();
  if (r.sealed_headers.empty())
    for (const auto& [name, value] : r.headers)
      size += name.size() + value.size() + 4;
  out.reserve(size);

  out += how.version == 10 ? "HTTP/1.0 " : "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(r.status));
  out += ' ';
  out += reason_phrase(r.status);
  out += "\r\n";
  if (!date.empty())
    out.append("Date: ").append(date).append("\r\n");
  if (r.sealed_headers.empty())
    append_headers(out, r);
  else
    out += r.sealed_headers;
  if (how.version == 10 ? reusable(how) : !reusable(how))
    out += how.version == 10 ? "Connection: keep-alive\r\n" : "Connection: close\r\n";

  if (has_body(r.status, false)) {
    if (framing == response_framing::fixed) {
      out += "Content-Length: ";
      append_number(out, how.content_length.value_or(r.body.size()));
      out += "\r\n";
    } else if (framing == response_framing::chunked) {
      out += "Transfer-Encoding: chunked\r\n";
    }
  }
  out += "\r\n";

  if (!has_body(r.status, how.head_request))
    return;
  if (framing == response_framing::chunked)
    append_chunk(out, r.body);
  else
    out += r.body;
}

void append_chunk(std::string& out, std::string_view data) {
  if (data.empty())
    return;
  append_number(out, data.size(), 16);
  out += "\r\n";
  out += data;
  out += "\r\n";
}

void append_last_chunk(std::string& out) { out += "0\r\n\r\n"; }

void append_continue(std::string& out) { out += "HTTP/1.1 100 Continue\r\n\r\n"; }

void append_upgrade(std::string& out, std::string_view protocol, std::string_view content_type,
                    const response& more) {
  out += protocol.empty() ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 101 UPGRADED\r\n";
  out += "Content-Type: ";
  append_value(out, content_type);
  out += "\r\n";
  if (!protocol.empty()) {
    out += "Connection: Upgrade\r\nUpgrade: ";
    append_value(out, protocol);
    out += "\r\n";
  }
  append_headers(out, more);
  out += "\r\n";
}

std::string imf_fixdate(std::int64_t unix_time) {
  using namespace std::chrono;
  constexpr std::int64_t first = -62167219200; // 0000-01-01 00:00:00
  constexpr std::int64_t last = 253402300799;  // 9999-12-31 23:59:59
  const sys_seconds when{seconds{std::clamp(unix_time, first, last)}};
  const auto midnight = floor<days>(when);
  const year_month_day day{midnight};
  const hh_mm_ss clock{when - midnight};
  static constexpr char weekdays[] = "SunMonTueWedThuFriSat";
  static constexpr char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

  std::string out = "Www, DD Mmm YYYY hh:mm:ss GMT";
  const auto put = [&](std::size_t at, std::size_t width, long number) {
    while (width-- > 0) {
      out[at + width] = static_cast<char>('0' + number % 10);
      number /= 10;
    }
  };
  out.replace(0, 3, weekdays + std::size_t{3} * weekday{midnight}.c_encoding(), 3);
  put(5, 2, static_cast<unsigned>(day.day()));
  out.replace(8, 3, months + std::size_t{3} * (static_cast<unsigned>(day.month()) - 1), 3);
  put(12, 4, static_cast<int>(day.year()));
  put(17, 2, clock.hours().count());
  put(20, 2, clock.minutes().count());
  put(23, 2, clock.seconds().count());
  return out;
}

} // namespace gantry::http
