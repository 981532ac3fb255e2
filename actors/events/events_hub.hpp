#pragma once

#include "actors/core/interfaces.hpp"
#include "actors/core/limits.hpp"
#include "protocol/api/events.hpp"

#include <caf/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

/// What happens in the daemon, told to everybody who listens (clauses W12-W17, K-26).
namespace gantry::events {

using event_ptr = std::shared_ptr<const api::event>;

// -- to the hub -----------------------------------------------------------------------------------

/// Tells everybody. A time that is not set becomes now.
struct publish {
  api::event what;
};

/// The subscriber can take `events` more. `subscriber` is its actor id.
struct more_events {
  caf::actor_id subscriber = 0;
  std::size_t events = 0;
};

/// The subscriber wants no more.
struct unsubscribe {
  caf::actor_id subscriber = 0;
};

/// Asks for the number of subscribers.
struct count_subscribers {};

/// INTERNAL: the time of a subscription's `until` may have come.
struct look_at_time {
  caf::actor_id subscriber = 0;
  std::uint64_t subscription = 0;
};

// -- to the subscriber ----------------------------------------------------------------------------

/// Events in the order in which they were published; not more than the subscriber has asked for.
struct event_batch {
  std::vector<event_ptr> events;
};

/// All events up to `until` have been sent; the subscription is over.
struct events_ended {};

/// Whoever listens. An end of it ends the subscription; it should monitor the hub.
using subscriber_actor =
    caf::typed_actor<caf::reacts_to<event_batch>, caf::reacts_to<events_ended>>;

/// A wish to listen. Each actor has one subscription; a second one replaces the first.
struct subscribe {
  subscriber_actor subscriber;
  api::filters wanted;
  /// Kept events not older than this are sent first; nothing: only what is published from now on.
  std::optional<api::timestamp> since;
  /// The subscription ends at this time, and no later event is sent; nothing: it does not end. In
  /// the past: after the kept events.
  std::optional<api::timestamp> until;
  std::size_t credit = limits::events_credit; ///< events it can take at first
};

/// EVENTS HUB: keeps the last events and sends them to subscribers.
///
/// Each subscriber has a position and a credit. Without credit nothing is sent to it; once more is
/// granted it goes on where it was. So a slow one delays nobody and holds no memory. When it is so
/// far behind that events it wants were dropped, it gets an event in their place (see `is_gap`)
/// that says how many. Every event comes at most once, also around a replay.
using hub_actor = caf::typed_actor<
    caf::reacts_to<publish>, caf::reacts_to<subscribe>, caf::reacts_to<more_events>,
    caf::reacts_to<unsubscribe>, caf::reacts_to<look_at_time>,
    caf::replies_to<count_subscribers>::with<std::uint64_t>>::extend_with<core::inspectable_actor>;

/// Tells everybody of what has happened now, if `what` does not say when: also if the hub comes to
/// it later, so that who is answered behind this finds it in what happened until then.
void tell(const hub_actor& hub, api::event what);

/// The event that stands for events that were lost: type `daemon`, action `events-lost`, attribute
/// `count`. It is sent whatever the filters are.
api::event make_gap(std::uint64_t count, api::timestamp now);
bool is_gap(const api::event& e) noexcept;

/// How a hub behaves.
struct hub_options {
  std::size_t kept = limits::events_kept; ///< events that `since` can reach
  std::size_t ring = 1024;                ///< events a subscriber can be behind; at least `kept`
  std::function<api::timestamp()> now;    ///< empty: the system clock
};

/// Owns the last events and the list of subscribers.
struct hub_state {
  static inline const char* name = "events";
  hub_state() = default;

  void init(hub_actor::stateful_pointer<hub_state> me, hub_options how);
  void add_event(publish& message);
  void add_subscriber(subscribe& wish);
  void grant(const more_events& more);
  void remove(caf::actor_id subscriber, bool still_alive);
  void on_time(const look_at_time& tick);
  std::uint64_t count() const noexcept { return subscriptions_.size(); }
  core::facts describe() const;

  hub_actor::stateful_pointer<hub_state> self = nullptr;

private:
  struct subscription {
    std::uint64_t number = 0; ///< tells it from an earlier one of the same actor
    subscriber_actor who;
    api::filters wanted;
    std::optional<api::timestamp> since;
    std::optional<api::timestamp> until;
    std::uint64_t position = 0;       ///< sequence number of the next event to look at
    std::uint64_t live = 0;           ///< first sequence number that is no replay
    std::optional<std::uint64_t> end; ///< first sequence number that it does not get any more
    std::uint64_t lost = 0;           ///< events that were dropped since the last gap
    std::size_t credit = 0;
  };
  using subscriptions = std::map<caf::actor_id, subscription>;

  const event_ptr& at(std::uint64_t sequence) const { return ring_[sequence % ring_.size()]; }
  std::uint64_t oldest() const noexcept;
  bool wants(const subscription& s, std::uint64_t sequence) const;
  void make_room();
  bool advance(subscription& s);
  void arm(caf::actor_id subscriber, const subscription& s);

  hub_options options_;
  std::vector<event_ptr> ring_; ///< event number n stands at n modulo its size
  std::uint64_t next_ = 0;      ///< sequence number of the next event
  subscriptions subscriptions_;
  std::uint64_t last_subscription_ = 0;
  std::uint64_t lost_ = 0;
};

hub_actor::behavior_type run_hub(hub_actor::stateful_pointer<hub_state> self, hub_options options);

} // namespace gantry::events

GANTRY_LOCAL_MESSAGE(gantry::events::publish)
GANTRY_LOCAL_MESSAGE(gantry::events::more_events)
GANTRY_LOCAL_MESSAGE(gantry::events::unsubscribe)
GANTRY_LOCAL_MESSAGE(gantry::events::count_subscribers)
GANTRY_LOCAL_MESSAGE(gantry::events::look_at_time)
GANTRY_LOCAL_MESSAGE(gantry::events::event_batch)
GANTRY_LOCAL_MESSAGE(gantry::events::events_ended)
GANTRY_LOCAL_MESSAGE(gantry::events::subscribe)
