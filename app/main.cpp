#include "actors/host/oom_score.hpp"
#include "actors/host/pidfile.hpp"
#include "actors/host/rlimits.hpp"
#include "actors/host/sd_notify.hpp"
#include "actors/runtime/log.hpp"
#include "app/daemon.hpp"
#include "app/log.hpp"
#include "app/options.hpp"
#include "app/signals.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace gantry;

/// Clauses 2.5, K-8: the fourth INT or TERM does not wait any longer.
constexpr int signals_that_force = 4;

void log_stop(int signal) {
  log::write(log::level::info, "daemon",
             "Received signal '" + app::signal_name(signal) + "', starting shutdown of gantry...");
}

/// Clause 2.5: without clean-up.
[[noreturn]] void force_end(int signal) {
  std::fputs("Force shutdown of gantry, interrupting cleanup\n", stderr);
  ::_exit(128 + signal);
}

/// What ended the daemon, told by one of its threads.
struct ending {
  std::mutex mutex;
  bool ended = false;
  std::string error;
};

void reload(app::daemon& daemon, const app::run& run, const app::environment& env) {
  log::write(log::level::info, "daemon", "Got signal to reload configuration");
  auto again = app::configure(run.flags, env);
  if (!again) {
    log::write(log::level::error, "daemon", "keeps the configuration it has",
               {{"error", again.error().message}});
    return;
  }
  daemon.reload(again->values);
}

/// Goes on to read signals while the daemon's parts come apart, which may take long if one of them
/// is stuck in the kernel.
class last_signals {
public:
  last_signals(const app::signals& source, int stops)
      : source_(source), thread_([this, stops] { read(stops); }) {}
  ~last_signals() {
    done_ = true;
    source_.wake();
    thread_.join();
  }

private:
  void read(int stops) {
    while (!done_) {
      auto signal = source_.next();
      if (signal != SIGINT && signal != SIGTERM)
        continue;
      log_stop(signal);
      if (++stops >= signals_that_force)
        force_end(signal);
    }
  }

  const app::signals& source_;
  std::atomic<bool> done_{false};
  std::thread thread_;
};

int serve(const app::run& run, const app::environment& env, host::socket_activation activated) {
  app::signals signals;
  app::log_writer log_writer{app::stderr_log(run.config.values.format)};
  log::set_level(run.config.values.effective_level());
  host::sd_notifier notifier{std::getenv("NOTIFY_SOCKET")};
  if (auto raised = host::raise_nofile_limit(); !raised)
    log::write(log::level::warn, "daemon", "cannot raise the limit on open files",
               {{"error", raised.error().message}});

  // 0 leaves what the init system has set.
  if (auto score = run.config.values.oom_score_adjust; score != 0)
    if (auto set = host::set_oom_score(score); !set) {
      log::write(log::level::fatal, "daemon", "failed to start daemon",
                 {{"error", set.error().message}});
      return 1;
    }
  auto pidfile = host::pidfile::claim(run.config.values.pidfile, ::getpid());
  if (!pidfile) {
    log::write(log::level::fatal, "daemon", "failed to start daemon",
               {{"error", pidfile.error().message}});
    return 1;
  }
  log::write(log::level::info, "daemon", "Starting up", {{"version", GANTRY_VERSION}});

  ending end;
  auto daemon = std::make_unique<app::daemon>(run.config, std::move(activated),
                                              [&](const std::string& error) {
                                                std::lock_guard guard{end.mutex};
                                                end.ended = true;
                                                end.error = error;
                                                signals.wake();
                                              });
  int stops = 0;
  for (;;) {
    auto signal = signals.next();
    switch (signal) {
    case 0: {
      std::unique_lock guard{end.mutex};
      if (!end.ended)
        continue;
      auto error = end.error;
      guard.unlock();
      last_signals watch{signals, stops};
      if (!error.empty())
        log::write(log::level::fatal, "daemon", "failed to start daemon", {{"error", error}});
      daemon.reset();
      return error.empty() ? 0 : 1;
    }
    case SIGHUP:
      reload(*daemon, run, env);
      continue;
    case SIGUSR1:
      std::fputs(daemon->dump().c_str(), stderr);
      continue;
    case SIGQUIT:
      // As Go's runtime: everything that lives is shown, then the process ends without clean-up.
      std::fputs(daemon->dump().c_str(), stderr);
      std::fflush(stderr);
      ::_exit(128 + SIGQUIT);
    default:
      log_stop(signal);
      if (++stops == 1) {
        if (notifier.wanted())
          static_cast<void>(notifier.stopping());
        daemon->shut_down();
      } else if (stops >= signals_that_force) {
        force_end(signal);
      }
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  try {
    auto activated = gantry::host::socket_activation::take(::getenv, ::getpid());
    gantry::host::unset_activation_environment();
    auto env = gantry::app::environment::of(::getenv, activated.size() > 0);
    std::vector<std::string> args{argv + (argc > 0 ? 1 : 0), argv + argc};
    auto outcome = gantry::app::start(args, env);
    if (auto* text = std::get_if<gantry::app::print_and_exit>(&outcome)) {
      std::fputs(text->out.c_str(), stdout);
      std::fputs(text->err.c_str(), stderr);
      return text->status;
    }
    for (auto& warning : std::get<gantry::app::run>(outcome).flags.warnings)
      std::fprintf(stderr, "%s\n", warning.c_str());
    return serve(std::get<gantry::app::run>(outcome), env, std::move(activated));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "gantryd: %s\n", e.what());
    return 1;
  }
}
