#include "actors/inspect/cpu_profile.hpp"

#include "actors/host/errno_text.hpp"

#include <gperftools/profiler.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gantry::inspect {

namespace {

api_error refused(std::string why) {
  return {errc::system, "Could not enable CPU profiling: " + std::move(why)};
}

/// The functions of libprofiler that are used.
struct profiler {
  decltype(&::ProfilerStart) start = nullptr;
  decltype(&::ProfilerStop) stop = nullptr;
  std::string error; ///< why there are none

  static profiler load() {
    profiler p;
    // Never closed: its signal handler may be running.
    auto* library = ::dlopen("libprofiler.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      p.error = ::dlerror();
      return p;
    }
    p.start = reinterpret_cast<decltype(p.start)>(::dlsym(library, "ProfilerStart"));
    p.stop = reinterpret_cast<decltype(p.stop)>(::dlsym(library, "ProfilerStop"));
    if (!p.start || !p.stop)
      p.error = "libprofiler.so.0 lacks ProfilerStart or ProfilerStop";
    return p;
  }

  static const profiler& get() {
    static const profiler instance = load();
    return instance;
  }
};

std::atomic<bool> in_use{false};   ///< somebody has the one place
std::atomic<bool> sampling{false}; ///< and samples are taken

/// Gives the one place back unless it was kept.
struct place {
  bool taken = !in_use.exchange(true);
  bool keep = false;
  ~place() {
    if (taken && !keep)
      in_use = false;
  }
};

} // namespace

result<std::unique_ptr<cpu_profile>> cpu_profile::start() {
  place mine;
  if (!mine.taken)
    return refused("cpu profiling already in use");
  const auto& library = profiler::get();
  if (!library.error.empty())
    return refused(library.error);
  host::unique_fd file{::memfd_create("cpu-profile", MFD_CLOEXEC)};
  if (!file)
    return refused("memfd_create: " + host::errno_text(errno));
  // It opens a path of its own. In use besides us: by $CPUPROFILE.
  auto path = "/proc/self/fd/" + std::to_string(file.get());
  if (library.start(path.c_str()) == 0)
    return refused("cpu profiling already in use");
  mine.keep = true;
  sampling = true;
  return std::unique_ptr<cpu_profile>{new cpu_profile{std::move(file)}};
}

cpu_profile::cpu_profile(host::unique_fd file) : file_(std::move(file)) {}

cpu_profile::~cpu_profile() { stop(); }

void cpu_profile::stop() noexcept {
  if (!std::exchange(running_, false))
    return;
  profiler::get().stop();
  sampling = false;
  in_use = false;
}

bool cpu_profile::is_running() noexcept { return sampling; }

result<std::string> cpu_profile::finish() {
  stop();
  struct stat info {};
  if (::fstat(file_.get(), &info) != 0)
    return api_error{errc::system, "failed to read the CPU profile: " + host::errno_text(errno)};
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  for (std::size_t at = 0; at < bytes.size();) {
    auto n = ::pread(file_.get(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return api_error{errc::system, "failed to read the CPU profile: " +
                                         (n < 0 ? host::errno_text(errno) : "it ends too early")};
    at += static_cast<std::size_t>(n);
  }
  return bytes;
}

} // namespace gantry::inspect
