#include "app/ctl/terminal.hpp"

#include "actors/host/errno_text.hpp"

#include <langinfo.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace gantry::ctl {

namespace {

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool has_colours() {
  const char* kind = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && !is_set("NO_COLOR") && kind != nullptr &&
         std::string_view{kind} != "dumb";
}

} // namespace

paper paper_of_stdout(bool no_trunc) {
  paper on;
  if (!no_trunc && ::isatty(STDOUT_FILENO) == 1)
    on.width = size_of_terminal().columns;
  on.colour = has_colours();
  on.utf8 = std::string_view{::nl_langinfo(CODESET)} == "UTF-8";
  return on;
}

bool has_terminal() noexcept { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1; }

terminal_size size_of_terminal() noexcept {
  winsize size{};
  terminal_size found;
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0)
    found = {size.ws_col, size.ws_row};
  return found;
}

result<void> print(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) { // NOTE: whoever started it may share a descriptor like that
      pollfd ready{STDOUT_FILENO, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      auto error = host::errno_error("write", errno);
      error.kind = errno == EPIPE ? errc::unavailable : errc::system;
      return error;
    }
  }
  return {};
}

raw_terminal::raw_terminal() {
  ::tcgetattr(STDIN_FILENO, &before_);
  enter();
}

raw_terminal::~raw_terminal() { leave(); }

void raw_terminal::enter() noexcept {
  termios raw = before_;
  ::cfmakeraw(&raw);
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  static_cast<void>(print("\x1b[?1049h\x1b[?25l\x1b[2J"));
  in_ = true;
}

void raw_terminal::leave() noexcept {
  if (!in_)
    return;
  static_cast<void>(print("\x1b[?25h\x1b[?1049l"));
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  in_ = false;
}

} // namespace gantry::ctl
