#include "protocol/stream/frame.hpp"

#include <algorithm>
#include <limits>

namespace gantry::stream {
namespace {

constexpr std::size_t longest_error_text = 64 * 1024; // the rest of it is dropped

} // namespace

std::array<char, frame_header_size> frame_header(channel from, std::uint32_t size) noexcept {
  return {static_cast<char>(from),
          0,
          0,
          0,
          static_cast<char>(size >> 24),
          static_cast<char>(size >> 16),
          static_cast<char>(size >> 8),
          static_cast<char>(size)};
}

void append_frame(std::string& out, channel from, std::string_view payload) {
  do {
    const auto size = static_cast<std::uint32_t>(
        std::min<std::size_t>(payload.size(), std::numeric_limits<std::uint32_t>::max()));
    const auto header = frame_header(from, size);
    out.append(header.data(), header.size());
    out.append(payload.substr(0, size));
    payload.remove_prefix(size);
  } while (!payload.empty());
}

bool frame_decoder::take_header(std::string_view& input) {
  const auto n = std::min(frame_header_size - header_used_, input.size());
  std::copy_n(input.begin(), n, header_.begin() + static_cast<std::ptrdiff_t>(header_used_));
  input.remove_prefix(n);
  header_used_ += n;
  if (header_used_ < frame_header_size)
    return false;
  left_ = 0;
  for (std::size_t i = 4; i < frame_header_size; ++i)
    left_ = left_ << 8 | static_cast<unsigned char>(header_[i]);
  return true;
}

result<std::optional<frame_piece>> frame_decoder::next(std::string_view& input) {
  if (failure_)
    return *failure_;
  bool fresh = false; // an empty frame yields a piece too
  if (header_used_ < frame_header_size) {
    if (!take_header(input))
      return std::optional<frame_piece>{};
    fresh = true;
  }
  const auto from = static_cast<unsigned char>(header_[0]);
  if (from > static_cast<unsigned char>(channel::system_error)) {
    failure_ = api_error{errc::invalid_parameter, "Unrecognized input header"};
    return *failure_;
  }
  const auto bytes = input.substr(0, left_);
  const bool empty_frame = fresh && left_ == 0;
  input.remove_prefix(bytes.size());
  left_ -= static_cast<std::uint32_t>(bytes.size());
  const bool last = left_ == 0;
  if (last)
    header_used_ = 0;

  if (static_cast<channel>(from) == channel::system_error) {
    error_text_.append(bytes.substr(0, longest_error_text - error_text_.size()));
    if (!last)
      return std::optional<frame_piece>{};
    failure_ = api_error{errc::system, "error from daemon in stream: " + error_text_};
    return *failure_;
  }
  if (bytes.empty() && !empty_frame)
    return std::optional<frame_piece>{};
  return std::optional{frame_piece{static_cast<channel>(from), bytes, last}};
}

} // namespace gantry::stream
