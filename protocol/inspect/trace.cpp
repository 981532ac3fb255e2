#include "protocol/inspect/trace.hpp"

#include "protocol/oci/time.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

namespace gantry::inspect {

namespace {

/// Whether a thread has forgotten spans that may be younger than `time`.
bool may_have_forgotten(const std::vector<span_view>& spans, std::string_view time) {
  struct kept {
    std::size_t count = 0;
    std::string_view oldest;
  };
  std::map<std::string_view, kept> threads;
  for (const auto& s : spans) {
    auto& k = threads[s.thread];
    if (k.count++ == 0)
      k.oldest = s.time;
  }
  const auto since = oci::parse_instant(time);
  return since && std::any_of(threads.begin(), threads.end(), [&since](const auto& each) {
           const auto& [thread, k] = each;
           const auto most = thread == "worker" ? spans_of_workers : spans_of_thread;
           const auto oldest = oci::parse_instant(k.oldest);
           return k.count >= most && oldest && *since < *oldest;
         });
}

} // namespace

std::optional<request_trace> trace_of(std::uint64_t id, const std::vector<request_view>& requests,
                                      const std::vector<span_view>& spans) {
  request_trace trace;
  std::copy_if(spans.begin(), spans.end(), std::back_inserter(trace.spans),
               [id](const span_view& s) { return s.request == id; });
  const auto found = std::find_if(requests.begin(), requests.end(),
                                  [id](const request_view& r) { return r.id == id; });
  if (found != requests.end()) {
    trace.request = *found;
    if (may_have_forgotten(spans, found->time))
      trace.missing = "the beginning may not be kept any more";
    return trace;
  }
  if (trace.spans.empty())
    return std::nullopt;
  trace.request.id = id;
  trace.request.time = trace.spans.front().time;
  trace.missing = "the request itself is not kept, or is the daemon's own";
  return trace;
}

std::vector<request_view> limited(std::vector<request_view> requests, std::size_t limit) {
  if (limit == 0 || requests.size() <= limit)
    return requests;
  const auto over = std::stable_partition(requests.begin(), requests.end(),
                                          [](const request_view& r) { return !r.over; });
  const auto surplus = static_cast<std::ptrdiff_t>(requests.size() - limit);
  const auto many = std::min(surplus, requests.end() - over);
  requests.erase(over, over + many);
  requests.resize(std::min(requests.size(), limit));
  return requests;
}

} // namespace gantry::inspect
