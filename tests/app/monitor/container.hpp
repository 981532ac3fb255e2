#pragma once

#include "actors/host/unique_fd.hpp"
#include "protocol/monitor/messages.hpp"
#include "protocol/monitor/settings.hpp"
#include "tests/support/temp_dir.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gantry::test {

/// How long anything may take before a test fails.
inline constexpr std::chrono::seconds patience{30};

/// Path of `gantry-monitor`, which is built beside the test.
std::string monitor_program();

/// What the daemon is to a monitor: a client of its control socket. Blocking, with a deadline.
class control {
public:
  explicit control(const std::string& socket);

  void send(const monitor::request& message);
  /// Sends bytes as they are.
  void send_raw(std::string_view bytes);
  /// Reads on until a message of that type comes; output, gaps and credit are summed up on the way.
  template <class Event>
  Event wait() {
    for (;;) {
      auto message = next();
      if (!message)
        throw std::runtime_error("the monitor went away");
      if (auto* found = std::get_if<Event>(&*message))
        return *found;
    }
  }
  /// Sends a request and waits for its answer.
  monitor::done ask(const monitor::request& message);
  /// Attaches and waits until that is so.
  monitor::attached attach(const monitor::attach_request& message);
  /// Sends input as credit comes, reading meanwhile.
  void send_input(std::string_view bytes);
  /// Reads until `out` ends with the text.
  void wait_for_output(const std::string& text);
  /// Reads to the end of the connection; true if the last message was `exited`.
  bool read_to_end();
  /// True if a byte can be read now.
  bool has_news();
  /// The next message; nothing at the end of the connection.
  std::optional<monitor::event> next();
  void disconnect() { socket_.reset(); }

  monitor::hello greeting;
  std::string out;
  std::string err;
  monitor::output_gap gap;
  std::size_t credit = 0;
  std::optional<monitor::exit_status> exit;

private:
  void take(const monitor::event& message);

  host::unique_fd socket_;
  monitor::event_decoder decoder_;
  std::string block_;
  std::string_view input_;
};

/// A bundle with a root of busybox, and what a monitor needs for it.
class monitored_container {
public:
  /// The container is to run `script` in a shell.
  explicit monitored_container(const std::string& script, bool tty = false);
  monitored_container(monitored_container&&) = delete;
  ~monitored_container();

  /// Replaces what the container runs.
  void set_args(const std::vector<std::string>& args);
  /// Members added to `linux.resources`.
  void set_resources(const std::string& json);
  /// Settings for an exec in this container; its files are named after `name`.
  monitor::settings exec(const std::string& name, const std::string& script, bool tty = false);

  /// Starts a monitor; the reply is the pid or why there is none.
  result<std::int32_t> launch() { return launch(settings); }
  result<std::int32_t> launch(const monitor::settings& what);
  /// Starts a monitor, connects, and has it start the process.
  control run();

  /// What the monitor left, once it has.
  std::optional<monitor::exit_record> exit_record() const;
  /// The texts of its log, of both outputs or of one.
  std::string log(std::optional<monitor::source> from = {}) const;
  /// Asks the runtime.
  std::string status() const;

  temp_dir dir;
  monitor::settings settings;
  bool monitor_killed = false; ///< its socket will stay

private:
  void write_config() const;

  std::vector<std::string> args_;
  std::string resources_;
  bool tty_;
};

/// The monitor's pid: the parent of the process.
int parent_of(int pid);
/// True if it is there and no zombie.
bool is_alive(int pid);
/// Between two looks at a condition.
void pause_a_little();
/// Waits for a condition; false if it did not come.
template <class Condition>
bool eventually(Condition holds) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    pause_a_little();
  }
  return true;
}

} // namespace gantry::test
