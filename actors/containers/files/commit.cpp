#include "actors/containers/files/commit.hpp"

#include "actors/containers/files/tree_tar.hpp"
#include "actors/containers/root_files.hpp"
#include "actors/containers/times.hpp"
#include "actors/containers/tree_names.hpp"
#include "actors/image/layer_intake.hpp"
#include "actors/image/transfer.hpp"
#include "actors/store/image_store.hpp"
#include "protocol/container/commit.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace gantry::containers {

namespace {

class committing {
public:
  committing(const files_of_container& container, const commit_request& request,
             const image::image_services& services)
      : container_(container), request_(request), services_(services) {
    io_.read = [] { return result<std::string>{std::string{}}; };
    io_.write = [](std::string_view) { return result<void>{}; };
    io_.cancelled = request.cancelled;
  }

  result<oci::digest> run() {
    if (container_.layers.driver == store::layer_driver::copy)
      return api_error{errc::not_implemented, "a commit needs overlayfs, which does not work here"};
    auto lease = image::held_lease::begin(services_.store);
    if (!lease)
      return lease.error();
    const auto catalog = services_.catalog->get();
    const auto id = oci::digest::parse(container_.view.image_id);
    const auto* parent = id ? catalog->find(*id) : nullptr;
    if (!parent)
      return api_error{errc::not_found, "No such image: " + container_.view.image_id};
    auto held = image::ask_store_blocking(
        services_.store, "hold image",
        [work = lease->get(), &id](store::image_store& s) { return s.hold_image(work, *id); });
    if (!held)
      return held.error();
    auto layer = take_layer(lease->get());
    if (!layer)
      return layer.error();
    return put_image(*parent, std::move(*layer));
  }

private:
  /// What the container has changed, in the store; nothing if it has changed nothing.
  result<std::optional<oci::digest>> take_layer(store::lease lease) {
    auto upper = open_root(container_.paths.upper());
    if (!upper)
      return upper.error();
    const auto names = names_in_directory(upper->fd());
    if (!names)
      return names.error();
    if (names->empty())
      return std::optional<oci::digest>{};
    const auto whiteouts = container_.layers.user_xattr ? store::whiteout_form::overlay_user
                                                        : store::whiteout_form::overlay;
    tree_tar tar{host::duplicate(upper->fd()), {.top = {}, .whiteouts = whiteouts}};
    image::layer_intake intake{services_, io_, lease,
                               std::make_shared<std::atomic<std::uint64_t>>(0)};
    auto taken = intake.take("layer.tar", {}, [&]() -> result<std::optional<std::string_view>> {
      if (io_.gone())
        return api_error{errc::unavailable, "the commit was cancelled"};
      const auto piece = tar.next();
      if (!piece)
        return piece.error();
      return piece->empty() ? std::optional<std::string_view>{} : std::optional{*piece};
    });
    if (!taken)
      return taken.error();
    if (const auto& broken = intake.layers().front().broken)
      return *broken;
    if (auto settled = intake.settle(); !settled)
      return settled.error();
    return std::optional{intake.layers().front().what.diff_id};
  }

  result<oci::digest> put_image(const store::image& parent, std::optional<oci::digest> layer) {
    store::new_image image;
    image.config = oci::write_image_config(container::committed_image(
        parent.config(), {.container = container_.view.id,
                          .container_config = *container_.view.config,
                          .config = request_.config,
                          .author = request_.author,
                          .comment = request_.comment,
                          .created = instant_of(services_.time().time_since_epoch().count()),
                          .docker_version = services_.version,
                          .layer = std::move(layer)}));
    image.parent = parent.id();
    const bool named = !request_.name.path.empty();
    if (named)
      image.references.push_back(request_.name);
    image.tagged = named;
    auto put =
        image::ask_store_blocking(services_.store, "put image",
                                  [&image](store::image_store& s) { return s.put_image(image); });
    if (!put)
      return put.error();
    if (named) {
      store::image_event event{"tag", put->id.str(), {}};
      if (request_.config.labels)
        event.attributes = *request_.config.labels;
      event.attributes["name"] = request_.name.familiar();
      services_.publish(event);
    }
    return put->id;
  }

  const files_of_container& container_;
  const commit_request& request_;
  const image::image_services& services_;
  image::transfer_streams io_;
};

} // namespace

result<oci::digest> commit_blocking(const files_of_container& container,
                                    const commit_request& request,
                                    const image::image_services& services) {
  return committing{container, request, services}.run();
}

} // namespace gantry::containers
