#include "actors/runtime/log.hpp"

#include "actors/runtime/request.hpp"

#include <unistd.h>

#include <algorithm>

namespace gantry::log {
namespace {

/// Bytes that need no quotes in logfmt.
bool is_plain(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._/@^+:,").find(c) != std::string_view::npos;
}

void append_quoted(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    switch (c) {
    case '"':
    case '\\':
      out += '\\';
      out += c;
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default: {
      auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte == 0x7f) {
        out += "\\x";
        out += hex[byte >> 4];
        out += hex[byte & 15];
      } else {
        out += c;
      }
    }
    }
  }
  out += '"';
}

void append_word(std::string& out, std::string_view text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain))
    out += text;
  else
    append_quoted(out, text);
}

/// A key is written bare, so nothing but plain bytes may stay in it.
void append_key(std::string& out, std::string_view key) {
  out += ' ';
  for (char c : key)
    out += is_plain(c) ? c : '_';
  out += '=';
}

void write_to_stderr(const record& line) noexcept {
  try {
    std::string out;
    append_logfmt(out, line);
    out += '\n';
    // One call, so that lines of different threads do not mix. A lost line has nowhere to be told.
    [[maybe_unused]] auto n = ::write(STDERR_FILENO, out.data(), out.size());
  } catch (...) { // no memory for a log line: do without it
  }
}

std::atomic<sink> present_sink{&write_to_stderr};

} // namespace

std::atomic<level> detail::least_level{level::info};

std::string_view to_string(level value) noexcept {
  switch (value) {
  case level::debug:
    return "debug";
  case level::info:
    return "info";
  case level::warn:
    return "warning";
  case level::error:
    return "error";
  case level::fatal:
    return "fatal";
  }
  return "unknown";
}

std::optional<level> parse_level(std::string_view word) noexcept {
  if (word == "warn")
    return level::warn;
  for (level each : {level::debug, level::info, level::warn, level::error, level::fatal})
    if (word == to_string(each))
      return each;
  return std::nullopt;
}

sink set_sink(sink next) noexcept {
  return present_sink.exchange(next == nullptr ? &write_to_stderr : next);
}

void set_level(level least) noexcept { detail::least_level.store(least); }

level current_level() noexcept { return detail::least_level.load(); }

void write(level severity, std::string_view component, std::string_view text,
           std::initializer_list<field> fields) noexcept {
  if (!enabled(severity))
    return;
  auto request = runtime::current_request;
  for (const field& each : fields)
    if (each.key() == "request")
      request = 0;
  present_sink.load(std::memory_order_acquire)({severity, component, text, fields, request});
}

void append_logfmt(std::string& out, const record& line) {
  out += "level=";
  out += to_string(line.severity);
  out += " msg=";
  append_word(out, line.text);
  if (!line.component.empty()) {
    append_key(out, "component");
    append_word(out, line.component);
  }
  for (const field& each : line.fields) {
    append_key(out, each.key());
    append_word(out, each.value());
  }
  if (line.request != 0)
    out.append(" request=").append(std::to_string(line.request));
}

} // namespace gantry::log
