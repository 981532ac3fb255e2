#include "protocol/monitor/messages.hpp"

#include <algorithm>
#include <concepts>
#include <type_traits>
#include <utility>

namespace gantry::monitor {
namespace {

// A message's type on the wire is its place in the variant, events having the high bit set. New
// ones go to the end: a daemon meets monitors that an earlier version of it started.
constexpr std::uint8_t event_bit = 0x80;

template <class Integer>
void put_integer(std::string& out, Integer value) {
  auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
  for (int shift = (static_cast<int>(sizeof(Integer)) - 1) * 8; shift >= 0; shift -= 8)
    out += static_cast<char>(static_cast<unsigned char>(bits >> shift));
}

void put_header(std::string& out, std::uint8_t type, std::size_t size) {
  out += static_cast<char>(type);
  out.append(3, '\0');
  put_integer(out, static_cast<std::uint32_t>(size));
}

// Writes a message's members one after the other: integers in big endian, truth values and
// enumerations as a byte, text last and without its length.
struct member_writer {
  std::string& out;

  bool member(bool value) {
    put_integer(out, static_cast<std::uint8_t>(value));
    return true;
  }
  template <std::integral Integer>
  bool member(Integer value) {
    put_integer(out, value);
    return true;
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  bool member(Enum value) {
    put_integer(out, static_cast<std::uint8_t>(value));
    return true;
  }
  bool member(std::string_view text) {
    out.append(text.substr(0, largest_piece));
    return true;
  }
};

struct member_reader {
  std::string_view in;

  bool member(bool& value) {
    std::uint8_t byte = 0;
    bool valid = member(byte) && byte <= 1;
    value = byte != 0;
    return valid;
  }
  template <std::integral Integer>
  bool member(Integer& value) {
    if (in.size() < sizeof(Integer))
      return false;
    std::make_unsigned_t<Integer> bits = 0;
    for (char c : in.substr(0, sizeof(Integer)))
      bits = static_cast<std::make_unsigned_t<Integer>>((bits << 7) << 1 |
                                                        static_cast<unsigned char>(c));
    value = static_cast<Integer>(bits);
    in.remove_prefix(sizeof(Integer));
    return true;
  }
  bool member(source& value) {
    return member_enum(value) && (value == source::out || value == source::err);
  }
  bool member(process_state& value) { return member_enum(value) && value <= process_state::exited; }
  bool member(errc& value) { return member_enum(value) && value <= errc::system; }
  bool member(std::string_view& text) {
    text = std::exchange(in, {});
    return true;
  }
  bool member(std::string& text) {
    text = std::exchange(in, {});
    return true;
  }

private:
  template <class Enum>
  bool member_enum(Enum& value) {
    std::uint8_t byte = 0;
    bool valid = member(byte);
    value = static_cast<Enum>(byte);
    return valid;
  }
};

// The members of each message, for both directions; false if one cannot be read.
template <class F, class... Members>
bool members(F& f, Members&&... each) {
  return (f.member(each) && ...);
}

template <class F, class T>
bool visit_status(F& f, T& s) {
  return members(f, s.code, s.signal, s.finished_at, s.oom_killed);
}

template <class F, class T>
bool visit_members(F& f, T& m) {
  using message = std::remove_const_t<T>;
  if constexpr (std::same_as<message, resize_request>)
    return members(f, m.tag, m.rows, m.columns);
  else if constexpr (std::same_as<message, signal_request>)
    return members(f, m.tag, m.number);
  else if constexpr (std::same_as<message, attach_request>)
    return members(f, m.tag, m.input, m.out, m.err, m.unlogged, m.patience);
  else if constexpr (std::same_as<message, input_bytes>)
    return members(f, m.bytes);
  else if constexpr (std::same_as<message, await_log_request>)
    return members(f, m.seen.inode, m.seen.offset);
  else if constexpr (std::same_as<message, hello>)
    return members(f, m.version, m.state, m.pid, m.started_at, m.tty) && visit_status(f, m.exit);
  else if constexpr (std::same_as<message, done>)
    return members(f, m.tag, m.kind, m.text);
  else if constexpr (std::same_as<message, attached>)
    return members(f, m.tag, m.logged.inode, m.logged.offset);
  else if constexpr (std::same_as<message, output_bytes>)
    return members(f, m.from, m.bytes);
  else if constexpr (std::same_as<message, output_gap>)
    return members(f, m.out, m.err);
  else if constexpr (std::same_as<message, input_credit>)
    return members(f, m.bytes);
  else if constexpr (std::same_as<message, log_grew>)
    return members(f, m.end.inode, m.end.offset);
  else if constexpr (std::same_as<message, started_event>)
    return members(f, m.at);
  else if constexpr (std::same_as<message, exited>)
    return visit_status(f, m.status);
  else if constexpr (requires { m.tag; })
    return members(f, m.tag);
  else
    return true;
}

template <class Variant>
void encode_variant(std::string& out, const Variant& message, std::uint8_t bit) {
  const auto start = out.size();
  put_header(out, static_cast<std::uint8_t>(message.index() | bit), 0);
  member_writer writer{out};
  std::visit([&](const auto& m) { visit_members(writer, m); }, message);
  std::string size;
  put_integer(size, static_cast<std::uint32_t>(out.size() - start - header_size));
  out.replace(start + header_size - size.size(), size.size(), size);
}

template <class Variant, std::size_t... Index>
bool decode_variant(Variant& message, const frame_reader::frame& f, std::size_t index,
                    std::index_sequence<Index...>) {
  member_reader reader{f.payload};
  auto read = [&]<std::size_t I>() {
    auto& m = message.template emplace<I>();
    return visit_members(reader, m) && reader.in.empty();
  };
  return ((index == Index && read.template operator()<Index>()) || ...);
}

template <class Variant>
result<std::optional<Variant>> next_message(frame_reader& frames, std::string_view& input,
                                            std::uint8_t bit, const char* what) {
  auto frame = frames.next(input);
  if (!frame)
    return frame.error();
  if (!*frame)
    return std::optional<Variant>{};
  constexpr auto count = std::variant_size_v<Variant>;
  const auto type = (*frame)->type;
  const auto index = static_cast<std::size_t>(type ^ bit);
  auto complain = [&](const char* how) {
    return api_error{errc::invalid_parameter,
                     std::string{how} + ' ' + what + ' ' + std::to_string(type)};
  };
  if (index >= count)
    return complain("unknown");
  Variant message;
  if (!decode_variant(message, **frame, index, std::make_index_sequence<count>{}))
    return complain("malformed");
  return std::optional<Variant>{std::move(message)};
}

} // namespace

void encode(std::string& out, const request& message) { encode_variant(out, message, 0); }

void encode(std::string& out, const event& message) { encode_variant(out, message, event_bit); }

std::string output_head(source from, std::size_t size) {
  std::string head;
  encode(head, event{output_bytes{from, {}}});
  std::string length;
  put_integer(length, static_cast<std::uint32_t>(size + 1));
  head.replace(header_size - length.size(), length.size(), length);
  return head;
}

result<std::optional<frame_reader::frame>> frame_reader::next(std::string_view& input) {
  if (std::exchange(taken_, false))
    pending_.clear();
  auto size_of = [](std::string_view head) {
    std::uint32_t size = 0;
    member_reader{head.substr(header_size - sizeof(size))}.member(size);
    return header_size + size;
  };
  auto refuse = [](std::size_t whole) {
    return api_error{errc::invalid_parameter,
                     "message of " + std::to_string(whole - header_size) + " bytes"};
  };
  auto cut = [](std::string_view whole) {
    return std::optional{
        frame{static_cast<std::uint8_t>(whole.front()), whole.substr(header_size)}};
  };
  if (pending_.empty() && input.size() >= header_size) {
    const auto whole = size_of(input);
    if (whole > header_size + largest_payload)
      return refuse(whole);
    if (input.size() >= whole) {
      auto message = input.substr(0, whole);
      input.remove_prefix(whole);
      return cut(message);
    }
  }
  auto fill = [&](std::size_t size) {
    auto part = input.substr(0, size - std::min(size, pending_.size()));
    pending_.append(part);
    input.remove_prefix(part.size());
    return pending_.size() >= size;
  };
  if (!fill(header_size))
    return std::optional<frame>{};
  const auto whole = size_of(pending_);
  if (whole > header_size + largest_payload)
    return refuse(whole);
  if (!fill(whole))
    return std::optional<frame>{};
  taken_ = true;
  return cut(pending_);
}

result<std::optional<request>> request_decoder::next(std::string_view& input) {
  return next_message<request>(frames_, input, 0, "request");
}

result<std::optional<event>> event_decoder::next(std::string_view& input) {
  return next_message<event>(frames_, input, event_bit, "event");
}

} // namespace gantry::monitor
