#include "actors/host/socket_activation.hpp"

#include "actors/host/errno_text.hpp"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <type_traits>

namespace gantry::host {
namespace {

// A whole decimal number, else nothing. What does not fit is the largest number.
std::optional<long> parse_number(std::string_view text) {
  long value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size() || error == std::errc::invalid_argument)
    return std::nullopt;
  return error == std::errc::result_out_of_range ? std::numeric_limits<long>::max() : value;
}

std::optional<long> number_of(const environment& env, const char* name) {
  const char* text = env(name);
  return text ? parse_number(text) : std::nullopt;
}

std::vector<std::string> split_names(const char* text) {
  std::vector<std::string> names;
  std::string_view rest = text ? text : "";
  while (!rest.empty()) {
    auto name = rest.substr(0, rest.find(':'));
    names.emplace_back(name);
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
  }
  return names;
}

} // namespace

socket_activation socket_activation::take(const environment& env, pid_t self, int first_fd) {
  socket_activation taken;
  taken.first_fd_ = first_fd;
  auto pid = number_of(env, "LISTEN_PID");
  auto count = number_of(env, "LISTEN_FDS");
  if (!pid || *pid != self || !count || *count <= 0)
    return taken;

  auto names = split_names(env("LISTEN_FDNAMES"));
  for (long index = 0; index < *count; ++index) {
    int number = first_fd + static_cast<int>(index);
    if (!set_cloexec(number)) {
      // Not open, so neither ours to close nor worth looking further.
      taken.failure_ = "Error setting up FileListener for fd " + std::to_string(number) + ": " +
                       errno_text("fcntl", errno);
      break;
    }
    auto position = static_cast<std::size_t>(index);
    taken.sockets_.push_back(
        {unique_fd{number}, position < names.size() ? names[position] : "unknown"});
  }
  return taken;
}

result<std::vector<listener_socket>> socket_activation::select(std::string_view selector) const {
  if (!failure_.empty())
    return api_error{errc::system, failure_};
  if (sockets_.empty())
    return api_error{errc::not_found, "No sockets found"};

  auto number = parse_number(selector);
  if (number && *number < first_fd_)
    return api_error{errc::invalid_parameter,
                     "fd://" + std::string{selector} +
                         " is not a socket activated file: the first is fd://" +
                         std::to_string(first_fd_)};
  if (number && *number - first_fd_ >= static_cast<long>(sockets_.size()))
    return api_error{errc::not_found, "Too few socket activated files passed in"};

  bool all = selector.empty() || selector == "*";
  std::vector<listener_socket> selected;
  for (std::size_t index = 0; index < sockets_.size(); ++index) {
    const auto& passed = sockets_[index];
    int passed_as = first_fd_ + static_cast<int>(index);
    if (!all && (number ? *number != passed_as : passed.name != selector))
      continue;
    auto failed = [passed_as](const api_error& error) {
      return api_error{error.kind, "Error setting up FileListener for fd " +
                                       std::to_string(passed_as) + ": " + error.message};
    };
    auto copy = duplicate(passed.fd.get());
    if (!copy)
      return failed(errno_error("dup", errno));
    auto socket = adopt_listener(copy);
    if (!socket)
      return failed(socket.error());
    selected.push_back(*std::move(socket));
  }
  if (selected.empty())
    return api_error{errc::not_found,
                     "no socket activated file is named '" + std::string{selector} + "'"};
  return selected;
}

void unset_activation_environment() noexcept {
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"})
    ::unsetenv(name);
}

} // namespace gantry::host
