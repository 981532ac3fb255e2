#include "actors/logs/json_record.hpp"

#include "protocol/stream/json_text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>

namespace gantry::logs {
namespace {

constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;

// True for what stands for itself in a JSON string: printable ASCII but `"`, `\`, `<`, `>`, `&`.
constexpr auto plain = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c < 0x80; ++c)
    table[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
  return table;
}();

// The end of the run of plain bytes at the front. Takes eight at a time: most of what is logged is
// plain, and this is most of the work of a logger.
const char* skip_plain(const char* at, const char* end) {
  if constexpr (std::endian::native == std::endian::little) {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t high = ones << 7;
    // Marks the bytes that are 0; those above one that is may be marked as well.
    const auto zeros = [](std::uint64_t x) { return (x - ones) & ~x; };
    for (; end - at >= 8; at += 8) {
      std::uint64_t x = 0;
      std::memcpy(&x, at, 8);
      const auto special = (x | (x - ones * 0x20) | zeros(x ^ ones * '\\') |
                            zeros((x | ones * 4) ^ ones * '&') |  // `"` has that bit not set
                            zeros((x | ones * 2) ^ ones * '>')) & // nor has `<`
                           high;
      if (special != 0)
        return at + std::countr_zero(special) / 8;
    }
  }
  return std::find_if_not(at, end, [](char c) { return plain[static_cast<unsigned char>(c)]; });
}

// Appends text as the inside of a JSON string. NOTE: not the encoder of replies: Docker's logger
// has one of its own, which writes a tab as a number.
void append_json_inside(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    const char* run = at;
    at = skip_plain(at, end);
    out.append(run, at);
    if (at == end)
      return;
    const auto c = static_cast<unsigned char>(*at);
    if (c >= 0x80) {
      const std::string_view rest{at, end};
      const auto used = stream::utf8_sequence(rest);
      if (used == 0)
        out += "\\ufffd";
      else if (rest.starts_with("\xe2\x80\xa8") || rest.starts_with("\xe2\x80\xa9"))
        out += rest[2] == '\xa8' ? "\\u2028" : "\\u2029";
      else
        out.append(rest.substr(0, used));
      at += used == 0 ? 1 : used;
      continue;
    }
    ++at;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      out += "\\u00";
      out += hex[c >> 4];
      out += hex[c & 15];
    }
  }
}

template <std::size_t Width>
std::array<char, Width> digits_of(std::uint32_t number) {
  std::array<char, Width> digits{};
  for (auto i = Width; i-- > 0; number /= 10)
    digits[i] = static_cast<char>('0' + number % 10);
  return digits;
}

template <std::size_t Width>
void append_digits(std::string& out, std::uint32_t number) {
  const auto digits = digits_of<Width>(number);
  out.append(digits.data(), Width);
}

// Takes exactly `width` digits off the front.
inline bool take_digits(std::string_view& text, std::size_t width, int& number) {
  if (text.size() < width)
    return false;
  number = 0;
  for (char c : text.substr(0, width)) {
    if (c < '0' || c > '9')
      return false;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(width);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c)
    return false;
  text.remove_prefix(1);
  return true;
}

void append_utf8(std::string& out, std::uint32_t c) {
  auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

// Walks over one JSON value after the other, without building anything.
class json_cursor {
public:
  explicit json_cursor(std::string_view text) : rest_{text} {}

  // Takes a mark such as `{` or `:`, and the white space before it.
  bool mark(char c) {
    skip_space();
    return take(rest_, c);
  }

  bool at_end() {
    skip_space();
    return rest_.empty();
  }

  // Takes a string. The text is a view of the input, or of `buffer` if something was escaped.
  bool text(std::string_view& value, std::string& buffer) {
    if (!mark('"'))
      return false;
    auto size = plain_run();
    if (size < rest_.size() && rest_[size] == '"') {
      value = rest_.substr(0, size);
      rest_.remove_prefix(size + 1);
      return true;
    }
    buffer.clear();
    for (;; size = plain_run()) {
      buffer.append(rest_.substr(0, size));
      rest_.remove_prefix(size);
      if (take(rest_, '"')) {
        value = buffer;
        return true;
      }
      if (!escape(buffer))
        return false;
    }
  }

  // Steps over any value. Its brackets are counted, not matched.
  bool skip() {
    skip_space();
    std::size_t depth = 0;
    std::string ignored;
    std::string_view value;
    do {
      skip_space();
      if (rest_.empty())
        return false;
      const char c = rest_.front();
      if (c == '"') {
        if (!text(value, ignored))
          return false;
        continue;
      }
      if (c == '{' || c == '[')
        ++depth;
      else if ((c == '}' || c == ']') && depth > 0)
        --depth;
      else if (depth == 0 && (c == '}' || c == ']' || c == ',' || c == ':'))
        return false;
      if (depth == 0 && c != '}' && c != ']') {
        while (!rest_.empty() && std::strchr(",}] \t", rest_.front()) == nullptr)
          rest_.remove_prefix(1);
        return true;
      }
      rest_.remove_prefix(1);
    } while (depth > 0);
    return true;
  }

  // Takes a whole object and gives each key to `member`, which takes the value; false ends it.
  template <class Member>
  bool object(Member member) {
    if (!mark('{'))
      return false;
    if (mark('}'))
      return true;
    std::string buffer;
    std::string_view key;
    do {
      if (!text(key, buffer) || !mark(':') || !member(key))
        return false;
    } while (mark(','));
    return mark('}');
  }

private:
  void skip_space() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t' ||
                              rest_.front() == '\n' || rest_.front() == '\r'))
      rest_.remove_prefix(1);
  }

  // Bytes up to the next quote or backslash. memchr(3) takes many bytes at a time.
  std::size_t plain_run() {
    if (const void* quote = std::memchr(rest_.data(), '"', rest_.size())) {
      const auto size = static_cast<std::size_t>(static_cast<const char*>(quote) - rest_.data());
      const void* slash = std::memchr(rest_.data(), '\\', size);
      return slash ? static_cast<std::size_t>(static_cast<const char*>(slash) - rest_.data())
                   : size;
    }
    return rest_.size();
  }

  bool code_unit(std::uint32_t& unit) {
    if (rest_.size() < 4)
      return false;
    unit = 0;
    for (char c : rest_.substr(0, 4)) {
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0)
        return false;
      unit = unit << 4 | static_cast<std::uint32_t>(digit);
    }
    rest_.remove_prefix(4);
    return true;
  }

  bool escape(std::string& out) {
    static constexpr std::string_view names = "\"\\/bfnrt";
    static constexpr std::string_view values = "\"\\/\b\f\n\r\t";
    if (rest_.size() < 2 || rest_.front() != '\\')
      return false;
    const char c = rest_[1];
    rest_.remove_prefix(2);
    if (auto at = names.find(c); at != std::string_view::npos) {
      out += values[at];
      return true;
    }
    std::uint32_t unit = 0;
    if (c != 'u' || !code_unit(unit))
      return false;
    if (unit >= 0xd800 && unit < 0xdc00 && rest_.starts_with("\\u")) {
      auto before = rest_;
      std::uint32_t low = 0;
      rest_.remove_prefix(2);
      if (code_unit(low) && low >= 0xdc00 && low < 0xe000) {
        append_utf8(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
        return true;
      }
      rest_ = before;
    }
    append_utf8(out, unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit);
    return true;
  }

  std::string_view rest_;
};

} // namespace

void append_time(std::string& out, std::int64_t time) {
  using namespace std::chrono;
  std::int64_t second = time / nanoseconds_per_second;
  std::int64_t fraction = time % nanoseconds_per_second;
  if (fraction < 0) {
    fraction += nanoseconds_per_second;
    --second;
  }
  // Lines of the same second share the text up to it.
  thread_local std::int64_t known_second = 0;
  thread_local std::string known = "1970-01-01T00:00:00";
  if (second != known_second) {
    const sys_seconds point{seconds{second}};
    const auto midnight = floor<days>(point);
    const year_month_day date{midnight};
    const hh_mm_ss clock{point - midnight};
    known.clear();
    append_digits<4>(known, static_cast<std::uint32_t>(static_cast<int>(date.year())));
    known += '-';
    append_digits<2>(known, static_cast<unsigned>(date.month()));
    known += '-';
    append_digits<2>(known, static_cast<unsigned>(date.day()));
    known += 'T';
    append_digits<2>(known, static_cast<std::uint32_t>(clock.hours().count()));
    known += ':';
    append_digits<2>(known, static_cast<std::uint32_t>(clock.minutes().count()));
    known += ':';
    append_digits<2>(known, static_cast<std::uint32_t>(clock.seconds().count()));
    known_second = second;
  }
  out.append(known);
  if (fraction != 0) {
    const auto digits = digits_of<9>(static_cast<std::uint32_t>(fraction));
    std::size_t shown = digits.size();
    while (digits[shown - 1] == '0')
      --shown;
    out += '.';
    out.append(digits.data(), shown);
  }
  out += 'Z';
}

namespace {

// Takes `2026-11-22T07:27:49` off the front: seconds since 1970, in whatever zone it is.
bool take_seconds(std::string_view& text, std::int64_t& seconds) {
  using namespace std::chrono;
  // Lines of the same second share the text up to it.
  constexpr std::size_t size = std::string_view{"2026-11-22T07:27:49"}.size();
  thread_local std::array<char, size> known{};
  thread_local std::int64_t known_seconds = 0;
  const auto given = text.substr(0, size);
  if (given == std::string_view{known.data(), size}) {
    text.remove_prefix(size);
    seconds = known_seconds;
    return true;
  }
  int y = 0, m = 0, d = 0, hour = 0, minute = 0, second = 0;
  if (!take_digits(text, 4, y) || !take(text, '-') || !take_digits(text, 2, m) ||
      !take(text, '-') || !take_digits(text, 2, d) || !take(text, 'T') ||
      !take_digits(text, 2, hour) || !take(text, ':') || !take_digits(text, 2, minute) ||
      !take(text, ':') || !take_digits(text, 2, second))
    return false;
  const year_month_day date{year{y}, month{static_cast<unsigned>(m)},
                            day{static_cast<unsigned>(d)}};
  if (!date.ok() || y < 1678 || y > 2261 || hour > 23 || minute > 59 || second > 60)
    return false;
  const std::int64_t day_seconds = sys_days{date}.time_since_epoch().count() * std::int64_t{86400};
  seconds = day_seconds + hour * 3600 + minute * 60 + second;
  given.copy(known.data(), size);
  known_seconds = seconds;
  return true;
}

} // namespace

bool read_time(std::string_view text, std::int64_t& time) {
  std::int64_t seconds = 0;
  if (!take_seconds(text, seconds))
    return false;
  std::int64_t fraction = 0;
  if (take(text, '.')) {
    std::int64_t scale = nanoseconds_per_second;
    if (text.empty() || text.front() < '0' || text.front() > '9')
      return false;
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1))
      if (scale > 1)
        fraction += (scale /= 10) * (text.front() - '0');
  }
  int zone = 0;
  if (!take(text, 'Z')) {
    const int sign = take(text, '-') ? -1 : take(text, '+') ? 1 : 0;
    int zone_hours = 0, zone_minutes = 0;
    if (sign == 0 || !take_digits(text, 2, zone_hours) || !take(text, ':') ||
        !take_digits(text, 2, zone_minutes) || zone_hours > 23 || zone_minutes > 59)
      return false;
    zone = sign * (zone_hours * 3600 + zone_minutes * 60);
  }
  if (!text.empty())
    return false;
  time = (seconds - zone) * nanoseconds_per_second + fraction;
  return true;
}

void append_json_record(std::string& out, source from, std::int64_t time, std::string_view text,
                        bool partial, std::string_view attrs) {
  out += R"({"log":")";
  append_json_inside(out, text);
  out += partial ? R"(","stream":")" : R"(\n","stream":")";
  out += from == source::err ? R"(stderr")" : R"(stdout")";
  if (!attrs.empty()) {
    out += R"(,"attrs":)";
    out += attrs;
  }
  out += R"(,"time":")";
  append_time(out, time);
  out += "\"}\n";
}

namespace {

// Reads a line of the form in which nearly all are: members in the order of the writer, no
// attributes, nothing escaped but the line break at the end. False for any other.
bool read_plain_record(std::string_view line, record& into, std::string& buffer) {
  constexpr std::string_view begin = R"({"log":")";
  constexpr std::string_view before_stream = R"(","stream":")";
  constexpr std::string_view before_time = R"(","time":")";
  constexpr std::string_view end = R"("})";
  constexpr std::size_t stream_size = std::string_view{"stdout"}.size();
  constexpr std::size_t longest_time = std::string_view{"2026-11-22T07:27:49.436164842Z"}.size();
  constexpr auto longest_end = before_time.size() + longest_time + end.size();
  if (line.size() < begin.size() + before_stream.size() + stream_size + longest_end ||
      !line.starts_with(begin) || !line.ends_with(end))
    return false;
  const auto time_at = line.find(before_time, line.size() - longest_end);
  if (time_at == std::string_view::npos)
    return false;
  auto text = line.substr(0, time_at);
  const auto stream = text.substr(text.size() - stream_size);
  text.remove_suffix(stream_size);
  if (!text.ends_with(before_stream) || (stream != "stdout" && stream != "stderr"))
    return false;
  text.remove_suffix(before_stream.size());
  text.remove_prefix(begin.size());
  const auto escape = text.find('\\');
  const bool whole = escape != std::string_view::npos;
  if (whole && text.substr(escape) != "\\n")
    return false;
  text = text.substr(0, escape);
  auto time = line.substr(time_at + before_time.size());
  time.remove_suffix(end.size());
  if (text.find('"') != std::string_view::npos || !read_time(time, into.time))
    return false;
  if (whole)
    text = buffer.assign(text).append(1, '\n');
  into.bytes = text;
  into.partial = !whole;
  into.from = stream == "stderr" ? source::err : source::out;
  into.attrs.clear();
  return true;
}

} // namespace

bool read_json_record(std::string_view line, record& into, std::string& buffer, bool with_attrs) {
  if (read_plain_record(line, into, buffer))
    return true;
  bool has_time = false;
  std::string scratch;
  std::string_view value;
  into.attrs.clear();
  into.from = source::out;
  into.bytes = {};
  json_cursor cursor{line};
  const bool whole = cursor.object([&](std::string_view key) {
    if (key == "log")
      return cursor.text(into.bytes, buffer);
    if (key == "stream") {
      if (!cursor.text(value, scratch))
        return false;
      into.from = value == "stderr" ? source::err : source::out;
      return true;
    }
    if (key == "time")
      return has_time = cursor.text(value, scratch) && read_time(value, into.time);
    if (key != "attrs" || !with_attrs)
      return cursor.skip();
    return cursor.object([&](std::string_view name) {
      std::string attr{name};
      if (!cursor.text(value, scratch))
        return cursor.skip();
      into.attrs.emplace_back(std::move(attr), value);
      return true;
    });
  });
  into.partial = !into.bytes.ends_with('\n');
  // NOTE: "log" may be missing: Docker leaves out what is empty.
  return whole && has_time && cursor.at_end();
}

std::string json_text_member(std::string_view object, std::string_view key) {
  std::string found;
  std::string buffer;
  std::string_view value;
  json_cursor cursor{object};
  cursor.object([&](std::string_view name) {
    if (name != key || !cursor.text(value, buffer))
      return cursor.skip();
    found = value;
    return true;
  });
  return found;
}

} // namespace gantry::logs
