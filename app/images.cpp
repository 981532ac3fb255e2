#include "app/images.hpp"

#include "actors/host/system_facts.hpp"
#include "actors/runtime/log.hpp"
#include "actors/store/image_store.hpp"
#include "actors/store/layer_files.hpp"
#include "actors/store/paths.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>

#include <optional>
#include <utility>

namespace gantry::app {

namespace {

api::event event_of(const store::image_event& from) {
  api::event e;
  e.type = "image";
  e.action = from.action;
  e.actor = from.id;
  e.attributes = {from.attributes.begin(), from.attributes.end()};
  return e;
}

/// The driver that was asked for; none: it is found by trial.
result<std::optional<store::layer_driver>> wanted_driver(const std::string& name) {
  using store::layer_driver;
  if (name.empty())
    return std::optional<layer_driver>{};
  for (auto driver : {layer_driver::overlay, layer_driver::copy})
    if (name == to_string(driver))
      return std::optional{driver};
  if (name == "overlay")
    return std::optional{layer_driver::overlay};
  if (name == "vfs") // Docker's driver that copies
    return std::optional{layer_driver::copy};
  return api_error{errc::invalid_parameter, "unknown storage driver '" + name +
                                                "': use overlay2 or copy, or leave it out to have "
                                                "it chosen"};
}

} // namespace

images::images(caf::actor_system& sys, const events::hub_actor& hub, runtime::worker_pool& pool,
               runtime::worker_pool& streams)
    : trash_(image::spawn_trash(sys, pool, services_.unpacking)) {
  services_.catalog = std::make_shared<image::shared_catalog>();
  services_.store = image::spawn_image_store(sys, services_.catalog, pool);
  services_.streams = &streams;
  services_.publish = [hub](const store::image_event& e) { events::tell(hub, event_of(e)); };
  services_.host.os = "linux";
  services_.host.architecture = host::read_system_facts().go_architecture;
  services_.version = GANTRY_VERSION;
}

images::open_function images::opener() const {
  return [services = services_, trash = trash_](const settings& s) -> result<store::layer_driver> {
    auto driver = wanted_driver(s.storage_driver);
    if (!driver)
      return driver.error();
    auto store = store::image_store::open(s.data_root);
    if (!store)
      return store.error();
    for (const auto& warning : (*store)->warnings())
      log::write(log::level::warn, "image-store", warning);
    const auto& bin = (*store)->bin();
    bin->on_filled([trash] { caf::anon_send(trash, caf::atom("filled")); });
    caf::anon_send(trash, image::trash_opened{bin});
    auto layers = store::layer_files::open((*store)->where(), *driver, bin);
    if (!layers)
      return layers.error();
    if (!layers->reason().empty())
      log::write(log::level::warn, "image-store", "layers are kept for copying",
                 {{"reason", layers->reason()}});
    const auto chosen = layers->driver();
    services.layers.set(std::make_shared<const store::layer_files>(std::move(*layers)));
    caf::anon_send(services.store, image::store_opened{std::move(*store)});
    return chosen;
  };
}

void images::end() {
  caf::anon_send_exit(trash_, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(services_.store, caf::exit_reason::user_shutdown);
}

} // namespace gantry::app
