#include "actors/containers/program_copies.hpp"

#include "actors/core/interfaces.hpp"
#include "actors/host/sealed_copy.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/ticks.hpp"

#include <sys/stat.h>

#include <atomic>
#include <tuple>
#include <utility>

namespace gantry::containers {

/// INTERNAL: time to see whether it is still wanted.
struct copy_due {};

} // namespace gantry::containers

GANTRY_LOCAL_MESSAGE(gantry::containers::copy_due)

namespace gantry::containers {

namespace {

/// Which file it is, and whether it has changed.
using file_identity = std::tuple<dev_t, ino_t, off_t, time_t, long, time_t, long>;

file_identity identity_of(const std::string& path) {
  struct stat f {};
  if (::stat(path.c_str(), &f) != 0)
    return {};
  return {f.st_dev,          f.st_ino,         f.st_size,        f.st_mtim.tv_sec,
          f.st_mtim.tv_nsec, f.st_ctim.tv_sec, f.st_ctim.tv_nsec};
}

} // namespace

struct program_copies::kept_copy {
  std::string path;
  file_identity original;
  host::unique_fd fd;
  std::atomic<bool> wanted{true}; ///< since its keeper has looked last
};

/// Keeps one copy alive.
class program_copies::keeper {
public:
  using actor = core::inspectable_actor::extend<caf::reacts_to<copy_due>>;
  struct state {
    static inline const char* name = "program-copy";
    std::shared_ptr<kept_copy> copy;
  };

  static actor::behavior_type run(actor::stateful_pointer<state> self,
                                  std::shared_ptr<kept_copy> copy, caf::timespan kept) {
    self->state.copy = std::move(copy);
    const auto wait = [self, kept] { caf::delayed_anon_send(actor{self}, kept, copy_due{}); };
    wait();
    return {
        [self](core::describe) {
          return core::facts{{{"program", self->state.copy->path}}};
        },
        [self, wait](copy_due) {
          if (self->state.copy->wanted.exchange(false))
            return wait();
          self->quit();
        },
    };
  }
};

program_copies::copy_ptr program_copies::get_blocking(caf::actor_system& sys,
                                                      const std::string& path) {
  const auto now = identity_of(path);
  const auto share = [](const std::shared_ptr<kept_copy>& copy) {
    copy->wanted = true;
    return copy_ptr{copy, &copy->fd};
  };
  {
    const std::lock_guard guard{mutex_};
    const auto found = copies_.find(path);
    const auto copy = found == copies_.end() ? nullptr : found->second.lock();
    if (copy && copy->original == now)
      return share(copy);
  }
  auto made = host::sealed_copy_blocking(path);
  if (!made || identity_of(path) != now)
    return nullptr;
  auto copy = std::make_shared<kept_copy>();
  copy->path = path;
  copy->original = now;
  copy->fd = std::move(*made);
  {
    const std::lock_guard guard{mutex_};
    copies_[path] = copy;
  }
  runtime::spawn(sys, &keeper::run, copy, kept_);
  return share(copy);
}

} // namespace gantry::containers
