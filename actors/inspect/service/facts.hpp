#pragma once

#include "actors/core/messages.hpp"
#include "actors/host/unique_fd.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace gantry::runtime {
class scheduler;
}

namespace gantry::inspect {

/// Wakes a thread that polls `fd()`. Any thread may wake it.
class waker {
public:
  /// Throws std::system_error without a descriptor.
  waker();
  int fd() const noexcept { return fd_.get(); }
  void wake() const noexcept;
  /// Only by the thread that polls.
  void clear() const noexcept;

private:
  host::unique_fd fd_;
};

/// An actor's answer to `describe`, on its way.
class facts_answer {
public:
  /// From the actor: facts, or why there are none.
  void give(std::optional<core::facts> facts, std::string missing);
  bool given() const;
  /// Both empty before it is given.
  std::optional<core::facts> facts() const;
  std::string missing() const;

private:
  mutable std::mutex mutex_;
  bool given_ = false;
  std::optional<core::facts> facts_;
  std::string missing_;
};

/// Asks actors for facts about themselves from a thread that is none of theirs. An actor that does
/// not answer is asked once, however often somebody wants to know, so no mailbox grows by it. For
/// one thread.
class describer {
public:
  /// `wakes` is woken when an answer is there.
  describer(runtime::scheduler& scheduler, std::shared_ptr<const waker> wakes);

  /// The answer of that actor, now or later; null if it does not live.
  std::shared_ptr<const facts_answer> ask(std::uint64_t actor);

private:
  void forget_given();

  runtime::scheduler& scheduler_;
  std::shared_ptr<const waker> wakes_;
  std::unordered_map<std::uint64_t, std::shared_ptr<facts_answer>> asked_; ///< and not answered
};

} // namespace gantry::inspect
