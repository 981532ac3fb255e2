#include "actors/image/image_store_actor.hpp"

#include "actors/runtime/actor.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/store/image_store.hpp"

#include <deque>

namespace gantry::image {

namespace {

/// More than that wait for nothing good.
constexpr std::size_t most_waiting = 10'000;

/// What a running task and the actor share: only one of them uses it at a time.
struct store_place {
  std::shared_ptr<store::image_store> store; ///< null until it was opened
  std::shared_ptr<shared_catalog> catalog;
};

struct image_store_state {
  static inline const char* name = "image-store";
  image_store_state() = default;

  void open(const store_opened& opened);
  void take(const store_task_ptr& task);
  void next();
  void on_over();
  core::facts describe() const;

  image_store_actor::pointer self = nullptr;
  runtime::worker_pool* pool = nullptr;
  std::shared_ptr<store_place> place = std::make_shared<store_place>();
  std::deque<store_task_ptr> waiting;
  std::string running; ///< name of the task; empty: none
  bool opened = false;
  std::uint64_t done = 0;
};

void image_store_state::open(const store_opened& given) {
  if (std::exchange(opened, true))
    return;
  place->store = given.store;
  place->catalog->put(place->store->catalog());
  next();
}

void image_store_state::take(const store_task_ptr& task) {
  if (waiting.size() >= most_waiting)
    return task->refuse({errc::unavailable, task->name() + ": too much waits for the image store"});
  waiting.push_back(task);
  next();
}

void image_store_state::next() {
  while (opened && running.empty() && !waiting.empty()) {
    auto task = std::move(waiting.front());
    waiting.pop_front();
    running = task->name();
    auto queued =
        pool->ask("image store: " + running, image_store_actor{self}, [task, place = place] {
          auto tell = task->run(*place->store);
          place->catalog->put(place->store->catalog());
          tell();
          return caf::atom("over");
        });
    if (queued)
      return;
    running.clear();
    task->refuse({errc::unavailable, task->name() + ": too much work is waiting; try again later"});
  }
}

void image_store_state::on_over() {
  ++done;
  running.clear();
  next();
}

core::facts image_store_state::describe() const {
  return {{{"task", !opened           ? "being opened"
                    : running.empty() ? "none"
                                      : running},
           {"tasks waiting", std::to_string(waiting.size())},
           {"tasks done", std::to_string(done)},
           {"images", std::to_string(place->catalog->get()->images().size())}}};
}

image_store_actor::behavior_type
run_image_store(image_store_actor::stateful_pointer<image_store_state> self,
                std::shared_ptr<shared_catalog> catalog, runtime::worker_pool* pool) {
  self->state.self = self;
  self->state.pool = pool;
  self->state.place->catalog = std::move(catalog);
  return {
      [self](const store_opened& opened) { self->state.open(opened); },
      [self](const store_task_ptr& task) { self->state.take(task); },
      [self](caf::atom_value) { self->state.on_over(); },
      [self](core::describe) { return self->state.describe(); },
  };
}

} // namespace

store_task::~store_task() { refuse({errc::unavailable, name_ + ": the image store has ended"}); }

std::function<void()> store_task::run(store::image_store& s) {
  refuse_ = nullptr;
  return run_(s);
}

void store_task::refuse(const api_error& why) {
  if (auto tell = std::exchange(refuse_, nullptr))
    tell(why);
}

std::shared_ptr<const store::image_catalog> shared_catalog::get() const {
  std::lock_guard guard{mutex_};
  return catalog_;
}

void shared_catalog::put(std::shared_ptr<const store::image_catalog> next) {
  std::lock_guard guard{mutex_};
  catalog_.swap(next);
}

image_store_actor spawn_image_store(caf::actor_system& sys, std::shared_ptr<shared_catalog> catalog,
                                    runtime::worker_pool& pool) {
  return runtime::spawn(sys, run_image_store, std::move(catalog), &pool);
}

} // namespace gantry::image
