#include "app/metrics.hpp"

#include "actors/host/listen_address.hpp"

#include <utility>

namespace gantry::app {

metrics::metrics(const settings& s, gantry::metrics::sources from) : address_(s.metrics_addr) {
  if (!address_.empty())
    service_ = gantry::metrics::make_service(std::move(from));
}

std::string metrics::open_blocking() {
  if (!service_)
    return {};
  auto address = host::parse_listen_address("tcp://" + address_);
  if (!address)
    return address.error().message;
  auto opened = service_->open({std::move(*address), {}});
  return opened ? std::string{} : "metrics: " + opened.error().message;
}

} // namespace gantry::app
