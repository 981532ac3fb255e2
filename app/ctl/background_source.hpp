#pragma once

#include "actors/host/unique_fd.hpp"
#include "app/ctl/source.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace gantry::ctl {

/// Asks a source on a thread of its own, one question after the other, so that the caller stays
/// free for keys. The source must not be used otherwise meanwhile.
class background_source {
public:
  struct answer {
    std::string target;
    result<std::string> body;
  };

  explicit background_source(source& from);
  /// Waits for the question under way, which whoever cancels the source's client cuts short.
  ~background_source();
  background_source(background_source&&) = delete;

  /// Unless the same question waits already.
  void ask(std::string target);
  /// Can be read (poll(2)) while there are answers.
  int fd() const noexcept { return ready_.get(); }
  /// The oldest answer, if there is one.
  std::optional<answer> take();

private:
  void run();

  source& from_;
  host::unique_fd ready_;
  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<std::string> questions_;
  std::deque<answer> answers_;
  bool ended_ = false;
  std::thread thread_; // last: it uses the others
};

} // namespace gantry::ctl
