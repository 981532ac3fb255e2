#include "actors/runtime/stall_book.hpp"

#include "actors/runtime/log.hpp"

#include <string>
#include <utility>

namespace gantry::runtime {

namespace {

struct stall_words {
  std::string_view word;
  const char* goes_on;
  const char* over;
};

const stall_words& words_of(stall_kind what) {
  static constexpr stall_words all[] = {
      {"handler", "a handler is holding its thread", "a handler has held its thread for too long"},
      {"thread", "a thread does not come to its sockets",
       "a thread has not come to its sockets for too long"},
      {"worker", "a task of the worker pool does not move",
       "a task of the worker pool has not moved for too long"},
      {"mailbox", "a mailbox is fuller than it may be", "a mailbox was fuller than it may be"},
      {"request", "a request is late", "a request was late"},
  };
  return all[static_cast<std::size_t>(what)];
}

void log_stall(const stall& s) {
  using namespace std::chrono;
  const auto& words = words_of(s.what);
  const bool of_thread = s.what == stall_kind::handler || s.what == stall_kind::thread;
  log::write(
      log::level::warn, "watchdog", s.over ? words.over : words.goes_on,
      {{"actor", s.actor != 0 ? std::to_string(s.actor) : std::string{}},
       {"kind", s.kind},
       {"message", s.message},
       {"request", s.request},
       {"thread", of_thread ? "gantry-io-" + std::to_string(s.thread) : std::string{}},
       {"where", s.where},
       {"duration", std::to_string(duration_cast<milliseconds>(s.duration).count()) + "ms"}});
}

} // namespace

std::string_view to_string(stall_kind what) noexcept { return words_of(what).word; }

stall_book::stall_book(history& kept, stall_listeners tell) : kept_(kept), tell_(std::move(tell)) {}

stall_book::entry stall_book::open(stall s) {
  s.time = wall_clock::now();
  entry e{std::move(s)};
  e.place = kept_.stalls.add(e.last);
  tell(e.last);
  announce(e);
  return e;
}

void stall_book::go_on(entry& e, std::chrono::nanoseconds duration) {
  e.last.duration = duration;
  kept_.stalls.change(e.place, [duration](stall& known) { known.duration = duration; });
  announce(e);
}

void stall_book::close(entry& e) {
  e.last.over = true;
  kept_.stalls.change(e.place, [&e](stall& known) { known = e.last; });
  tell(e.last);
  if (e.announced)
    tell_.announce(e.last);
}

void stall_book::tell(const stall& s) {
  if (kept_.listened_to())
    kept_.changes.add(s);
  if (tell_.report)
    tell_.report(s);
  else
    log_stall(s);
}

void stall_book::announce(entry& e) {
  if (e.announced || !tell_.announce || e.last.duration < tell_.grave)
    return;
  e.announced = true;
  tell_.announce(e.last);
}

} // namespace gantry::runtime
