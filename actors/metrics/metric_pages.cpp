#include "actors/metrics/metric_pages.hpp"

#include "protocol/metrics/exposition.hpp"

#include <string>
#include <utility>

namespace gantry::metrics {

namespace {

constexpr std::string_view the_page = "/metrics";

} // namespace

http::response metric_pages::refusal(int status, std::string_view text) const {
  http::response r;
  r.status = status;
  r.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  r.body = text;
  r.body += '\n';
  return r;
}

inspect::page_answer metric_pages::answer(const inspect::page_request& asked) {
  if (asked.head.path != the_page)
    return refusal(404, "there is no such page; metrics are at " + std::string{the_page});
  if (asked.head.method != "GET" && asked.head.method != "HEAD") {
    auto r = refusal(405, "metrics can only be read: GET or HEAD");
    r.headers.emplace_back("Allow", "GET, HEAD");
    return r;
  }
  http::response r;
  r.headers = {{"Content-Type", std::string{content_type}}, {"Cache-Control", "no-store"}};
  r.body = reader_.text();
  return r;
}

std::unique_ptr<inspect::service> make_service(sources from) {
  inspect::service_nature nature;
  nature.title = "Metrics";
  nature.thread = "gantry-metrics";
  nature.open = true;
  return std::make_unique<inspect::service>(
      nature, [&from](const std::shared_ptr<const inspect::waker>&) {
        return std::make_unique<metric_pages>(std::move(from));
      });
}

} // namespace gantry::metrics
