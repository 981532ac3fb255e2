#include "actors/containers/log_slices.hpp"

#include "actors/logs/json_record.hpp"
#include "protocol/stream/frame.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace gantry::containers {

namespace {

/// Records that a slice looks at, at most: those that are not shown take their time too.
constexpr int most_records = 20'000;

/// `2026-11-21T22:36:18.135423003Z`, always with nine digits, as Go's RFC3339NanoFixed.
void append_fixed_time(std::string& out, std::int64_t time) {
  constexpr std::size_t whole = std::string_view{"2026-11-21T22:36:18.135423003"}.size();
  constexpr std::size_t without_fraction = std::string_view{"2026-11-21T22:36:18"}.size();
  const auto begin = out.size();
  logs::append_time(out, time);
  out.pop_back();
  if (out.size() - begin == without_fraction)
    out += '.';
  out.append(whole - (out.size() - begin), '0');
  out += 'Z';
}

/// As Go's url.QueryEscape.
void append_query_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (plain)
      out += c;
    else if (c == ' ')
      out += '+';
    else
      out.append(1, '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
  }
}

/// `KEY=VALUE,KEY=VALUE `, sorted; the blank also if there are none.
void append_details(std::string& out, const logs::record& r) {
  auto attrs = r.attrs;
  std::sort(attrs.begin(), attrs.end());
  bool first = true;
  for (const auto& [key, value] : attrs) {
    if (!std::exchange(first, false))
      out += ',';
    append_query_escaped(out, key);
    out += '=';
    append_query_escaped(out, value);
  }
  out += ' ';
}

} // namespace

log_slices::log_slices(logs::log_files files, logs::log_query query, log_format format)
    : files_(std::move(files)), query_(query), format_(format) {
  query_.attrs = format_.details;
}

log_slice log_slices::next_blocking(std::size_t enough) {
  log_slice slice;
  slice.bytes = std::make_shared<std::string>();
  const auto fail = [&](const api_error& why) {
    slice.failure = why;
    slice.ended = true;
    return slice;
  };
  if (!reader_) {
    auto opened = logs::log_reader::open(files_, query_);
    if (!opened)
      return fail(opened.error());
    reader_.emplace(std::move(*opened));
  }
  if (stop_)
    reader_->stop_at(*stop_);
  slice.pending = true;
  logs::record r;
  for (int i = 0; i < most_records && slice.bytes->size() < enough; ++i) {
    auto found = reader_->next(r);
    if (!found)
      return fail(found.error());
    if (!*found) {
      slice.pending = false;
      break;
    }
    append(*slice.bytes, r);
  }
  slice.ended = reader_->ended();
  slice.position = reader_->position();
  return slice;
}

void log_slices::append(std::string& out, const logs::record& r) {
  const bool is_out = r.from == logs::source::out;
  if (!(is_out ? format_.out : format_.err))
    return;
  prefix_.clear();
  if (format_.timestamps) {
    append_fixed_time(prefix_, r.time);
    prefix_ += ' ';
  }
  if (format_.details)
    append_details(prefix_, r);
  if (format_.framed) {
    const auto header = stream::frame_header(
        is_out ? stream::channel::standard_output : stream::channel::standard_error,
        static_cast<std::uint32_t>(prefix_.size() + r.bytes.size()));
    out.append(header.data(), header.size());
  }
  out.append(prefix_).append(r.bytes);
}

} // namespace gantry::containers
