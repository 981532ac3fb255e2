#include "app/reload.hpp"

#include "app/option_table.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace gantry::app {
namespace {

std::string word(bool value) { return value ? "true" : "false"; }

std::string as_json(const std::vector<std::string>& items) {
  boost::json::array out;
  for (const std::string& item : items)
    out.emplace_back(item);
  return boost::json::serialize(out);
}

/// `crun:/usr/bin/crun kata:/opt/kata`.
std::string as_words(const runtime_map& runtimes) {
  std::string out;
  for (const auto& [name, runtime] : runtimes)
    out += (out.empty() ? "" : " ") + name + ':' + runtime.path;
  return out;
}

} // namespace

reload_plan plan_reload(const settings& present, const settings& wanted) {
  reload_plan plan;
  plan.next = present;
  plan.reread_certificates = present.tls;
  bool turns_tls = present.tls != wanted.tls || present.tls_verify != wanted.tls_verify;
  for (const option_spec& option : option_table()) {
    if (same_value(present, wanted, option))
      continue;
    // The files belong to the mode: they wait together with it.
    bool waits = option.when == effect::restart ||
                 (turns_tls && option.key.substr(0, 3) == std::string_view("tls"));
    if (waits) {
      plan.need_restart.emplace_back(option.key);
    } else {
      copy_value(plan.next, wanted, option);
      plan.applied.emplace_back(option.key);
    }
  }
  return plan;
}

std::map<std::string, std::string> reload_attributes(const settings& values) {
  return {
      {"debug", word(values.debug)},
      {"default-ipc-mode", values.default_ipc_mode},
      {"default-runtime", values.default_runtime},
      {"default-shm-size", std::to_string(values.default_shm_size.bytes)},
      {"insecure-registries", as_json(values.insecure_registries)},
      {"labels", as_json(values.labels)},
      {"live-restore", word(values.live_restore)},
      {"max-concurrent-downloads", std::to_string(values.max_concurrent_downloads)},
      {"max-concurrent-uploads", std::to_string(values.max_concurrent_uploads)},
      {"max-download-attempts", std::to_string(values.max_download_attempts)},
      {"registry-mirrors", as_json(values.registry_mirrors)},
      {"runtimes", as_words(values.runtimes)},
      {"shutdown-timeout", std::to_string(values.shutdown_timeout)},
  };
}

} // namespace gantry::app
