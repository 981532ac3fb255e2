#include "actors/runtime/actor.hpp"

#include <caf/all.hpp>
#include <caf/exit_reason.hpp>
#include <caf/message_view.hpp>
#include <caf/sec.hpp>
#include <caf/type_nr.hpp>

#include <array>

namespace gantry::runtime {

namespace {

/// CAF knows its own message types (exit_msg, error, texts, ...) by number only.
template <class... Types>
const std::type_info* builtin_type(std::size_t number, caf::detail::type_list<Types...>) {
  static constexpr std::array types{&typeid(void), &typeid(Types)...};
  return types[number < types.size() ? number : 0];
}

const std::type_info* message_type(const caf::type_erased_tuple& content) {
  if (content.empty())
    return &typeid(void);
  auto [number, type] = content.type(0);
  return type ? type : builtin_type(number, caf::sorted_builtin_types{});
}

} // namespace

const std::type_info* message_type(const caf::mailbox_element& element) {
  return message_type(element.content());
}

caf::result<caf::message> log_and_drop(caf::scheduled_actor* self, caf::message_view& message) {
  auto& content = message.content();
  if (auto* w = worker::current(); w && w->running)
    w->running->note_dead_letter(message_type(content));
  log::write(
      log::level::warn, self->name(), "dropped a message that it has no handler for",
      {{"actor", std::to_string(self->id())}, {"message", type_name(message_type(content))}});
  return caf::sec::unexpected_message;
}

caf::error log_exception(caf::scheduled_actor* self, std::exception_ptr& thrown) {
  std::string what = "unknown exception";
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {
  }
  log::write(log::level::error, self->name(), "ended by an exception in a handler",
             {{"actor", std::to_string(self->id())}, {"error", what}});
  return caf::make_error(caf::sec::runtime_error, what);
}

std::string end_text(const caf::error& reason) {
  if (!reason || reason == caf::exit_reason::normal)
    return {};
  std::string out;
  if (reason.category() == caf::atom("exit"))
    out = "exit_reason::" + to_string(static_cast<caf::exit_reason>(reason.code()));
  else if (reason.category() == caf::atom("system"))
    out = to_string(static_cast<caf::sec>(reason.code()));
  else
    out = to_string(reason.category()) + " error " + std::to_string(reason.code());
  if (reason.context().match_elements<std::string>())
    out += ": " + reason.context().get_as<std::string>(0);
  return out;
}

void works_for(std::uint64_t request) noexcept {
  auto* w = worker::current();
  if (!w || !w->running)
    return;
  current_request = request;
  w->running->own_request.store(request, std::memory_order_relaxed);
  w->running->present_request.store(request, std::memory_order_relaxed);
  w->slot().request.store(request, std::memory_order_release);
}

void set_label(std::string label) {
  if (auto* w = worker::current(); w && w->running)
    w->running->set_label(std::move(label));
}

} // namespace gantry::runtime
