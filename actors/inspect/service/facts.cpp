#include "actors/inspect/service/facts.hpp"

#include "actors/core/interfaces.hpp"
#include "actors/runtime/actor.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace gantry::inspect {

namespace {

/// Actors that were asked and have not answered. More of them say nothing new.
constexpr std::size_t most_asked = 64;

/// Asks for one answer and ends with it, or with the actor that was asked. Where nobody runs
/// actors any more it stays what it is, a message in a queue.
struct asker_state {
  static inline const char* name = "asker";
  asker_state() = default;
};

caf::behavior run_asker(caf::stateful_actor<asker_state>* self, const caf::strong_actor_ptr& whom,
                        const std::shared_ptr<facts_answer>& answer,
                        const std::shared_ptr<const waker>& wakes) {
  auto give = [answer, wakes](std::optional<core::facts> facts, std::string missing) {
    answer->give(std::move(facts), std::move(missing));
    wakes->wake();
  };
  self->request<caf::message_priority::high>(caf::actor_cast<core::inspectable_actor>(whom),
                                             caf::infinite, core::describe{})
      .then([give](core::facts& facts) { give(std::move(facts), {}); },
            [give](const caf::error& e) { give(std::nullopt, from_caf(e).message); });
  return {};
}

} // namespace

waker::waker() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!fd_)
    throw std::system_error(errno, std::generic_category(), "eventfd");
}

void waker::wake() const noexcept {
  std::uint64_t one = 1;
  // It cannot fail but for an overflow, and then the reader is woken anyway.
  [[maybe_unused]] auto n = ::write(fd_.get(), &one, sizeof one);
}

void waker::clear() const noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] auto n = ::read(fd_.get(), &count, sizeof count);
}

void facts_answer::give(std::optional<core::facts> facts, std::string missing) {
  std::lock_guard guard{mutex_};
  given_ = true;
  facts_ = std::move(facts);
  missing_ = std::move(missing);
}

bool facts_answer::given() const {
  std::lock_guard guard{mutex_};
  return given_;
}

std::optional<core::facts> facts_answer::facts() const {
  std::lock_guard guard{mutex_};
  return facts_;
}

std::string facts_answer::missing() const {
  std::lock_guard guard{mutex_};
  return missing_;
}

describer::describer(runtime::scheduler& scheduler, std::shared_ptr<const waker> wakes)
    : scheduler_(scheduler), wakes_(std::move(wakes)) {}

void describer::forget_given() {
  std::erase_if(asked_, [](const auto& each) { return each.second->given(); });
}

std::shared_ptr<const facts_answer> describer::ask(std::uint64_t actor) {
  forget_given();
  if (auto known = asked_.find(actor); known != asked_.end())
    return known->second;
  auto answer = std::make_shared<facts_answer>();
  if (asked_.size() >= most_asked) {
    answer->give(std::nullopt, "too many actors were asked and do not answer");
    return answer;
  }
  auto whom = scheduler_.registry().handle(actor);
  if (!whom)
    return nullptr;
  asked_.emplace(actor, answer);
  // The handle goes with the asker: it is not let go of on this thread.
  runtime::spawn(scheduler_.system(), run_asker, std::move(whom), answer, wakes_);
  return answer;
}

} // namespace gantry::inspect
