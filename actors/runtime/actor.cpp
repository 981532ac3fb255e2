#include "actors/runtime/actor.hpp"

#include <caf/message_view.hpp>
#include <caf/sec.hpp>

namespace gantry::runtime {

caf::result<caf::message> log_and_drop(caf::scheduled_actor* self, caf::message_view& message) {
  auto& content = message.content();
  auto type = content.size() == 0 ? std::string{"nothing"} : type_name(content.type(0).second);
  log::write(log::level::warn, self->name(), "dropped a message that it has no handler for",
             {{"actor", std::to_string(self->id())},
              {"message", type.empty() ? content.stringify() : type}});
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
  return caf::sec::runtime_error;
}

} // namespace gantry::runtime
