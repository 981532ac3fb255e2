#pragma once

#include <caf/actor_clock.hpp>

#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace gantry::runtime {

/// CAF's clock on one Asio timer: delayed messages, receive time-outs and request time-outs. Any
/// thread may call it. What is due is sent from the thread on which the timer fires; nothing is
/// sent, and no actor is released, while the lock is held.
class asio_clock final : public caf::actor_clock {
public:
  explicit asio_clock(boost::asio::io_context& io);
  ~asio_clock() override;

  void set_ordinary_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                            std::uint64_t id) override;
  void set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                         std::uint64_t id) override;
  void set_request_timeout(time_point t, caf::abstract_actor* self, caf::message_id id) override;
  void cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) override;
  void cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) override;
  void cancel_timeouts(caf::abstract_actor* self) override;
  void schedule_message(time_point t, caf::strong_actor_ptr receiver,
                        caf::mailbox_element_ptr content) override;
  void schedule_message(time_point t, caf::group target, caf::strong_actor_ptr sender,
                        caf::message content) override;
  void cancel_all() override;

  /// Number of time-outs and messages that wait for their moment.
  std::size_t pending() const;

  /// Drops everything and never fires again. Its io_context may go before it does.
  void shut_down();

private:
  struct entry;
  using entry_ptr = std::unique_ptr<entry>;
  using schedule = std::multimap<time_point, entry_ptr>;
  using lookup = std::unordered_multimap<std::uint64_t, schedule::iterator>;

  void add(time_point t, std::uint64_t actor, entry_ptr e);
  template <class Predicate>
  void cancel_matching(std::uint64_t actor, Predicate matches);
  entry_ptr take(schedule::iterator i);
  void arm();
  void on_timer();

  mutable std::mutex mutex_;
  std::optional<boost::asio::steady_timer> timer_; ///< none after `shut_down`
  schedule schedule_;
  lookup by_actor_;
  time_point armed_for_ = time_point::max();
  bool stopped_ = false;
};

} // namespace gantry::runtime
