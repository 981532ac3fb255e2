#include "actors/host/oom_score.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/host/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace gantry::host {

result<void> set_oom_score(std::int64_t score, const std::string& file) {
  const auto text = std::to_string(score);
  auto failed = [&](const char* step) {
    auto error = errno_error(step, file, errno);
    error.message.insert(0, "cannot set the OOM score to " + text + ": ");
    return error;
  };
  unique_fd fd{::open(file.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!fd)
    return failed("open");
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return failed("write");
  return {};
}

} // namespace gantry::host
