#include "actors/runtime/clock.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/group.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message_id.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

#include <variant>

namespace gantry::runtime {

namespace {

struct ordinary_timeout {
  caf::strong_actor_ptr self;
  caf::atom_value type;
  std::uint64_t id;
};

struct multi_timeout {
  caf::strong_actor_ptr self;
  caf::atom_value type;
  std::uint64_t id;
};

struct request_timeout {
  caf::strong_actor_ptr self;
  caf::message_id id;
};

struct actor_message {
  caf::strong_actor_ptr receiver;
  caf::mailbox_element_ptr content;
};

struct group_message {
  caf::group target;
  caf::strong_actor_ptr sender;
  caf::message content;
};

caf::strong_actor_ptr strong(caf::abstract_actor* self) {
  return caf::actor_cast<caf::strong_actor_ptr>(self);
}

void ship(ordinary_timeout& x) {
  x.self->get()->eq_impl(caf::make_message_id(), x.self, nullptr, caf::timeout_msg{x.type, x.id});
}

void ship(multi_timeout& x) {
  x.self->get()->eq_impl(caf::make_message_id(), x.self, nullptr, caf::timeout_msg{x.type, x.id});
}

void ship(request_timeout& x) {
  x.self->get()->eq_impl(x.id, x.self, nullptr, caf::sec::request_timeout);
}

void ship(actor_message& x) { x.receiver->enqueue(std::move(x.content), nullptr); }

void ship(group_message& x) {
  x.target->eq_impl(caf::make_message_id(), std::move(x.sender), nullptr, std::move(x.content));
}

} // namespace

struct asio_clock::entry {
  std::variant<ordinary_timeout, multi_timeout, request_timeout, actor_message, group_message> what;
  std::uint64_t actor = 0; ///< 0: cannot be cancelled by its actor
};

asio_clock::asio_clock(boost::asio::io_context& io) : timer_(std::in_place, io) {}

asio_clock::~asio_clock() = default;

void asio_clock::set_ordinary_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                                      std::uint64_t id) {
  cancel_ordinary_timeout(self, type);
  add(t, self->id(),
      std::make_unique<entry>(entry{ordinary_timeout{strong(self), type, id}, self->id()}));
}

void asio_clock::set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                                   std::uint64_t id) {
  add(t, self->id(),
      std::make_unique<entry>(entry{multi_timeout{strong(self), type, id}, self->id()}));
}

void asio_clock::set_request_timeout(time_point t, caf::abstract_actor* self, caf::message_id id) {
  add(t, self->id(), std::make_unique<entry>(entry{request_timeout{strong(self), id}, self->id()}));
}

void asio_clock::cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) {
  cancel_matching(self->id(), [type](const entry& e) {
    auto* x = std::get_if<ordinary_timeout>(&e.what);
    return x && x->type == type;
  });
}

void asio_clock::cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) {
  cancel_matching(self->id(), [id](const entry& e) {
    auto* x = std::get_if<request_timeout>(&e.what);
    return x && x->id == id;
  });
}

void asio_clock::cancel_timeouts(caf::abstract_actor* self) {
  cancel_matching(self->id(), [](const entry&) { return true; });
}

void asio_clock::schedule_message(time_point t, caf::strong_actor_ptr receiver,
                                  caf::mailbox_element_ptr content) {
  // NOTE: filed under the receiver, so that a message to an actor that has ended is dropped at once
  // (CAF calls cancel_timeouts when an actor ends) instead of holding its memory until it is due.
  auto actor = receiver->id();
  add(t, actor,
      std::make_unique<entry>(
          entry{actor_message{std::move(receiver), std::move(content)}, actor}));
}

void asio_clock::schedule_message(time_point t, caf::group target, caf::strong_actor_ptr sender,
                                  caf::message content) {
  add(t, 0,
      std::make_unique<entry>(
          entry{group_message{std::move(target), std::move(sender), std::move(content)}, 0}));
}

void asio_clock::cancel_all() {
  schedule dropped;
  {
    std::lock_guard guard{mutex_};
    dropped.swap(schedule_);
    by_actor_.clear();
  }
}

std::size_t asio_clock::pending() const {
  std::lock_guard guard{mutex_};
  return schedule_.size();
}

void asio_clock::shut_down() {
  {
    std::lock_guard guard{mutex_};
    stopped_ = true;
    timer_.reset();
  }
  cancel_all();
}

void asio_clock::add(time_point t, std::uint64_t actor, entry_ptr e) {
  // Declared before the guard: an entry that comes too late is released after the unlock.
  entry_ptr too_late;
  std::lock_guard guard{mutex_};
  if (stopped_) {
    too_late = std::move(e);
    return;
  }
  auto i = schedule_.emplace(t, std::move(e));
  if (actor != 0)
    by_actor_.emplace(actor, i);
  arm();
}

template <class Predicate>
void asio_clock::cancel_matching(std::uint64_t actor, Predicate matches) {
  std::vector<entry_ptr> dropped; // released after the unlock
  std::lock_guard guard{mutex_};
  if (by_actor_.empty())
    return;
  auto [i, last] = by_actor_.equal_range(actor);
  while (i != last) {
    if (matches(*i->second->second)) {
      dropped.push_back(std::move(i->second->second));
      schedule_.erase(i->second);
      i = by_actor_.erase(i);
    } else {
      ++i;
    }
  }
}

asio_clock::entry_ptr asio_clock::take(schedule::iterator i) {
  auto result = std::move(i->second);
  if (result->actor != 0) {
    auto [j, last] = by_actor_.equal_range(result->actor);
    for (; j != last; ++j)
      if (j->second == i) {
        by_actor_.erase(j);
        break;
      }
  }
  schedule_.erase(i);
  return result;
}

void asio_clock::arm() {
  if (stopped_ || schedule_.empty() || schedule_.begin()->first >= armed_for_)
    return;
  armed_for_ = schedule_.begin()->first;
  timer_->expires_at(armed_for_);
  timer_->async_wait([this](const boost::system::error_code& ec) {
    if (!ec)
      on_timer();
  });
}

void asio_clock::on_timer() {
  std::vector<entry_ptr> due;
  {
    std::lock_guard guard{mutex_};
    auto now = clock_type::now();
    while (!schedule_.empty() && schedule_.begin()->first <= now)
      due.push_back(take(schedule_.begin()));
    armed_for_ = time_point::max();
    arm();
  }
  for (auto& e : due)
    std::visit([](auto& x) { ship(x); }, e->what);
}

} // namespace gantry::runtime
