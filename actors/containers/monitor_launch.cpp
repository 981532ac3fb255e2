#include "actors/containers/monitor_launch.hpp"

#include "actors/containers/container_host.hpp"
#include "actors/containers/container_limits.hpp"
#include "actors/containers/program_copies.hpp"
#include "actors/containers/runtime_command.hpp"
#include "actors/host/errno_text.hpp"
#include "actors/host/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace gantry::containers {

namespace {

/// A file of a former launch is replaced as a whole.
result<void> write_settings_blocking(const std::string& path, const std::string& text) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return host::errno_error("remove", path, errno);
  const host::unique_fd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!fd)
    return host::errno_error("open", path, errno);
  for (std::size_t done = 0; done < text.size();) {
    const auto put = ::write(fd.get(), text.data() + done, text.size() - done);
    if (put < 0 && errno != EINTR)
      return host::errno_error("write", path, errno);
    done += put > 0 ? static_cast<std::size_t>(put) : 0;
  }
  return {};
}

} // namespace

void set_runtime(monitor::settings& of, const oci_runtime& runtime,
                 const std::filesystem::path& root) {
  auto call = call_of(runtime, root);
  of.runtime = std::move(call.runtime);
  of.runtime_args = std::move(call.runtime_args);
  of.without_mount = std::move(call.without_mount);
}

core::inspectable_actor launch_monitor(caf::actor_system& sys, boost::asio::io_context& io,
                                       runtime::worker_pool& pool, monitor_launch launch,
                                       launch_done done) {
  const bool exec = launch.what.mode == monitor::settings::work::exec_process;
  async_command run;
  run.label = (exec ? "monitor of an exec in " : "monitor of ") + launch.what.id;
  run.what.argv = {launch.program, launch.settings_file};
  run.what.deadline = launch.what.runtime_deadline +
                      std::chrono::duration_cast<std::chrono::milliseconds>(limits::launch_margin);
  run.prepare_blocking = [&sys, path = std::move(launch.settings_file),
                          text = monitor::encode(launch.what), copies = std::move(launch.copies),
                          runtime = launch.what.runtime](host::child_command& command) {
    command.input_file = copies->get_blocking(sys, runtime);
    return write_settings_blocking(path, text);
  };
  return run_command(sys, io, pool, std::move(run),
                     [done = std::move(done)](result<host::child_output> how) {
                       done(how ? monitor::decode_launch_reply(how->out) : how.error());
                     });
}

} // namespace gantry::containers
