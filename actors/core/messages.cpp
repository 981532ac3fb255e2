#include "actors/core/messages.hpp"

#include <atomic>
#include <chrono>

namespace gantry::core {

request_id next_request_id() noexcept {
  static std::atomic<request_id> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::string duration_text(caf::timespan d) {
  using namespace std::chrono;
  auto ms = duration_cast<milliseconds>(d).count();
  if (ms < 1000)
    return std::to_string(ms) + "ms";
  auto text = std::to_string(ms / 1000);
  if (auto tenths = ms % 1000 / 100; tenths != 0)
    text += "." + std::to_string(tenths);
  return text + "s";
}

} // namespace gantry::core
