#include "protocol/stream/json_message.hpp"

#include "protocol/stream/json_text.hpp"

#include <string_view>

namespace gantry::stream {
namespace {

// Writes the members of one object that are not empty.
class object_writer {
public:
  explicit object_writer(std::string& out) : out_{out} { out_ += '{'; }

  void add(std::string_view key, std::string_view text) {
    if (text.empty())
      return;
    begin(key);
    append_json_string(out_, text);
  }
  void add(std::string_view key, std::int64_t number) {
    if (number == 0)
      return;
    begin(key);
    out_ += std::to_string(number);
  }
  void add_flag(std::string_view key, bool value) {
    if (value)
      add_json(key, "true");
  }
  void add_json(std::string_view key, std::string_view json) {
    if (json.empty())
      return;
    begin(key);
    out_ += json;
  }
  /// Writes the key; the caller appends the value.
  void begin(std::string_view key) {
    if (!first_)
      out_ += ',';
    first_ = false;
    append_json_string(out_, key);
    out_ += ':';
  }
  void end() { out_ += '}'; }

private:
  std::string& out_;
  bool first_ = true;
};

void append_progress(std::string& out, const progress_detail& p, bool current) {
  object_writer w{out};
  w.add("current", p.current);
  w.add("total", p.total);
  w.add("start", p.start);
  if (current) {
    w.add_flag("hidecounts", p.hide_counts);
    w.add("units", p.units);
  }
  w.end();
}

void append_failure(std::string& out, const message_failure& f, bool current) {
  object_writer w{out};
  if (current)
    w.add("code", f.code);
  w.add("message", f.message);
  w.end();
}

} // namespace

std::string encode(const json_message& m, message_form form) {
  const bool current = form == message_form::current;
  std::string out;
  object_writer w{out};
  w.add("stream", m.stream);
  w.add("status", m.status);
  if (m.progress) {
    w.begin("progressDetail");
    append_progress(out, *m.progress, current);
  }
  w.add("progress", m.progress_text);
  w.add("id", m.id);
  w.add("from", m.from);
  w.add("time", m.time);
  if (current)
    w.add("timeNano", m.time_nano);
  if (m.failure) {
    w.begin("errorDetail");
    append_failure(out, *m.failure, current);
    w.add("error", m.failure->message);
  }
  if (current)
    w.add_json("aux", m.aux);
  w.end();
  if (current || !m.progress)
    out += "\r\n";
  return out;
}

} // namespace gantry::stream
