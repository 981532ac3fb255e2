#include "actors/core/request_log.hpp"

#include <algorithm>

namespace gantry::core {

namespace {

bool is_ping(std::string_view target) {
  target = target.substr(0, target.find('?'));
  return target.ends_with("/_ping");
}

} // namespace

finished_request& request_log::shelf::next() {
  if (kept.size() < most)
    return kept.emplace_back();
  auto& oldest = kept[place];
  place = (place + 1) % most;
  return oldest;
}

void request_log::add(const ended& request) {
  auto now = runtime::now_ticks();
  const bool reads = request.method == "GET" || request.method == "HEAD";
  auto& where = !reads ? changes_ : is_ping(request.target) ? pings_ : reads_;
  auto client = request.client;
  std::lock_guard guard{mutex_};
  auto& one = where.next();
  one.id = request.id;
  one.call.assign(request.method).append(" ").append(request.target.substr(0, most_call));
  one.client.swap(client); // that of the oldest is let go of after the unlock
  one.connection = request.connection;
  one.begun = request.begun;
  one.took = now > request.begun ? now - request.begun : 0;
  one.status = request.status;
}

std::vector<finished_request> request_log::all() const {
  std::vector<finished_request> result;
  {
    std::lock_guard guard{mutex_};
    result.reserve(pings_.kept.size() + reads_.kept.size() + changes_.kept.size());
    for (const auto* s : {&pings_, &reads_, &changes_})
      result.insert(result.end(), s->kept.begin(), s->kept.end());
  }
  std::sort(result.begin(), result.end(), [](auto& a, auto& b) { return a.id < b.id; });
  return result;
}

} // namespace gantry::core
