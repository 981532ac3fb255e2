#include "protocol/container/signals.hpp"

#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <optional>
#include <string>

namespace gantry::container {

namespace {

// Those of Linux, on every architecture that Docker runs on but MIPS.
constexpr int first_real_time = 34; // two of the kernel's are the C library's
constexpr int last_signal = 64;

struct named_signal {
  std::string_view name;
  int number;
};

constexpr std::array<named_signal, 36> signals{{
    {"abrt", SIGABRT},
    {"alrm", SIGALRM},
    {"bus", SIGBUS},
    {"chld", SIGCHLD},
    {"cld", SIGCHLD},
    {"cont", SIGCONT},
    {"fpe", SIGFPE},
    {"hup", SIGHUP},
    {"ill", SIGILL},
    {"int", SIGINT},
    {"io", SIGIO},
    {"iot", SIGABRT},
    {"kill", SIGKILL},
    {"pipe", SIGPIPE},
    {"poll", SIGPOLL},
    {"prof", SIGPROF},
    {"pwr", SIGPWR},
    {"quit", SIGQUIT},
    {"segv", SIGSEGV},
    {"stop", SIGSTOP},
    {"sys", SIGSYS},
    {"term", SIGTERM},
    {"trap", SIGTRAP},
    {"tstp", SIGTSTP},
    {"ttin", SIGTTIN},
    {"ttou", SIGTTOU},
    {"urg", SIGURG},
    {"usr1", SIGUSR1},
    {"usr2", SIGUSR2},
    {"xcpu", SIGXCPU},
    {"xfsz", SIGXFSZ},
    {"vtalrm", SIGVTALRM},
    {"winch", SIGWINCH},
    {"stkflt", SIGSTKFLT},
    {"rtmin", first_real_time},
    {"rtmax", last_signal},
}};

std::optional<int> number_in(std::string_view digits) {
  int number = 0;
  auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || failed != std::errc{} || end != digits.data() + digits.size())
    return std::nullopt;
  return number;
}

std::optional<int> signal_of(std::string_view text) {
  if (auto number = number_in(text))
    return number;
  auto name = lower(text);
  if (name.starts_with("sig"))
    name.erase(0, 3);
  for (auto& s : signals)
    if (s.name == name)
      return s.number;
  const auto from_first = name.starts_with("rtmin+");
  if (!from_first && !name.starts_with("rtmax-"))
    return std::nullopt;
  auto offset = number_in(std::string_view{name}.substr(6));
  if (!offset || *offset < 1 || *offset > (from_first ? 15 : 14))
    return std::nullopt;
  return from_first ? first_real_time + *offset : last_signal - *offset;
}

} // namespace

result<int> parse_signal(std::string_view text) {
  auto number = signal_of(text);
  if (!number || *number < 1 || *number > last_signal)
    return api_error{errc::invalid_parameter, "invalid signal: " + std::string{text}};
  return *number;
}

} // namespace gantry::container
