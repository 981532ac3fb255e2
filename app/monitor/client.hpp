#pragma once

#include "actors/host/unique_fd.hpp"
#include "app/monitor/event_loop.hpp"
#include "protocol/monitor/messages.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::monitor {

/// Input that a client may send ahead of the process's reading.
inline constexpr std::uint32_t input_window = 128 * 1024;

/// One connection to the control socket: what it attached to, and what is on its way to it.
class client {
public:
  /// What is told to the owner. It may destroy the client only after these have returned.
  struct handlers {
    std::function<void(client&, const request&)> asked;
    std::function<void(client&)> gone;    ///< the connection has ended or is to be cut
    std::function<void(client&)> drained; ///< some output was taken by the client
  };

  client(event_loop& loop, host::unique_fd socket, std::uint64_t number, const handlers& told);
  client(client&&) = delete;

  std::uint64_t number() const noexcept { return number_; }

  /// Sends an event that is no output.
  void send(const event& message);

  /// Begins to give it the outputs that were asked for.
  void attach(const attach_request& to);
  void detach();
  bool has_input() const noexcept { return attached_.input; }

  /// Gives it output, if it is attached to that; what it has no room for is a gap.
  void offer(source from, std::string_view bytes);
  /// True while the process is to be held back for this client.
  bool holds() const noexcept;
  /// From now on nothing is held back for it.
  void lose_patience() noexcept { attached_.patience = 0; }

  /// Takes that much of its credit for input; false if it has less.
  bool take_credit(std::size_t bytes);
  /// Gives input credit back, and sends it when it is worth a message.
  void return_credit(std::size_t bytes);
  /// Sends the first credit, once.
  void open_credit();
  bool wants_credit() const noexcept { return attached_.input && !credit_open_; }

  /// Sends `log_grew` if that was asked for and `end` is elsewhere.
  void log_at(const log_position& end);
  void await_log(const log_position& seen) { awaited_ = seen; }

  /// Cuts off one who does not keep to the rules.
  void refuse() { cut(); }

  /// Sends the last message; `gone` is called when all is sent.
  void finish(const event& last);

  /// True once it is to be forgotten.
  bool is_gone() const noexcept { return gone_; }

private:
  std::size_t backlog() const noexcept { return queue_.size() - sent_; }
  bool has_room(std::size_t bytes) const noexcept;
  void on_event(std::uint32_t events);
  void read_requests();
  void push(std::string_view head, std::string_view bytes);
  void write_queue();
  void taken();
  void tell_gap();
  void update_watch();
  void cut();

  const handlers& told_;
  host::unique_fd socket_;
  std::uint64_t number_;
  fd_watch watch_;
  timer patience_;
  request_decoder decoder_;
  attach_request attached_;
  output_gap gap_;
  bool losing_ = false; // output is dropped until the queue is empty
  std::string queue_;
  std::size_t sent_ = 0;
  std::uint32_t credit_ = 0;
  std::size_t returned_ = 0; // credit not sent yet
  bool credit_open_ = false;
  std::optional<log_position> awaited_;
  bool finishing_ = false;
  bool gone_ = false;
};

} // namespace gantry::monitor
