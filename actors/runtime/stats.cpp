#include "actors/runtime/stats.hpp"

#include <boost/core/demangle.hpp>

#include <caf/actor_control_block.hpp>
#include <caf/resumable.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace gantry::runtime {

namespace {

struct kind_names {
  std::mutex mutex;
  std::array<std::atomic<const char*>, max_kinds> names{};
  std::size_t used = 0;
};

kind_names& names() {
  static kind_names instance;
  return instance;
}

std::chrono::nanoseconds since(ticks now, ticks then) noexcept {
  return then == 0 || then > now ? std::chrono::nanoseconds{0} : to_duration(now - then);
}

} // namespace

kind_id intern_kind(const char* name) {
  auto& n = names();
  std::lock_guard guard{n.mutex};
  for (std::size_t i = 0; i < n.used; ++i)
    if (std::strcmp(n.names[i].load(std::memory_order_relaxed), name) == 0)
      return static_cast<kind_id>(i);
  if (n.used == max_kinds)
    return max_kinds - 1;
  n.names[n.used].store(name, std::memory_order_release);
  return static_cast<kind_id>(n.used++);
}

const char* kind_name(kind_id kind) noexcept {
  auto* name = kind < max_kinds ? names().names[kind].load(std::memory_order_acquire) : nullptr;
  return name ? name : "";
}

std::string type_name(const std::type_info* type) {
  return type ? boost::core::demangle(type->name()) : std::string{};
}

struct actor_record::extras {
  caf::resumable* parked = nullptr; ///< kept from its turn, with a reference
  std::uint64_t messages = 0;       ///< that were noted since the trace has begun
  std::array<traced_message, actor_registry::messages_traced> last;
  std::uint64_t sent = 0; ///< messages of which the sender was noted
  std::array<std::pair<const void*, std::uint64_t>, actor_registry::messages_traced> senders{};
};

actor_record::actor_record(actor_registry* registry, std::uint64_t id, std::uint64_t parent,
                           kind_id kind, caf::actor_control_block* control)
    : id(id), parent(parent), kind(kind), own_request(spawn_request), registry_(registry),
      control_(control) {
  if (registry)
    registry->enter(*this);
}

actor_record::~actor_record() { retire(); }

void actor_record::retire() {
  if (auto* registry = registry_.load(std::memory_order_relaxed))
    registry->leave(*this);
  registry_.store(nullptr, std::memory_order_relaxed);
}

void actor_registry::enter(actor_record& record) {
  if (history_.listened_to())
    history_.changes.add(actor_change{false, record.id, record.parent, record.kind, {}});
  auto& s = shards_[record.id % shards];
  std::lock_guard guard{s.mutex};
  record.next_ = s.first;
  if (s.first)
    s.first->previous_ = &record;
  s.first = &record;
  size_.fetch_add(1, std::memory_order_relaxed);
}

void actor_registry::leave(actor_record& record) {
  auto& s = shards_[record.id % shards];
  std::lock_guard guard{s.mutex};
  (record.previous_ ? record.previous_->next_ : s.first) = record.next_;
  if (record.next_)
    record.next_->previous_ = record.previous_;
  if (record.traced.exchange(false, std::memory_order_relaxed))
    traced_.fetch_sub(1, std::memory_order_relaxed);
  size_.fetch_sub(1, std::memory_order_relaxed);
}

actor_snapshot actor_registry::copy(const actor_record& r) {
  auto now = now_ticks();
  actor_snapshot copy;
  copy.id = r.id;
  copy.parent = r.parent;
  copy.kind = kind_name(r.kind);
  copy.age = since(now, r.created);
  copy.messages = r.handled.get();
  auto present_since = r.present_since.load(std::memory_order_acquire);
  auto* present = r.present.load(std::memory_order_relaxed);
  auto taken = copy.messages + (present ? 1 : 0);
  auto put = r.enqueued.load(std::memory_order_relaxed);
  copy.mailbox = put > taken ? put - taken : 0;
  copy.busy = to_duration(r.busy.get());
  auto waiting = since(now, r.waiting_since.load(std::memory_order_relaxed));
  copy.request = r.own_request.load(std::memory_order_relaxed);
  if (present_since != 0) {
    copy.present = type_name(present);
    copy.present_age = since(now, present_since);
    if (auto request = r.present_request.load(std::memory_order_relaxed); request != 0)
      copy.request = request;
  } else {
    copy.waiting = waiting;
  }
  if (copy.mailbox != 0)
    copy.oldest = waiting.count() != 0 ? waiting : copy.present_age;
  if (r.label_)
    copy.label = *r.label_;
  copy.paused = r.paused.load(std::memory_order_relaxed);
  copy.traced = r.traced.load(std::memory_order_relaxed);
  return copy;
}

std::vector<actor_snapshot> actor_registry::snapshot() const {
  std::vector<actor_snapshot> result;
  result.reserve(size());
  const auto now = now_ticks(); // one moment for all, so that ages can be compared
  for (auto& s : shards_) {
    std::lock_guard guard{s.mutex};
    for (auto* r = s.first; r; r = r->next_) {
      result.push_back(copy(*r));
      result.back().age = since(now, r->created);
    }
  }
  return result;
}

std::vector<actor_snapshot> actor_registry::crowded(std::uint64_t least) const {
  std::vector<actor_snapshot> result;
  for (auto& s : shards_) {
    std::lock_guard guard{s.mutex};
    for (auto* r = s.first; r; r = r->next_)
      if (r->enqueued.load(std::memory_order_relaxed) > r->handled.get() + least)
        if (auto full = copy(*r); full.mailbox > least)
          result.push_back(std::move(full));
  }
  return result;
}

actor_record* actor_registry::look(const shard& s, std::uint64_t id) noexcept {
  auto* r = s.first;
  while (r && r->id != id)
    r = r->next_;
  return r;
}

std::optional<actor_snapshot> actor_registry::find(std::uint64_t id) const {
  auto& s = shards_[id % shards];
  std::lock_guard guard{s.mutex};
  auto* r = look(s, id);
  return r ? std::optional{copy(*r)} : std::nullopt;
}

caf::strong_actor_ptr actor_registry::handle(std::uint64_t id) const {
  auto& s = shards_[id % shards];
  std::lock_guard guard{s.mutex};
  auto* r = look(s, id);
  // The record is a part of the actor: what it points to is there as long as it is entered, but
  // the actor may have no handles any more and be on its way out.
  if (!r || !caf::intrusive_ptr_upgrade_weak(r->control_))
    return nullptr;
  return {r->control_, false};
}

// -- tracing --------------------------------------------------------------------------------------

actor_registry::tracing actor_registry::begin_trace(std::uint64_t id) {
  auto& s = shards_[id % shards];
  std::lock_guard guard{s.mutex};
  auto* r = look(s, id);
  if (!r)
    return tracing::no_actor;
  if (r->traced.load(std::memory_order_relaxed))
    return tracing::begun;
  if (!r->extras_)
    r->extras_ = std::make_unique<actor_record::extras>();
  r->extras_->messages = r->extras_->sent = 0;
  if (traced_.fetch_add(1, std::memory_order_relaxed) >= most_traced) {
    traced_.fetch_sub(1, std::memory_order_relaxed);
    r->drop_extras();
    return tracing::too_many;
  }
  r->traced.store(true, std::memory_order_relaxed);
  return tracing::begun;
}

bool actor_registry::end_trace(std::uint64_t id) {
  auto& s = shards_[id % shards];
  std::lock_guard guard{s.mutex};
  auto* r = look(s, id);
  if (!r)
    return false;
  if (r->traced.exchange(false, std::memory_order_relaxed))
    traced_.fetch_sub(1, std::memory_order_relaxed);
  r->drop_extras();
  return true;
}

kept_part<traced_message> actor_registry::messages_of(std::uint64_t id) const {
  kept_part<traced_message> result;
  const auto& s = shards_[id % shards];
  std::lock_guard guard{s.mutex};
  auto* r = look(s, id);
  if (!r || !r->traced.load(std::memory_order_relaxed))
    return result;
  const auto& kept = *r->extras_;
  result.next = kept.messages;
  result.lost = kept.messages > kept.last.size() ? kept.messages - kept.last.size() : 0;
  for (auto i = result.lost; i != kept.messages; ++i)
    result.items.push_back(kept.last[i % kept.last.size()]);
  return result;
}

void actor_record::drop_extras() {
  if (!traced.load(std::memory_order_relaxed) && !paused.load(std::memory_order_relaxed))
    extras_.reset();
}

void actor_record::note_message(const traced_message& m) {
  auto* registry = registry_.load(std::memory_order_relaxed);
  if (!registry)
    return;
  std::lock_guard guard{registry->shards_[id % actor_registry::shards].mutex};
  if (traced.load(std::memory_order_relaxed))
    extras_->last[extras_->messages++ % extras_->last.size()] = m;
}

void actor_record::note_sender(const void* message, std::uint64_t sender) {
  auto* registry = registry_.load(std::memory_order_relaxed);
  if (!registry)
    return;
  std::lock_guard guard{registry->shards_[id % actor_registry::shards].mutex};
  if (traced.load(std::memory_order_relaxed))
    extras_->senders[extras_->sent++ % extras_->senders.size()] = {message, sender};
}

std::uint64_t actor_record::sender_of(const void* message) const {
  auto* registry = registry_.load(std::memory_order_relaxed);
  if (!registry)
    return 0;
  std::lock_guard guard{registry->shards_[id % actor_registry::shards].mutex};
  if (!traced.load(std::memory_order_relaxed))
    return 0;
  // The newest first: addresses of messages come back.
  const auto& all = extras_->senders;
  const auto kept = std::min<std::uint64_t>(extras_->sent, all.size());
  for (std::uint64_t i = 1; i <= kept; ++i)
    if (const auto& [of, sender] = all[(extras_->sent - i) % all.size()]; of == message)
      return sender;
  return 0;
}

// -- pauses ---------------------------------------------------------------------------------------

bool actor_registry::pause(std::uint64_t id) {
  auto& s = shards_[id % shards];
  std::lock_guard guard{s.mutex};
  auto* r = look(s, id);
  if (!r || pauses_over_.load(std::memory_order_relaxed))
    return false;
  if (!r->extras_)
    r->extras_ = std::make_unique<actor_record::extras>();
  r->paused.store(true, std::memory_order_relaxed);
  return true;
}

bool actor_registry::unpause(std::uint64_t id, caf::resumable*& parked) {
  auto& s = shards_[id % shards];
  std::lock_guard guard{s.mutex};
  auto* r = look(s, id);
  if (!r)
    return false;
  if (r->paused.exchange(false, std::memory_order_relaxed))
    parked = std::exchange(r->extras_->parked, nullptr);
  r->drop_extras();
  return true;
}

std::vector<caf::resumable*> actor_registry::end_pauses() {
  // Seen by whoever has the lock of a shard after it was had here.
  pauses_over_.store(true, std::memory_order_relaxed);
  std::vector<caf::resumable*> parked;
  for (auto& s : shards_) {
    std::lock_guard guard{s.mutex};
    for (auto* r = s.first; r; r = r->next_)
      if (r->paused.exchange(false, std::memory_order_relaxed) && r->extras_->parked)
        parked.push_back(std::exchange(r->extras_->parked, nullptr));
  }
  return parked;
}

bool actor_record::park(caf::resumable* me) {
  auto* registry = registry_.load(std::memory_order_relaxed);
  if (!registry)
    return false;
  std::lock_guard guard{registry->shards_[id % actor_registry::shards].mutex};
  if (!paused.load(std::memory_order_relaxed))
    return false;
  caf::intrusive_ptr_add_ref(me);
  extras_->parked = me;
  return true;
}

// -- what happens to an actor ---------------------------------------------------------------------

void actor_record::note_end(std::string reason) {
  auto* registry = registry_.load(std::memory_order_relaxed);
  if (!registry)
    return;
  auto& history = registry->history();
  if (history.listened_to())
    history.changes.add(actor_change{true, id, parent, kind, reason});
  if (!reason.empty())
    history.deaths.add({wall_clock::now(), id, kind, std::move(reason)});
}

void actor_record::note_dead_letter(const std::type_info* type) {
  if (auto* registry = registry_.load(std::memory_order_relaxed))
    registry->history().dead_letters.add({wall_clock::now(), type, id, kind});
}

void actor_record::set_label(std::string label) {
  auto* registry = registry_.load(std::memory_order_relaxed);
  if (!registry)
    return;
  auto made = std::make_unique<const std::string>(std::move(label));
  std::lock_guard guard{registry->shards_[id % actor_registry::shards].mutex};
  label_.swap(made);
}

kind_table::~kind_table() {
  for (auto& entry : table_)
    delete entry.load(std::memory_order_relaxed);
}

kind_counters& kind_table::make(kind_id kind) {
  auto counters = std::make_unique<kind_counters>();
  table_[kind].store(counters.get(), std::memory_order_release);
  return *counters.release();
}

} // namespace gantry::runtime
