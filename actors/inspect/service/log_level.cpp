#include "actors/inspect/service/log_level.hpp"

namespace gantry::inspect {

void timed_log_level::set(log::level level, std::chrono::nanoseconds length, time_point now) {
  auto before = log::current_level();
  if (change_ && before == change_->present)
    before = change_->before;
  log::set_level(level);
  change_.reset();
  if (length.count() > 0)
    change_ = change{before, level, now + length};
}

void timed_log_level::look(time_point now) {
  if (!change_ || now < change_->until)
    return;
  auto over = *change_;
  change_.reset();
  if (log::current_level() != over.present)
    return;
  log::set_level(over.before);
  log::write(log::level::info, "inspect", "the log level goes back",
             {{"from", log::to_string(over.present)}, {"to", log::to_string(over.before)}});
}

} // namespace gantry::inspect
