// What became of a container while there was no daemon.

#include "actors/containers/container_recovery.hpp"

#include "actors/containers/container_state.hpp"
#include "actors/containers/in_turn.hpp"
#include "actors/containers/times.hpp"
#include "actors/host/errno_text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace gantry::containers {

namespace {

using container::container_status;

} // namespace

result<std::optional<monitor::exit_record>>
read_exit_record_blocking(const container_paths& paths) {
  return read_exit_record_blocking(paths.exit_file().native());
}

result<std::optional<monitor::exit_record>> read_exit_record_blocking(const std::string& path) {
  host::unique_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) {
    if (errno == ENOENT)
      return std::optional<monitor::exit_record>{};
    return host::errno_error("open", path, errno);
  }
  std::string text(monitor::exit_file_size, '\0');
  auto got = ::read(file.get(), text.data(), text.size());
  if (got < 0)
    return host::errno_error("read", path, errno);
  text.resize(static_cast<std::size_t>(got));
  // It is there and empty while the process runs.
  if (text.find_first_not_of('\n') == std::string::npos)
    return std::optional<monitor::exit_record>{};
  auto record = monitor::decode_exit_record(text);
  if (!record)
    return record.error();
  return std::optional<monitor::exit_record>{*record};
}

void container_state::find(const find_container& what) {
  on_found_ = what.found ? what.found : [] {};
  auto status = life->state().status;
  if (status != container_status::running && status != container_status::paused)
    return found();
  run_ = std::make_unique<container_run>();
  run_->made = true;
  in_networks_ = true;
  has_mounts_ = true;
  run_->now = phase::up;
  on_worker<result<std::optional<monitor::exit_record>>>(
      "look for the end", [paths = paths_] { return read_exit_record_blocking(paths); },
      [this](const result<std::optional<monitor::exit_record>>& record) { on_found(record); });
}

void container_state::on_found(const result<std::optional<monitor::exit_record>>& record) {
  auto ended = [this](std::optional<container::container_exit> how) {
    run_->exit_seen = true;
    life->found_ended(how, instant_now());
    found();
  };
  if (record && *record) {
    auto& status = (*record)->status;
    return ended(
        container::container_exit{status.code, instant_of(status.finished_at), status.oom_killed});
  }
  auto was_paused = life->state().status == container_status::paused;
  link = monitor_link{
      *io_,
      core::to_ptr(self_),
      paths_.control_socket().string(),
      {[this, was_paused, ended](const monitor::event& event) {
         if (!on_found_)
           return on_event(event);
         if (auto* hello = std::get_if<monitor::hello>(&event)) {
           if (hello->state == monitor::process_state::running) {
             run_->pid = hello->pid;
             life->found_running(hello->pid, instant_of(hello->started_at), was_paused);
             return found();
           }
           auto& exit = hello->exit;
           if (hello->state == monitor::process_state::exited)
             return ended(container::container_exit{exit.code, instant_of(exit.finished_at),
                                                    exit.oom_killed});
           // Made, and never started: the daemon died in the middle.
           return ended({});
         }
       },
       [this, ended](const api_error& why) { on_found_ ? ended({}) : on_lost(why); }}};
}

void container_state::found() {
  show();
  std::exchange(on_found_, nullptr)();
  if (up_)
    settle();
}

void container_state::daemon_is_up() {
  if (std::exchange(up_, true) || on_found_)
    return;
  settle();
}

void container_state::settle() {
  auto& runtimes = services_.setup->runtimes;
  auto runtime = runtimes.find(host_config_->runtime);
  const auto known = runtime != runtimes.end() ? runtime->second : nullptr;
  if (run_) {
    run_->runtime = known;
    return settled();
  }
  // A start or an end may have been under way.
  on_worker<result<bool>>(
      "look for remains",
      [directory = paths_.exec_directory()]() -> result<bool> {
        std::error_code unknown;
        return std::filesystem::exists(directory, unknown);
      },
      [this, known](const result<bool>& remains) {
        if (remains && !*remains)
          return settled();
        run_ = std::make_unique<container_run>();
        run_->runtime = known;
        run_->made = true;
        run_->now = phase::failing;
        take_down([this] {
          run_.reset();
          settled();
        });
      });
}

void container_state::settled() {
  settled_ = true;
  life->daemon_started();
  for (auto ticket : std::exchange(for_later_, {}))
    if (auto request = requests_.find(ticket); request != requests_.end())
      begin(ticket, *request->second);
  go_on();
  for (auto& what : std::exchange(updates_for_later_, {}))
    update(what);
}

} // namespace gantry::containers
