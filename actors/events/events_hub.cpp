#include "actors/events/events_hub.hpp"

#include "actors/core/figures.hpp"

#include <caf/system_messages.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace gantry::events {

namespace {

void count_subscribers_now(std::size_t subscribers) noexcept {
  core::counted().event_subscribers.store(subscribers, std::memory_order_relaxed);
}

/// A subscription's `until` is looked at this often: the system clock may be set meanwhile, and a
/// timer that nobody needs any more is gone soon.
constexpr caf::timespan longest_wait = limits::span(std::chrono::minutes{1});

} // namespace

void tell(const hub_actor& hub, api::event what) {
  if (what.time == api::timestamp{})
    what.time = api::timestamp{std::chrono::system_clock::now()};
  caf::anon_send(hub, publish{std::move(what)});
}

api::event make_gap(std::uint64_t count, api::timestamp now) {
  api::event gap;
  gap.type = "daemon";
  gap.action = "events-lost";
  gap.attributes.emplace("count", std::to_string(count));
  gap.time = now;
  return gap;
}

bool is_gap(const api::event& e) noexcept {
  return e.type == "daemon" && e.action == "events-lost";
}

void hub_state::init(hub_actor::stateful_pointer<hub_state> me, hub_options how) {
  self = me;
  options_ = std::move(how);
  if (!options_.now)
    options_.now = [] { return api::timestamp{std::chrono::system_clock::now()}; };
  ring_.resize(std::max<std::size_t>({options_.ring, options_.kept, 1}));
  self->set_down_handler([this](caf::down_msg& down) { remove(down.source.id(), false); });
}

std::uint64_t hub_state::oldest() const noexcept {
  return next_ > ring_.size() ? next_ - ring_.size() : 0;
}

bool hub_state::wants(const subscription& s, std::uint64_t sequence) const {
  auto& e = *at(sequence);
  if (sequence < s.live && s.since && e.time < *s.since)
    return false;
  if (s.until && e.time > *s.until)
    return false;
  return api::matches(s.wanted, e);
}

/// The next event takes the place of the oldest: whoever has not looked at that one loses it.
void hub_state::make_room() {
  if (next_ < ring_.size())
    return;
  auto dropped = oldest();
  for (auto& [id, s] : subscriptions_) {
    if (s.position != dropped)
      continue;
    ++s.position;
    if ((!s.end || dropped < *s.end) && wants(s, dropped)) {
      ++s.lost;
      ++lost_;
    }
  }
}

void hub_state::add_event(publish& message) {
  auto e = std::make_shared<api::event>(std::move(message.what));
  if (e->time == api::timestamp{})
    e->time = options_.now();
  make_room();
  ring_[next_ % ring_.size()] = std::move(e);
  ++next_;
  core::counted().events.fetch_add(1, std::memory_order_relaxed);
  // Live subscriptions have no end yet, or their position is there: none is over because of this.
  for (auto& [id, s] : subscriptions_)
    if (s.credit > 0)
      advance(s);
}

/// Sends what the credit allows; false if the subscription is over, and its owner was told.
bool hub_state::advance(subscription& s) {
  auto stop = s.end.value_or(next_);
  event_batch batch;
  auto take = [&](event_ptr e) {
    batch.events.push_back(std::move(e));
    --s.credit;
  };
  if (s.lost > 0 && s.credit > 0)
    take(std::make_shared<const api::event>(make_gap(std::exchange(s.lost, 0), options_.now())));
  while (s.position < stop) {
    if (wants(s, s.position)) {
      if (s.credit == 0)
        break;
      take(at(s.position));
    }
    ++s.position;
  }
  if (!batch.events.empty())
    caf::anon_send(s.who, std::move(batch));
  if (!s.end || s.position < *s.end || s.lost > 0)
    return true;
  caf::anon_send(s.who, events_ended{});
  return false;
}

void hub_state::add_subscriber(subscribe& wish) {
  if (!wish.subscriber)
    return;
  auto id = wish.subscriber.id();
  auto [i, fresh] = subscriptions_.try_emplace(id);
  if (fresh)
    self->monitor(wish.subscriber);
  count_subscribers_now(subscriptions_.size());
  auto& s = i->second;
  s = subscription{};
  s.number = ++last_subscription_;
  s.who = std::move(wish.subscriber);
  s.wanted = std::move(wish.wanted);
  s.since = wish.since;
  s.until = wish.until;
  s.credit = wish.credit;
  s.live = next_;
  s.position = next_;
  if (s.since)
    s.position = std::max(oldest(), next_ - std::min<std::uint64_t>(next_, options_.kept));
  if (s.until && *s.until <= options_.now())
    s.end = next_;
  else if (s.until)
    arm(id, s);
  if (!advance(s))
    remove(id, true);
}

void hub_state::arm(caf::actor_id subscriber, const subscription& s) {
  auto left = caf::timespan{*s.until - options_.now()};
  caf::delayed_anon_send(caf::actor_cast<hub_actor>(self),
                         std::clamp(left, caf::timespan{0}, longest_wait),
                         look_at_time{subscriber, s.number});
}

void hub_state::on_time(const look_at_time& tick) {
  auto i = subscriptions_.find(tick.subscriber);
  if (i == subscriptions_.end() || i->second.number != tick.subscription)
    return;
  auto& s = i->second;
  if (options_.now() < *s.until)
    return arm(tick.subscriber, s);
  s.end = next_;
  if (!advance(s))
    remove(tick.subscriber, true);
}

void hub_state::grant(const more_events& more) {
  auto i = subscriptions_.find(more.subscriber);
  if (i == subscriptions_.end())
    return;
  i->second.credit += more.events;
  if (!advance(i->second))
    remove(more.subscriber, true);
}

void hub_state::remove(caf::actor_id subscriber, bool still_alive) {
  auto i = subscriptions_.find(subscriber);
  if (i == subscriptions_.end())
    return;
  if (still_alive)
    self->demonitor(i->second.who.address());
  subscriptions_.erase(i);
  count_subscribers_now(subscriptions_.size());
}

core::facts hub_state::describe() const {
  auto behind = std::count_if(subscriptions_.begin(), subscriptions_.end(),
                              [](auto& pair) { return pair.second.credit == 0; });
  return {{{"subscribers", std::to_string(subscriptions_.size())},
           {"subscribers without credit", std::to_string(behind)},
           {"events published", std::to_string(next_)},
           {"events kept", std::to_string(next_ - oldest())},
           {"events lost by slow subscribers", std::to_string(lost_)}}};
}

hub_actor::behavior_type run_hub(hub_actor::stateful_pointer<hub_state> self, hub_options options) {
  self->state.init(self, std::move(options));
  return {
      [self](publish& message) { self->state.add_event(message); },
      [self](subscribe& wish) { self->state.add_subscriber(wish); },
      [self](const more_events& more) { self->state.grant(more); },
      [self](const unsubscribe& u) { self->state.remove(u.subscriber, true); },
      [self](const look_at_time& tick) { self->state.on_time(tick); },
      [self](count_subscribers) -> std::uint64_t { return self->state.count(); },
      [self](core::describe) { return self->state.describe(); },
  };
}

} // namespace gantry::events
