#pragma once

#include "actors/core/interfaces.hpp"
#include "actors/store/image_catalog.hpp"
#include "protocol/error.hpp"

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>

namespace gantry::runtime {
class worker_pool;
}

namespace gantry::store {
class image_store;
}

namespace gantry::image {

/// The images as of the last change, for readers on any thread. They never wait for the store.
class shared_catalog {
public:
  std::shared_ptr<const store::image_catalog> get() const;
  void put(std::shared_ptr<const store::image_catalog> next);

private:
  mutable std::mutex mutex_;
  std::shared_ptr<const store::image_catalog> catalog_ = std::make_shared<store::image_catalog>();
};

/// Something for the store to do, which tells whoever asked how it went: always, and once.
class store_task {
public:
  /// Does the work, on a thread of the pool, where it may block; what it returns tells of the
  /// outcome. Must not throw.
  using work = std::function<std::function<void()>(store::image_store&)>;
  /// Tells of an outcome without work; on any thread.
  using refusal = std::function<void(const api_error&)>;

  store_task(std::string name, work run, refusal refuse)
      : name_(std::move(name)), run_(std::move(run)), refuse_(std::move(refuse)) {}
  store_task(const store_task&) = delete;
  store_task& operator=(const store_task&) = delete;
  /// A task that was never done because the store is no more is refused.
  ~store_task();

  const std::string& name() const noexcept { return name_; } ///< for inspection: `add layer`
  std::function<void()> run(store::image_store& s);
  void refuse(const api_error& why);

private:
  std::string name_;
  work run_;
  refusal refuse_; ///< empty: the outcome is told, or will be
};

using store_task_ptr = std::shared_ptr<store_task>;

/// The store has been opened, which is blocking work and so done elsewhere. Comes once; tasks that
/// are there before wait for it.
struct store_opened {
  std::shared_ptr<store::image_store> store; ///< not null, and the sender's no longer
};

} // namespace gantry::image

GANTRY_LOCAL_MESSAGE(gantry::image::store_task_ptr)
GANTRY_LOCAL_MESSAGE(gantry::image::store_opened)

namespace gantry::image {

/// IMAGE STORE: the one writer of images. Does one task after the other, in the order in which they
/// came; after each the catalog is renewed before anybody hears of the task's end.
using image_store_actor =
    caf::typed_actor<caf::reacts_to<store_opened>, caf::reacts_to<store_task_ptr>,
                     // INTERNAL: a task is over.
                     caf::reacts_to<caf::atom_value>>::extend_with<core::inspectable_actor>;

/// Starts it. `catalog` is what it keeps up to date; its tasks run in `pool`, which outlives the
/// actor system.
image_store_actor spawn_image_store(caf::actor_system& sys, std::shared_ptr<shared_catalog> catalog,
                                    runtime::worker_pool& pool);

/// Has the store do `work` (`result<T>(store::image_store&)`) and gives its result to `then`, which
/// is called on a thread of the pool: it sends a message, or completes a promise.
template <class Work, class Then>
void tell_store(const image_store_actor& to, std::string name, Work work, Then then) {
  using outcome = std::invoke_result_t<Work&, store::image_store&>;
  auto shared = std::make_shared<std::pair<Work, Then>>(std::move(work), std::move(then));
  auto run = [shared](store::image_store& s) -> std::function<void()> {
    auto result = std::make_shared<outcome>(shared->first(s));
    return [shared, result] { shared->second(std::move(*result)); };
  };
  auto refuse = [shared](const api_error& why) { shared->second(outcome{why}); };
  caf::anon_send(to, std::make_shared<store_task>(std::move(name), run, refuse));
}

/// Has the store do `work` and waits for its result. Blocking: for threads of a pool (another one
/// than the store's tasks run on), never for actors.
template <class Work>
auto ask_store_blocking(const image_store_actor& to, std::string name, Work work)
    -> std::invoke_result_t<Work&, store::image_store&> {
  using outcome = std::invoke_result_t<Work&, store::image_store&>;
  auto answer = std::make_shared<std::promise<outcome>>();
  auto future = answer->get_future();
  tell_store(to, std::move(name), std::move(work),
             [answer](outcome o) { answer->set_value(std::move(o)); });
  return future.get();
}

} // namespace gantry::image
