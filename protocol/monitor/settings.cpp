#include "protocol/monitor/settings.hpp"

#include "protocol/monitor/fields.hpp"

#include <algorithm>
#include <optional>

namespace gantry::monitor {
namespace {

using work = settings::work;

// Writes and reads text, numbers, durations, lists and words by their C++ types, so that one list
// of keys serves both directions.
struct field_writer {
  std::string out;

  void field(std::string_view key, const std::string& value) {
    if (!value.empty())
      append_field(out, key, value);
  }
  template <std::integral Number>
  void field(std::string_view key, Number value) {
    append_field(out, key, value);
  }
  void field(std::string_view key, std::chrono::milliseconds value) {
    append_field(out, key, value.count());
  }
  void field(std::string_view key, const std::vector<std::string>& values) {
    for (const auto& value : values)
      append_field(out, key, value);
  }
  void field(std::string_view key, work value) {
    append_field(out, key, std::string_view{value == work::exec_process ? "exec" : "create"});
  }
  void field(std::string_view key, log_driver value) {
    append_field(out, key, std::string_view{to_string(value)});
  }
};

struct field_reader {
  std::string_view key;
  std::string value;
  bool valid = true;

  template <class Value>
  void field(std::string_view name, Value& target) {
    if (key == name)
      valid = read(target);
  }

  bool read(std::string& target) {
    target = value;
    return true;
  }
  template <std::integral Number>
  bool read(Number& target) {
    return read_number(value, target);
  }
  bool read(std::chrono::milliseconds& target) {
    std::int32_t count = 0;
    if (!read_number(value, count) || count < 0)
      return false;
    target = std::chrono::milliseconds{count};
    return true;
  }
  bool read(std::vector<std::string>& target) {
    target.push_back(value);
    return true;
  }
  bool read(work& target) {
    target = value == "exec" ? work::exec_process : work::create_container;
    return value == "exec" || value == "create";
  }
  bool read(log_driver& target) {
    for (auto driver : {log_driver::json_file, log_driver::local, log_driver::none}) {
      if (value == to_string(driver)) {
        target = driver;
        return true;
      }
    }
    return false;
  }
};

template <class Fields, class Settings>
void visit_settings(Fields& f, Settings& s) {
  f.field("mode", s.mode);
  f.field("id", s.id);
  f.field("runtime", s.runtime);
  f.field("runtime_arg", s.runtime_args);
  f.field("without_mount", s.without_mount);
  f.field("bundle", s.bundle);
  f.field("process_file", s.process_file);
  f.field("pid_file", s.pid_file);
  f.field("runtime_log", s.runtime_log);
  f.field("exit_file", s.exit_file);
  f.field("control_socket", s.control_socket);
  f.field("console_socket", s.console_socket);
  f.field("tty", s.tty);
  f.field("open_stdin", s.open_stdin);
  f.field("stdin_once", s.stdin_once);
  f.field("held", s.held);
  f.field("hold_limit_ms", s.hold_limit);
  f.field("rows", s.rows);
  f.field("columns", s.columns);
  f.field("log_driver", s.log.driver);
  f.field("log_path", s.log.path);
  f.field("log_max_size", s.log.max_size);
  f.field("log_max_files", s.log.max_files);
  f.field("log_attrs", s.log_attrs);
  f.field("runtime_deadline_ms", s.runtime_deadline);
  f.field("drain_limit_ms", s.drain_limit);
  f.field("linger_limit_ms", s.linger_limit);
  f.field("join_cgroup", s.join_cgroups);
  f.field("cgroup_root", s.cgroup_root);
  f.field("start_fifo", s.start_fifo);
}

template <class Fields, class Record>
void visit_record(Fields& f, Record& r) {
  f.field("pid", r.pid);
  f.field("started_at", r.started_at);
  f.field("finished_at", r.status.finished_at);
  f.field("code", r.status.code);
  f.field("signal", r.status.signal);
  f.field("oom_killed", r.status.oom_killed);
  f.field("lost_log_bytes", r.lost_log_bytes);
}

api_error settings_error(std::string_view key, std::string_view what) {
  return {errc::invalid_parameter,
          "monitor settings: " + std::string{key} + ": " + std::string{what}};
}

// What is wrong with settings, if anything is.
std::optional<api_error> complaint(const settings& s) {
  struct path_rule {
    std::string_view key;
    const std::string& path;
    bool needed;
  };
  const bool exec = s.mode == work::exec_process;
  const path_rule rules[] = {
      {"runtime", s.runtime, true},
      {"bundle", s.bundle, !exec},
      {"process_file", s.process_file, exec},
      {"pid_file", s.pid_file, true},
      {"runtime_log", s.runtime_log, true},
      {"exit_file", s.exit_file, true},
      {"control_socket", s.control_socket, true},
      {"console_socket", s.console_socket, s.tty},
      {"log_path", s.log.path, s.log.driver != log_driver::none},
      {"cgroup_root", s.cgroup_root, false},
      {"start_fifo", s.start_fifo, false},
  };
  if (s.id.empty())
    return settings_error("id", "is missing");
  for (const auto& rule : rules) {
    if (rule.path.empty() && rule.needed)
      return settings_error(rule.key, "is missing");
    if (!rule.path.empty() && rule.path.front() != '/')
      return settings_error(rule.key, "is not an absolute path");
    if (rule.path.find('\0') != std::string::npos)
      return settings_error(rule.key, "has a zero byte");
  }
  if (s.log.max_files == 0)
    return settings_error("log_max_files", "is less than 1");
  if (s.log_attrs.find('\n') != std::string::npos)
    return settings_error("log_attrs", "has a line break");
  return std::nullopt;
}

} // namespace

std::string encode(const settings& value) {
  field_writer writer;
  visit_settings(writer, value);
  // NOTE: here empty is not what is there without it.
  if (value.cgroup_root.empty())
    append_field(writer.out, "cgroup_root", std::string_view{});
  return std::move(writer.out);
}

result<settings> decode_settings(std::string_view text) {
  settings value;
  field_reader reader;
  while (next_field(text, reader.key, reader.value)) {
    visit_settings(reader, value);
    if (!reader.valid)
      return settings_error(reader.key, "invalid value '" + reader.value + "'");
  }
  if (!text.empty())
    return settings_error(text.substr(0, text.find('=')), "the line has no end");
  if (auto wrong = complaint(value))
    return *wrong;
  return value;
}

std::string encode_launch_reply(const result<std::int32_t>& pid) {
  std::string out;
  if (pid) {
    append_field(out, "pid", *pid);
    return out;
  }
  append_field(out, "kind", std::string_view{to_string(pid.error().kind)});
  append_field(out, "error", pid.error().message);
  return out;
}

result<std::int32_t> decode_launch_reply(std::string_view text) {
  std::string_view key;
  std::string value;
  api_error failure{errc::system, "the monitor said nothing"};
  while (next_field(text, key, value)) {
    std::int32_t pid = 0;
    if (key == "pid" && read_number(value, pid) && pid > 0)
      return pid;
    if (key == "error")
      failure.message = value;
    if (key != "kind")
      continue;
    for (auto kind : {errc::not_found, errc::invalid_parameter, errc::conflict, errc::not_modified,
                      errc::unauthorized, errc::forbidden, errc::unavailable, errc::not_implemented,
                      errc::system})
      if (value == to_string(kind))
        failure.kind = kind;
  }
  return failure;
}

std::string encode(const exit_record& value) {
  field_writer writer;
  visit_record(writer, value);
  // The mark of a whole file comes last.
  append_field(writer.out, "complete", true);
  return std::move(writer.out);
}

result<exit_record> decode_exit_record(std::string_view text) {
  exit_record value;
  bool complete = false;
  field_reader reader;
  while (next_field(text, reader.key, reader.value)) {
    visit_record(reader, value);
    reader.field("complete", complete);
    if (!reader.valid)
      return api_error{errc::invalid_parameter, "exit file: invalid value of " +
                                                    std::string{reader.key} + ": '" + reader.value +
                                                    "'"};
  }
  if (!complete)
    return api_error{errc::invalid_parameter, "exit file: not whole"};
  return value;
}

} // namespace gantry::monitor
