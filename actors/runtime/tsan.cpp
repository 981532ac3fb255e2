/// What ThreadSanitizer cannot see of CAF, told to it. In other builds this file is empty.
///
/// CAF comes as a shared library that is not instrumented: its templates run in our code and are
/// seen, the atomics inside the library are not. Every message, every handle and every turn of an
/// actor would be reported as a race. So a ThreadSanitizer build replaces the few functions of the
/// library through which memory passes from one thread to another: the dynamic linker prefers a
/// definition in the program, for calls within the library too. Where the whole function is a
/// reference count it is written again here, instrumented; elsewhere the library's function is
/// called between the annotations.
///
/// The edges are those of CAF and no more, so that two actors which share memory are still caught:
///
/// | edge                                              | where CAF makes it            |
/// |---------------------------------------------------|-------------------------------|
/// | put a message into a mailbox -> handle or drop it | the mailbox's stack           |
/// | an actor's turn -> its next turn                  | the mailbox's "blocked" state |
/// | let go of a reference -> the last one destroys    | reference counts              |
/// | an actor or detached thread ends -> who awaits it | counts in the actor system    |
/// | shared_spinlock                                   | its flag                      |
#if defined(__SANITIZE_THREAD__)

#include <caf/abstract_actor.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/blocking_actor.hpp>
#include <caf/detail/shared_spinlock.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/memory_managed.hpp>
#include <caf/ref_counted.hpp>
#include <caf/scheduled_actor.hpp>

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace {

/// The library's own function of that (mangled) name.
template <class Function>
Function* original(const char* name) {
  auto* found = ::dlsym(RTLD_NEXT, name);
  if (!found) {
    std::fprintf(stderr, "this CAF is not the one that tsan.cpp was written for: no %s\n", name);
    std::abort();
  }
  return reinterpret_cast<Function*>(found);
}

void release(const void* address) { __tsan_release(const_cast<void*>(address)); }
void acquire(const void* address) { __tsan_acquire(const_cast<void*>(address)); }

/// The address that stands for a message: that of the base by which it is deleted.
const void* key(const caf::memory_managed& element) { return &element; }

} // namespace

namespace caf {

// -- messages -------------------------------------------------------------------------------------

void scheduled_actor::enqueue(mailbox_element_ptr element, execution_unit* unit) {
  static auto* const next = original<void(scheduled_actor*, mailbox_element_ptr, execution_unit*)>(
      "_ZN3caf15scheduled_actor7enqueueESt10unique_ptrINS_15mailbox_elementENS_"
      "6detail8disposerEEPNS_14execution_unitE");
  release(key(*element));
  next(this, std::move(element), unit);
}

void blocking_actor::enqueue(mailbox_element_ptr element, execution_unit* unit) {
  static auto* const next = original<void(blocking_actor*, mailbox_element_ptr, execution_unit*)>(
      "_ZN3caf14blocking_actor7enqueueESt10unique_ptrINS_15mailbox_elementENS_"
      "6detail8disposerEEPNS_14execution_unitE");
  release(key(*element));
  next(this, std::move(element), unit);
}

intrusive::task_result blocking_actor::mailbox_visitor::operator()(mailbox_element& element) {
  static auto* const next = original<intrusive::task_result(mailbox_visitor*, mailbox_element&)>(
      "_ZN3caf14blocking_actor15mailbox_visitorclERNS_15mailbox_elementE");
  acquire(key(element));
  return next(this, element);
}

mailbox_element_ptr blocking_actor::dequeue() {
  static auto* const next =
      original<mailbox_element_ptr(blocking_actor*)>("_ZN3caf14blocking_actor7dequeueEv");
  auto element = next(this);
  if (element)
    acquire(key(*element));
  return element;
}

/// Messages end here, handled or dropped; so does what `ref_counted` counts.
void memory_managed::request_deletion(bool) const noexcept {
  acquire(key(*this));
  delete this;
}

// -- turns of an actor ----------------------------------------------------------------------------

/// The beginning of every turn. The first one makes the behaviour.
bool scheduled_actor::activate(execution_unit* unit) {
  static auto* const next = original<bool(scheduled_actor*, execution_unit*)>(
      "_ZN3caf15scheduled_actor8activateEPNS_14execution_unitE");
  acquire(this);
  auto result = next(this, unit);
  release(this);
  return result;
}

/// One message of a turn. After the last one the mailbox says that the reader is blocked, and from
/// then on the actor may run on another thread: so the release comes after each message.
scheduled_actor::activation_result scheduled_actor::reactivate(mailbox_element& element) {
  static auto* const next = original<activation_result(scheduled_actor*, mailbox_element&)>(
      "_ZN3caf15scheduled_actor10reactivateERNS_15mailbox_elementE");
  acquire(key(element));
  auto result = next(this, element);
  release(this);
  return result;
}

// -- reference counts -----------------------------------------------------------------------------

void ref_counted::deref() const noexcept {
  if (rc_.load(std::memory_order_acquire) == 1)
    request_deletion(false);
  else if (rc_.fetch_sub(1, std::memory_order_acq_rel) == 1)
    request_deletion(true);
}

void intrusive_ptr_release(actor_control_block* block) {
  if (block->strong_refs.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  block->data_dtor(block->get());
  // All strong references together hold one weak one.
  intrusive_ptr_release_weak(block);
}

void intrusive_ptr_release_weak(actor_control_block* block) {
  if (block->weak_refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
    block->block_dtor(block);
}

// -- the end of actors and threads ----------------------------------------------------------------

void actor_registry::dec_running() {
  static auto* const next =
      original<void(actor_registry*)>("_ZN3caf14actor_registry11dec_runningEv");
  release(this);
  next(this);
}

void actor_registry::await_running_count_equal(size_t expected) const {
  static auto* const next = original<void(const actor_registry*, size_t)>(
      "_ZNK3caf14actor_registry25await_running_count_equalEm");
  next(this, expected);
  acquire(this);
}

void actor_system::dec_detached_threads() {
  static auto* const next =
      original<void(actor_system*)>("_ZN3caf12actor_system20dec_detached_threadsEv");
  release(this);
  next(this);
}

void actor_system::await_detached_threads() {
  static auto* const next =
      original<void(actor_system*)>("_ZN3caf12actor_system22await_detached_threadsEv");
  next(this);
  acquire(this);
}

// -- locks ----------------------------------------------------------------------------------------

namespace detail {

void shared_spinlock::lock() {
  static auto* const next =
      original<void(shared_spinlock*)>("_ZN3caf6detail15shared_spinlock4lockEv");
  __tsan_mutex_pre_lock(this, __tsan_mutex_linker_init);
  next(this);
  __tsan_mutex_post_lock(this, __tsan_mutex_linker_init, 0);
}

void shared_spinlock::unlock() {
  static auto* const next =
      original<void(shared_spinlock*)>("_ZN3caf6detail15shared_spinlock6unlockEv");
  __tsan_mutex_pre_unlock(this, 0);
  next(this);
  __tsan_mutex_post_unlock(this, 0);
}

void shared_spinlock::lock_shared() {
  static auto* const next =
      original<void(shared_spinlock*)>("_ZN3caf6detail15shared_spinlock11lock_sharedEv");
  constexpr unsigned flags = __tsan_mutex_linker_init | __tsan_mutex_read_lock;
  __tsan_mutex_pre_lock(this, flags);
  next(this);
  __tsan_mutex_post_lock(this, flags, 0);
}

void shared_spinlock::unlock_shared() {
  static auto* const next =
      original<void(shared_spinlock*)>("_ZN3caf6detail15shared_spinlock13unlock_sharedEv");
  __tsan_mutex_pre_unlock(this, __tsan_mutex_read_lock);
  next(this);
  __tsan_mutex_post_unlock(this, __tsan_mutex_read_lock);
}

} // namespace detail
} // namespace caf

#endif
