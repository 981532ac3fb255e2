#pragma once

#include "actors/runtime/log.hpp"
#include "actors/runtime/scheduler.hpp"
#include "actors/runtime/stats.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>
#include <caf/blocking_actor.hpp>
#include <caf/infer_handle.hpp>
#include <caf/invoke_message_result.hpp>
#include <caf/local_actor.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/make_actor.hpp>
#include <caf/scheduled_actor.hpp>

#include <exception>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace gantry::runtime {

/// Says in the log that an actor got a message it has no handler for, and drops it. The registry
/// remembers it too.
caf::result<caf::message> log_and_drop(caf::scheduled_actor* self, caf::message_view& message);

/// Says in the log that a handler threw; the actor ends with `sec::runtime_error` and what was
/// thrown.
caf::error log_exception(caf::scheduled_actor* self, std::exception_ptr& thrown);

/// Why an actor ended, for people: `exit_reason::kill`, `runtime_error: out of luck`; "" for a
/// normal end.
std::string end_text(const caf::error& reason);

/// The actor that runs on this thread works for that request from here on until it says otherwise
/// (0: for none), also while it handles messages that came for none.
void works_for(std::uint64_t request) noexcept;

/// What the actor that runs on this thread is called besides its kind, for inspection.
void set_label(std::string label);

/// The type of a message's first part; that of `void` for an empty message.
const std::type_info* message_type(const caf::mailbox_element& element);

/// An actor that is counted: every message, how long it waited and how long it took. `Base` is the
/// actor class that CAF infers from a behaviour function.
///
/// CAF has hooks for this (caf::actor_profiler), but Debian's build has them compiled out; so the
/// virtual functions through which every message passes are overridden instead.
///
/// NOTE: when `Base::resume` has answered `awaiting_message`, another thread may run this actor
/// already. What is counted about the actor is therefore counted in `consume`, within its turn.
template <class Base>
class measured final : public Base, public actor_record {
public:
  explicit measured(caf::actor_config& cfg)
      : Base(cfg), actor_record(registry_of(this->home_system()), this->caf::abstract_actor::id(),
                                cfg.parent ? cfg.parent->id() : 0, own_kind(*this), this->ctrl()) {
    this->set_default_handler(log_and_drop);
    this->set_exception_handler(log_exception);
  }

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* unit) override {
    auto put = this->enqueued.fetch_add(1, std::memory_order_relaxed);
    // The only one that waits, or the first one behind that which is being handled.
    if (put <= handled.get() + 1 && waiting_since.load(std::memory_order_relaxed) == 0)
      waiting_since.store(now_ticks(), std::memory_order_relaxed);
    request_tags::put(element.get(), current_request);
    if (this->traced.load(std::memory_order_relaxed)) {
      auto* w = worker::current();
      note_sender(element.get(), w && w->running ? w->running->id : 0);
    }
    Base::enqueue(std::move(element), unit);
  }

  /// A turn of the actor.
  caf::resumable::resume_result resume(caf::execution_unit* unit, std::size_t quota) override {
    auto* w = worker::current();
    if (!w)
      return Base::resume(unit, quota);
    // Its mailbox is not blocked then, so nobody else will schedule it.
    if (paused.load(std::memory_order_relaxed) && park(this))
      return caf::resumable::awaiting_message;
    auto& counters = w->kinds().of(kind);
    auto start = now_ticks();
    w->mark = start;
    w->waited = 0;
    if (auto ready = waiting_since.exchange(0, std::memory_order_relaxed); ready != 0) {
      w->waited = start > ready ? start - ready : 0;
      counters.waiting.add(w->waited);
    }
    w->slot().begin(actor_record::id, kind, start);
    w->running = this;

    auto outcome = Base::resume(unit, quota);

    w->running = nullptr;
    w->slot().end();
    if (outcome == caf::resumable::done) {
      counters.ended.add(1);
      retire();
    } else if (outcome == caf::resumable::resume_later) {
      waiting_since.store(now_ticks(), std::memory_order_relaxed);
    }
    return outcome;
  }

  /// The beginning of the first turn: makes the behaviour.
  void initialize() override {
    auto* w = worker::current();
    if (!w)
      return Base::initialize();
    auto& counters = w->kinds().of(kind);
    counters.spawned.add(1);
    present_since.store(w->mark, std::memory_order_relaxed);
    request_scope scope{own_request.load(std::memory_order_relaxed)};
    w->slot().request.store(current_request, std::memory_order_release);
    Base::initialize();
    present_since.store(0, std::memory_order_relaxed);
    auto end = now_ticks();
    auto took = end > w->mark ? end - w->mark : 0;
    busy.add(took);
    counters.busy.add(took);
    if (current_request != 0)
      w->spans().add({w->mark, took, w->waited, actor_record::id, current_request, nullptr, kind});
    w->mark = end;
    w->waited = 0;
  }

  /// One message of a turn.
  caf::invoke_message_result consume(caf::mailbox_element& element) override {
    auto* w = worker::current();
    if (!w)
      return Base::consume(element);
    measurement m{*this, *w, element};
    auto result = Base::consume(element);
    m.skipped = result == caf::invoke_message_result::skipped;
    return result;
  }

  /// The end, whatever brings it about.
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override {
    if (!this->getf(caf::abstract_actor::is_cleaned_up_flag))
      note_end(end_text(reason));
    return Base::cleanup(std::move(reason), host);
  }

private:
  static actor_registry* registry_of(caf::actor_system& sys) noexcept {
    auto* s = scheduler::of(sys);
    return s ? &s->registry() : nullptr;
  }

  static kind_id own_kind(const Base& self) {
    // One lookup per class: the name of a state is the same for all its actors.
    static const kind_id kind = intern_kind(self.name());
    return kind;
  }

  /// Counts a message at its end, which may be an exception.
  struct measurement {
    measurement(measured& self, worker& on, const caf::mailbox_element& element)
        : self(self), on(on), type(message_type(element)), scope(request_of(self, element)),
          request(current_request), waited(std::exchange(on.waited, 0)) {
      // It was set by whoever sent this message, perhaps after the turn had begun.
      if (auto since = self.waiting_since.load(std::memory_order_relaxed); since != 0) {
        self.waiting_since.store(0, std::memory_order_relaxed);
        if (waited == 0 && on.mark > since)
          waited = on.mark - since;
      }
      // Both are gone when the handler has returned.
      if (self.traced.load(std::memory_order_relaxed))
        sender = element.sender ? element.sender->id() : self.sender_of(&element);
      self.present.store(type, std::memory_order_relaxed);
      self.present_request.store(request, std::memory_order_relaxed);
      self.present_since.store(on.mark, std::memory_order_release);
      on.slot().next(type, request, on.mark);
    }
    measurement(const measurement&) = delete;
    measurement& operator=(const measurement&) = delete;
    ~measurement() {
      auto begin = on.mark;
      auto end = now_ticks();
      auto took = end > begin ? end - begin : 0;
      on.mark = end;
      auto& counters = on.kinds().of(self.kind);
      if (!skipped) {
        self.handled.add(1);
        counters.messages.add(1);
        counters.handling.add(took);
        // A message that came for none may be the one that a request begins with.
        auto what_for = request != 0 ? request : current_request;
        if (what_for != 0)
          on.spans().add({begin, took, waited, self.actor_record::id, what_for, type, self.kind});
        if (self.traced.load(std::memory_order_relaxed))
          self.note_message({begin, took, waited, sender, what_for, type});
      }
      self.busy.add(took);
      counters.busy.add(took);
      self.present.store(nullptr, std::memory_order_relaxed);
      self.present_since.store(0, std::memory_order_relaxed);
    }

    static std::uint64_t request_of(const measured& self,
                                    const caf::mailbox_element& element) noexcept {
      auto request = request_tags::of(&element);
      return request != 0 ? request : self.own_request.load(std::memory_order_relaxed);
    }

    measured& self;
    worker& on;
    const std::type_info* type;
    request_scope scope;
    std::uint64_t request; ///< that the message came for, 0 if none
    ticks waited;
    std::uint64_t sender = 0;
    bool skipped = false;
  };
};

namespace detail {

/// What `caf::actor_system::spawn_impl` does, save that it leaves the calling thread without CAF's
/// logger. Gantry has a log of its own; with CAF's in place each turn of each actor would enter and
/// leave its id in a table that all threads share (about 7 % of a request's instructions, and a
/// cache line on its way between the processors).
template <class Actor, caf::spawn_options Options>
auto launch_quietly(caf::actor_system& sys, caf::actor_config& cfg) {
  static_assert(caf::is_unbound(Options), "a top-level actor has nobody to be bound to");
  if (caf::has_detach_flag(Options) || std::is_base_of_v<caf::blocking_actor, Actor>)
    cfg.flags |= caf::abstract_actor::is_detached_flag;
  if (caf::has_hide_flag(Options))
    cfg.flags |= caf::abstract_actor::is_hidden_flag;
  if (!cfg.host)
    cfg.host = sys.dummy_execution_unit();
  auto handle = caf::make_actor<Actor>(sys.next_actor_id(), sys.node(), &sys, cfg);
  auto* actor = static_cast<Actor*>(caf::actor_cast<caf::abstract_actor*>(handle));
  actor->launch(cfg.host, caf::has_lazy_init_flag(Options), caf::has_hide_flag(Options));
  return handle;
}

template <caf::spawn_options Options, class F, class... Args>
auto spawn_measured(caf::actor_system& sys, caf::actor_config& cfg, F behave, Args&&... args) {
  using impl = caf::infer_impl_from_fun_t<F>;
  // Not caf::detail::init_fun_factory: without arguments it dereferences a null pointer to none.
  auto start = [behave = std::move(behave), given = std::make_tuple(std::forward<Args>(args)...)](
                   caf::local_actor* self) mutable -> caf::behavior {
    auto make = [&](auto&... each) { return behave(static_cast<impl*>(self), std::move(each)...); };
    using made = decltype(std::apply(make, given));
    if constexpr (std::is_void_v<made>) {
      std::apply(make, given);
      return {};
    } else if constexpr (std::is_same_v<made, caf::behavior>) {
      return std::apply(make, given);
    } else {
      return std::move(std::apply(make, given).unbox());
    }
  };
  cfg.init_fun = caf::actor_config::init_fun_type{std::move(start)};
  return launch_quietly<measured<impl>, Options>(sys, cfg);
}

} // namespace detail

/// Starts a counted actor from its behaviour function, as a child of `parent` (for the tree only;
/// nothing is linked or monitored).
template <caf::spawn_options Options = caf::no_spawn_options, class F, class... Args>
auto spawn(caf::local_actor* parent, F behave, Args&&... args) {
  caf::actor_config cfg{parent->context(), parent};
  return detail::spawn_measured<Options>(parent->system(), cfg, std::move(behave),
                                         std::forward<Args>(args)...);
}

/// Starts a counted actor that has no parent. Any thread.
template <caf::spawn_options Options = caf::no_spawn_options, class F, class... Args>
auto spawn(caf::actor_system& sys, F behave, Args&&... args) {
  caf::actor_config cfg;
  return detail::spawn_measured<Options>(sys, cfg, std::move(behave), std::forward<Args>(args)...);
}

} // namespace gantry::runtime
