// The end of a container's process, and of the container.

#include "actors/containers/container_files.hpp"
#include "actors/containers/container_recovery.hpp"
#include "actors/containers/container_state.hpp"
#include "actors/containers/exec_actor.hpp"
#include "actors/containers/in_turn.hpp"
#include "actors/containers/times.hpp"
#include "actors/runtime/log.hpp"

#include <utility>

namespace gantry::containers {

void container_state::on_exited(const monitor::exit_status& how) {
  if (!run_ || std::exchange(run_->exit_seen, true))
    return;
  link.close();
  end_health();
  end_execs_of(services_, id_);
  if (run_->now == phase::starting)
    return fail_start({errc::system, "the container's process ended before it was started"});
  container::container_exit exit;
  exit.code = how.code;
  exit.oom_killed = how.oom_killed;
  exit.at = instant_of(how.finished_at);
  life->exited(exit);
  go_on();
}

void container_state::on_lost(const api_error& why) {
  if (!run_ || run_->exit_seen)
    return;
  if (run_->now < phase::up)
    return fail_start(why);
  if (run_->now != phase::up)
    return;
  // The monitor is gone and with it who knows how the process ends: it may have said so in its
  // file, or the process is killed when what it runs in is taken down.
  log::write(log::level::error, "container", "a container has lost its monitor",
             {{"container", id_}, {"error", why.message}});
  on_worker<result<std::optional<monitor::exit_record>>>(
      "look for the end", [paths = paths_] { return read_exit_record_blocking(paths); },
      [this](const result<std::optional<monitor::exit_record>>& record) {
        monitor::exit_status status;
        status.code = 137;
        status.finished_at = nanoseconds_now();
        if (record && *record)
          status = (*record)->status;
        on_exited(status);
      });
}

void container_state::begin_release() {
  if (run_)
    run_->now = phase::over;
  take_down([this] {
    run_.reset();
    life->released();
    go_on();
  });
}

void container_state::take_down(std::function<void()> then) {
  auto unmount = [this, then = std::move(then)] {
    on_worker<result<void>>(
        "release", [paths = paths_] { return release_container_blocking(paths); },
        [this, then](const result<void>& how) {
          if (!how)
            log::write(log::level::warn, "container", "what a container ran in is not quite gone",
                       {{"container", id_}, {"error", how.error().message}});
          unmount_volumes(then);
        });
  };
  if (!run_ || !run_->runtime || (run_->now == phase::failing && !run_->made))
    return unmount();
  run_command(
      "delete", {"delete", "--force", id_}, [this, unmount](const result<std::string>& how) {
        if (!how && how.error().kind != errc::not_found)
          log::write(log::level::warn, "container", "the runtime could not delete a container",
                     {{"container", id_}, {"error", how.error().message}});
        unmount();
      });
}

void container_state::begin_discard(bool remove_anonymous) {
  end_sessions({});
  on_worker<result<void>>(
      "remove",
      [paths = paths_, bin = services_.setup->bin] {
        auto released = release_container_blocking(paths);
        auto removed = remove_container_files_blocking(paths, *bin);
        return removed ? released : removed;
      },
      [this, remove_anonymous](const result<void>& how) {
        auto over = [this, how] {
          life->discarded(how);
          go_on();
        };
        if (!how)
          return over();
        let_go_of_volumes(remove_anonymous, over);
      });
}

} // namespace gantry::containers
