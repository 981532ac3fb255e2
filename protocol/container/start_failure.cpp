#include "protocol/container/start_failure.hpp"

#include "protocol/text.hpp"

#include <string>
#include <string_view>

namespace gantry::container {

start_failure_meaning start_failure(const api_error& why) {
  constexpr std::int64_t cannot_run = 126;
  constexpr std::int64_t not_found = 127;
  if (why.kind != errc::system)
    return {why, 128};
  const auto words = lower(why.message);
  auto says = [&words](std::string_view part) { return words.find(part) != std::string::npos; };
  auto because = [&why](std::string_view more) {
    return api_error{errc::invalid_parameter, why.message + std::string{more}};
  };
  if (says("not a directory"))
    return {because(": Are you trying to mount a directory onto a file (or vice-versa)? Check if "
                    "the specified host path exists and is the expected type"),
            not_found};
  if (says("executable file not found") || says("no such file or directory") ||
      says("system cannot find the file specified") || says("failed to run runc create/exec call"))
    return {because({}), not_found};
  if (says("permission denied"))
    return {because({}), cannot_run};
  if (says("is a directory"))
    return {because(": permission denied"), cannot_run};
  return {why, 128};
}

api_error runtime_failure(std::string_view operation, api_error why, std::string_view program) {
  if (why.kind != errc::system)
    return why;
  constexpr std::string_view nameless = "exec: permission denied";
  if (why.message.ends_with(nameless)) {
    // No program at all is taken for the directory that it would be in.
    const std::string_view reason =
        program.empty() ? "executable file not found in $PATH" : "permission denied";
    why.message.resize(why.message.size() - nameless.size());
    why.message.append("exec: \"").append(program).append("\": ").append(reason);
  }
  const auto failed = std::string{operation} + " failed: ";
  if (why.message.starts_with("unable to start container process"))
    why.message.insert(0, failed); // as runc begins, which crun does not
  why.message = "OCI runtime " + failed + why.message + ": unknown";
  return why;
}

} // namespace gantry::container
