#include "app/inspection.hpp"

#include "actors/runtime/log.hpp"

#include <utility>

namespace gantry::app {

inspection::inspection(const settings& s, inspect::sources from)
    : wanted_(s.inspect_host),
      exec_root_(s.exec_root), tls_{s.tls_cert, s.tls_key, s.tls_ca_cert, s.tls_verify},
      service_(std::move(from)) {}

std::string inspection::open_blocking() {
  if (wanted_ == no_inspection)
    return {};
  auto address = host::parse_listen_address(
      wanted_.empty() ? "unix://" + exec_root_ + "/inspect.sock" : wanted_);
  if (!address)
    return address.error().message;
  inspect::service_options how{std::move(*address), {}};
  if (how.address.proto == host::listen_proto::tcp)
    how.tls = tls_;
  auto opened = service_.open(how);
  if (opened)
    return {};
  if (!wanted_.empty())
    return opened.error().message;
  log::write(log::level::warn, "inspect", "the daemon cannot be inspected",
             {{"error", opened.error().message}});
  return {};
}

} // namespace gantry::app
