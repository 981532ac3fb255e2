// What a container shows of itself.

#include "actors/containers/container_state.hpp"
#include "protocol/container/network_view.hpp"
#include "protocol/container/security_options.hpp"

namespace gantry::containers {

namespace {

using container::container_status;

/// As inspect shows it until the container is started; then it is the one that it runs with, and
/// there is none without AppArmor.
std::string asked_apparmor_profile(const container::host_config& config) {
  const auto options = container::parse_security_options(config.security_opt);
  return options ? options->apparmor.value_or("") : std::string{};
}

} // namespace

container::container_view container_state::view() const {
  container::container_view v;
  auto& d = *definition_;
  v.id = id_;
  v.created = d.created;
  v.path = d.path;
  v.args = d.args;
  v.state = life->state();
  // It ended while there was no daemon; that it has still to be taken down is nobody's business.
  if (run_ && run_->exit_seen && !run_->prepared)
    v.state.status = container_status::exited;
  v.image_id = d.image_id;
  if (!was_tried_)
    v.apparmor_profile = asked_apparmor_profile(*host_config_);
  v.layers = {definition_, &d.layers};
  v.name = name_;
  v.restart_count = life->record().restart_count;
  v.driver = d.driver;
  v.config = config_;
  v.host_config = host_config_;
  v.graph_data = root_directories_;
  v.mounts = d.mounts;
  v.network = networks();
  if (auto driver = monitor::parse_log_driver(host_config_->log_config.type))
    v.log_path = paths_.log_file(*driver).string();
  if (was_tried_) {
    v.hostname_path = paths_.hostname().string();
    v.hosts_path = paths_.hosts().string();
    v.resolv_conf_path = paths_.resolv_conf().string();
  }
  return v;
}

container::network_view container_state::networks() const {
  return container::show_networks(
      {id_, definition_->endpoints, *config_, *host_config_, life->state(), was_tried_},
      [this](std::string_view name) { return services_.networks->named(name).id; });
}

} // namespace gantry::containers
