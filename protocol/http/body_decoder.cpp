#include "protocol/http/body_decoder.hpp"

#include "protocol/http/syntax.hpp"

#include <algorithm>

// Why this is not Beast's chunk parser: that one wants each chunk line whole in a flat buffer, and
// lets bare line feeds and any number of digits pass. This is one state per place in the grammar.

namespace gantry::http {

namespace {

constexpr int most_digits = 16; // of a chunk's size: as many as 64 bits hold

} // namespace

body_decoder::body_decoder(const request& head, limits bounds) noexcept
    : to_head_(head.method == "HEAD"), bounds_(bounds) {
  if (head.framing == body_framing::chunked) {
    state_ = state::size_first;
  } else if (head.framing == body_framing::content_length && head.content_length > 0) {
    state_ = state::fixed;
    remaining_ = head.content_length;
  }
}

body_result body_decoder::decode(std::string_view input, std::string& out, std::size_t max_out) {
  std::size_t at = 0;
  while (state_ != state::done && state_ != state::refused) {
    if (state_ == state::fixed || state_ == state::data) {
      const auto here = std::min(input.size() - at, max_out);
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(here, remaining_));
      out.append(input, at, n);
      at += n;
      max_out -= n;
      remaining_ -= n;
      produced_ += n;
      if (remaining_ > 0)
        return {progress::need_more, at, {}};
      state_ = state_ == state::fixed ? state::done : state::data_cr;
    } else if (at == input.size()) {
      return {progress::need_more, at, {}};
    } else {
      step(input[at++]);
    }
  }
  if (state_ == state::refused)
    return {progress::refused, at, {status_, detail_, to_head_}};
  return {progress::complete, at, {}};
}

void body_decoder::refuse(int status, const char* detail) noexcept {
  state_ = state::refused;
  status_ = status;
  detail_ = detail;
}

void body_decoder::step(char c) noexcept {
  if (state_ == state::data_cr) {
    if (c != '\r')
      return refuse(400, "chunk is not followed by a line break");
    state_ = state::data_lf;
  } else if (state_ == state::data_lf) {
    if (c != '\n')
      return refuse(400, "chunk is not followed by a line break");
    state_ = state::size_first;
    overhead_ = 0;
  } else if (state_ < state::data) {
    step_size(c);
  } else {
    step_trailer(c);
  }
}

void body_decoder::step_size(char c) noexcept {
  if (++overhead_ > bounds_.chunk_line)
    return refuse(400, "chunk line is too long");
  switch (state_) {
  case state::size_first:
    digits_ = 0;
    remaining_ = 0;
    if (hex_value(c) < 0)
      return refuse(400, "invalid chunk size");
    [[fallthrough]];
  case state::size:
    if (const int value = hex_value(c); value >= 0) {
      if (++digits_ > most_digits)
        return refuse(400, "chunk size is too large");
      remaining_ = remaining_ << 4 | static_cast<std::uint64_t>(value);
      state_ = state::size;
      return;
    }
    [[fallthrough]];
  case state::size_space:
    if (c == ' ' || c == '\t')
      state_ = state::size_space;
    else if (c == ';')
      state_ = state::extension;
    else if (c == '\r')
      state_ = state::size_lf;
    else
      refuse(400, "invalid chunk size");
    return;
  case state::extension:
    if (c == '\r')
      state_ = state::size_lf;
    else if (is_control_byte(c))
      refuse(400, "control byte in chunk extension");
    return;
  default: // size_lf
    if (c != '\n')
      return refuse(400, "carriage return without line feed");
    state_ = remaining_ > 0 ? state::data : state::trailer_first;
    overhead_ = 0;
    return;
  }
}

void body_decoder::step_trailer(char c) noexcept {
  if (++overhead_ > bounds_.trailers)
    return refuse(431, "trailer section is too large");
  switch (state_) {
  case state::trailer_first:
    if (c == '\r') {
      state_ = state::end_lf;
      return;
    }
    if (!is_token_byte(c))
      return refuse(400, "invalid trailer name");
    if (++trailers_ > bounds_.fields)
      return refuse(431, "too many trailer fields");
    state_ = state::trailer_name;
    return;
  case state::trailer_name:
    if (c == ':')
      state_ = state::trailer_value;
    else if (!is_token_byte(c))
      refuse(400, "invalid trailer name");
    return;
  case state::trailer_value:
    if (c == '\r')
      state_ = state::trailer_lf;
    else if (is_control_byte(c))
      refuse(400, "control byte in trailer");
    return;
  default: // trailer_lf, end_lf
    if (c != '\n')
      return refuse(400, "carriage return without line feed");
    state_ = state_ == state::end_lf ? state::done : state::trailer_first;
    return;
  }
}

} // namespace gantry::http
