#include "app/log.hpp"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>

#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string_view>

namespace gantry::app {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

/// How long the end of the log waits for a reader that takes nothing.
constexpr auto closing_patience = 1s;

/// The most that a pipe which polls writable is sure to take without blocking.
constexpr std::size_t chunk_size = 4096;

/// sd-daemon(3): the priority that stands before a line.
char journal_priority(log::level severity) {
  switch (severity) {
  case log::level::debug:
    return '7';
  case log::level::info:
    return '6';
  case log::level::warn:
    return '4';
  case log::level::error:
    return '3';
  case log::level::fatal:
    return '2';
  }
  return '6';
}

/// RFC 3339 in UTC with nanoseconds.
void append_time(std::string& out, std::chrono::system_clock::time_point when) {
  auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch());
  auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  std::time_t whole = seconds.count();
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  char text[64];
  auto n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  out.append(text, n);
  n = static_cast<std::size_t>(
      std::snprintf(text, sizeof text, ".%09dZ", static_cast<int>((since - seconds).count())));
  out.append(text, n);
}

/// Length of the valid UTF-8 sequence at the start of `text`, or 0. Source: RFC 3629 §4.
std::size_t utf8_length(std::string_view text) {
  auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto lead = byte(0);
  if (lead < 0x80)
    return 1;
  std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length)
    return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
  bool is_overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  bool is_out_of_range = (lead == 0xed && byte(1) > 0x9f) || (lead == 0xf4 && byte(1) > 0x8f);
  return is_overlong || is_out_of_range ? 0 : length;
}

/// A JSON string whatever the bytes: what is not UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    auto length = utf8_length(text);
    auto c = static_cast<unsigned char>(text.front());
    if (length == 0) {
      out += "\xef\xbf\xbd";
      length = 1;
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += text.front();
    } else if (c == '\n') {
      out += "\\n";
    } else if (c < 0x20 || c == 0x7f) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", c);
      out += code;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  out += '"';
}

void append_json(std::string& out, const log::record& line) {
  out += R"("level":)";
  append_json_string(out, log::to_string(line.severity));
  out += R"(,"msg":)";
  append_json_string(out, line.text);
  if (!line.component.empty()) {
    out += R"(,"component":)";
    append_json_string(out, line.component);
  }
  for (const log::field& each : line.fields) {
    out += ',';
    append_json_string(out, each.key());
    out += ':';
    if (each.is_literal())
      out += each.value();
    else
      append_json_string(out, each.value());
  }
  if (line.request != 0)
    out.append(R"(,"request":)").append(std::to_string(line.request));
  out += '}';
}

/// Writes finished lines to a descriptor, in the writer's thread only.
class fd_sink final : public spdlog::sinks::sink {
public:
  explicit fd_sink(log_options options) : options_(options) {}

  /// The pool whose losses are told; set before the first line.
  void watch(spdlog::details::thread_pool* pool) { pool_ = pool; }

  /// From now on a reader has `closing_patience` to take what is left.
  void close_soon() {
    give_up_at_.store((steady_clock::now() + closing_patience).time_since_epoch().count());
  }

  std::uint64_t dropped() const { return pool_->overrun_counter() + cut_.load(); }

  void log(const spdlog::details::log_msg& message) override {
    tell_dropped();
    write_line({message.payload.data(), message.payload.size()});
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

private:
  void tell_dropped() {
    auto count = dropped();
    if (count == told_)
      return;
    log::field fields[] = {{"count", count - told_}};
    told_ = count;
    std::string line;
    append_line(line, options_, std::chrono::system_clock::now(),
                {log::level::warn, "log", "dropped lines: the reader is too slow", fields});
    write_line(line);
  }

  /// Waits for the reader in slices, so that `close_soon` is noticed.
  bool wait_until_writable() const {
    for (;;) {
      pollfd entry{options_.fd, POLLOUT, 0};
      auto give_up_at = give_up_at_.load();
      bool is_late =
          give_up_at != 0 && steady_clock::now().time_since_epoch().count() >= give_up_at;
      int n = ::poll(&entry, 1, is_late ? 0 : 100);
      if (n > 0)
        return (entry.revents & POLLOUT) != 0;
      if (n < 0 && errno != EINTR)
        return false;
      if (is_late)
        return false;
    }
  }

  void write_line(std::string_view line) {
    while (!line.empty()) {
      if (!wait_until_writable()) {
        ++cut_;
        return;
      }
      auto n = ::write(options_.fd, line.data(), std::min(line.size(), chunk_size));
      if (n > 0) {
        line.remove_prefix(static_cast<std::size_t>(n));
      } else if (n < 0 && errno != EINTR && errno != EAGAIN) {
        ++cut_; // a log that cannot be written has no place to say so
        return;
      }
    }
  }

  log_options options_;
  spdlog::details::thread_pool* pool_ = nullptr;
  std::atomic<steady_clock::rep> give_up_at_{0}; // 0: never
  std::atomic<std::uint64_t> cut_{0};            // lines lost here rather than in the queue
  std::uint64_t told_ = 0;
};

/// Threads started while it lives leave all signals to the others.
class all_signals_blocked {
public:
  all_signals_blocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~all_signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  all_signals_blocked(const all_signals_blocked&) = delete;
  all_signals_blocked& operator=(const all_signals_blocked&) = delete;

private:
  sigset_t before_{};
};

/// A writer at work. Its end begins with the pool's, which writes what is queued and joins the
/// thread.
struct pipeline {
  pipeline(log_options how, std::size_t queue_length)
      : options(how), sink(std::make_shared<fd_sink>(how)) {
    all_signals_blocked guard;
    pool = std::make_shared<spdlog::details::thread_pool>(queue_length, 1);
    sink->watch(pool.get());
    logger = std::make_shared<spdlog::async_logger>("gantry", sink, pool,
                                                    spdlog::async_overflow_policy::overrun_oldest);
    logger->set_level(spdlog::level::trace); // log::enabled has decided
    logger->set_error_handler([](const std::string&) {});
  }

  log_options options;
  std::shared_ptr<fd_sink> sink;
  std::shared_ptr<spdlog::async_logger> logger;
  std::shared_ptr<spdlog::details::thread_pool> pool;
};

// Shared by writers of lines, exclusive for the two moments when the log comes and goes.
std::shared_mutex pipeline_mutex;
std::unique_ptr<pipeline> present;

void emit(const log::record& line) noexcept {
  try {
    std::shared_lock lock(pipeline_mutex);
    if (!present)
      return;
    std::string text;
    append_line(text, present->options, std::chrono::system_clock::now(), line);
    present->logger->log(spdlog::level::info, spdlog::string_view_t(text.data(), text.size()));
  } catch (...) { // no memory for a log line: do without it
  }
}

} // namespace

log_options stderr_log(log_format format) {
  log_options out;
  out.format = format;
  unsigned long long device = 0;
  unsigned long long inode = 0;
  struct stat facts {};
  const char* journal = std::getenv("JOURNAL_STREAM");
  out.journal = journal != nullptr && std::sscanf(journal, "%llu:%llu", &device, &inode) == 2 &&
                ::fstat(out.fd, &facts) == 0 && facts.st_dev == device && facts.st_ino == inode;
  return out;
}

void append_line(std::string& out, const log_options& options,
                 std::chrono::system_clock::time_point when, const log::record& line) {
  if (options.journal) {
    out += '<';
    out += journal_priority(line.severity);
    out += '>';
  }
  bool is_json = options.format == log_format::json;
  if (is_json)
    out += '{';
  if (!options.journal) {
    out += is_json ? R"("time":")" : R"(time=")";
    append_time(out, when);
    out += is_json ? "\"," : "\" ";
  }
  if (is_json)
    append_json(out, line);
  else
    log::append_logfmt(out, line);
  out += '\n';
}

log_writer::log_writer(log_options options, std::size_t queue_length) {
  auto next = std::make_unique<pipeline>(options, queue_length);
  std::unique_lock lock(pipeline_mutex);
  present = std::move(next);
  log::set_sink(&emit);
}

log_writer::~log_writer() {
  log::set_sink(nullptr);
  std::unique_ptr<pipeline> last;
  {
    std::unique_lock lock(pipeline_mutex);
    last = std::move(present);
  }
  last->sink->close_soon();
}

std::uint64_t log_writer::dropped() {
  std::shared_lock lock(pipeline_mutex);
  return present ? present->sink->dropped() : 0;
}

} // namespace gantry::app
