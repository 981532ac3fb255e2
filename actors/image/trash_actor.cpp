#include "actors/image/trash_actor.hpp"

#include "actors/runtime/actor.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <sys/statvfs.h>

#include <atomic>
#include <filesystem>
#include <utility>

namespace gantry::image {

namespace {

using clock = std::chrono::steady_clock;

/// What the actor and its worker share.
struct trash_work {
  explicit trash_work(const std::shared_ptr<store::trash>& bin) : removal(bin) {}

  store::trash_removal removal;  // the worker's, while there is one
  std::atomic<bool> stop{false}; // the actor has ended
};

/// True if less than `percent` of the file system is free.
bool has_little_room(const std::filesystem::path& directory, unsigned percent) {
  struct statvfs disk {};
  return ::statvfs(directory.c_str(), &disk) == 0 && disk.f_bavail * 100 < disk.f_blocks * percent;
}

struct trash_state {
  static inline const char* name = "trash";
  trash_state() = default;
  ~trash_state() {
    if (work)
      work->stop = true;
  }

  void open(const trash_opened& opened);
  void wake();
  void go_on();
  void rest();
  void on_over(const trash_slice_over& over);
  core::facts describe() const;

  trash_actor::pointer self = nullptr;
  runtime::worker_pool* pool = nullptr;
  std::shared_ptr<const unpack_activity> unpacking;
  trash_pace pace;
  std::shared_ptr<store::trash> bin; ///< null until it is opened
  std::shared_ptr<trash_work> work;
  enum class status : std::uint8_t { idle, working, resting } now = status::idle;
  bool more = false;             ///< something came while a worker was at it
  clock::time_point rests_since; ///< resting: since when nothing was deleted
  store::trash_removal::progress seen;
  bool room_is_scarce = false;
};

void trash_state::open(const trash_opened& opened) {
  if (std::exchange(bin, opened.bin))
    return;
  work = std::make_shared<trash_work>(bin);
  wake();
}

void trash_state::wake() {
  more = true;
  if (now == status::idle && bin) {
    rests_since = clock::now();
    go_on();
  }
}

void trash_state::go_on() {
  const bool patient = clock::now() - rests_since < pace.patience && !room_is_scarce;
  if (patient && unpacking->within(pace.pause))
    return rest();
  auto slice = [work = work, unpacking = unpacking, patient, pace = pace] {
    const auto end = clock::now() + pace.slice;
    auto pause = [&] {
      return work->stop || clock::now() >= end || (patient && unpacking->within(pace.slice));
    };
    return trash_slice_over{
        std::make_shared<const store::trash_removal::progress>(work->removal.go_on(pause)),
        has_little_room(work->removal.directory(), pace.scarce)};
  };
  more = false;
  now = status::working;
  if (!pool->ask("delete trash", trash_actor{self}, std::move(slice)))
    rest();
}

void trash_state::rest() {
  now = status::resting;
  caf::delayed_anon_send(trash_actor{self}, caf::timespan{pace.pause}, caf::atom("go"));
}

void trash_state::on_over(const trash_slice_over& over) {
  seen = *over.progress;
  room_is_scarce = over.room_is_scarce;
  for (const auto& failure : seen.failures)
    log::write(log::level::warn, "trash", "something is left on the disk until the next start",
               {{"error", failure}});
  now = status::idle;
  if (!seen.empty || more) {
    rests_since = clock::now();
    return go_on();
  }
  log::write(log::level::debug, "trash", "is empty",
             {{"items", std::to_string(seen.items)}, {"files", std::to_string(seen.files)}});
}

core::facts trash_state::describe() const {
  const auto doing = now == status::idle      ? "idle"
                     : now == status::working ? "deletes"
                                              : "waits for who unpacks layers";
  return {{{"status", bin ? doing : "waits for the store"},
           {"item", seen.item.empty() ? "none" : seen.item},
           {"items waiting", std::to_string(seen.waiting)},
           {"items deleted", std::to_string(seen.items)},
           {"files deleted", std::to_string(seen.files)}}};
}

trash_actor::behavior_type run_trash(trash_actor::stateful_pointer<trash_state> self,
                                     runtime::worker_pool* pool,
                                     std::shared_ptr<const unpack_activity> unpacking,
                                     const trash_pace& pace) {
  self->state.self = self;
  self->state.pool = pool;
  self->state.unpacking = std::move(unpacking);
  self->state.pace = pace;
  return {
      [self](const trash_opened& opened) { self->state.open(opened); },
      [self](caf::atom_value what) {
        auto& s = self->state;
        if (what == caf::atom("filled"))
          s.wake();
        else if (s.now == trash_state::status::resting)
          s.go_on();
      },
      [self](const trash_slice_over& over) { self->state.on_over(over); },
      [self](core::describe) { return self->state.describe(); },
  };
}

} // namespace

trash_actor spawn_trash(caf::actor_system& sys, runtime::worker_pool& pool,
                        std::shared_ptr<const unpack_activity> unpacking, trash_pace pace) {
  return runtime::spawn(sys, run_trash, &pool, std::move(unpacking), pace);
}

} // namespace gantry::image
