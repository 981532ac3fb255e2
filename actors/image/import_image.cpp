#include "actors/image/import_image.hpp"

#include "actors/image/http_source.hpp"
#include "actors/image/layer_intake.hpp"
#include "protocol/api/platform.hpp"
#include "protocol/oci/changes.hpp"
#include "protocol/oci/image_config.hpp"
#include "protocol/oci/reference.hpp"
#include "protocol/stream/json_message.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gantry::image {

namespace {

std::string status_line(std::string text) {
  stream::json_message message;
  message.status = std::move(text);
  return stream::encode(message);
}

oci::instant instant_of(store::timestamp t) {
  constexpr std::int64_t second = 1'000'000'000;
  const auto count = t.time_since_epoch().count();
  return {count / second, static_cast<std::int32_t>(count % second), 0};
}

class importer {
public:
  importer(const import_request& request, const transfer_streams& io,
           const image_services& services)
      : request_(request), io_(io), services_(services) {}

  result<void> run() {
    if (auto checked = check(); !checked)
      return checked;
    auto lease = held_lease::begin(services_.store);
    if (!lease)
      return lease.error();
    auto source = open_source();
    if (!source)
      return source.error();
    const auto own = std::make_shared<std::atomic<std::uint64_t>>(0);
    layer_intake intake{services_, io_, lease->get(), own};
    std::string piece;
    auto taken = intake.take("layer.tar", {}, [&]() -> result<std::optional<std::string_view>> {
      auto next = (*source)();
      if (!next)
        return next.error();
      piece = std::move(*next);
      if (piece.empty())
        return std::optional<std::string_view>{};
      return std::optional{std::string_view{piece}};
    });
    if (!taken)
      return taken;
    const auto& layer = intake.layers().front();
    if (layer.broken)
      return *layer.broken;
    if (auto settled = intake.settle(); !settled)
      return settled;
    return put_image(layer.what.diff_id);
  }

private:
  // All that can be wrong without a byte of the tar.
  result<void> check() {
    auto name = oci::repo_tag_reference(request_.repository, request_.tag);
    if (!name)
      return name.error();
    name_ = std::move(*name);
    if (!name_.path.empty())
      if (auto allowed = oci::check_new_tag(name_); !allowed)
        return allowed;
    platform_ = services_.host;
    if (!request_.platform.empty()) {
      auto platform = api::parse_platform(request_.platform, services_.host);
      if (!platform)
        return platform.error();
      platform_ = std::move(*platform);
    }
    if (platform_.os != "linux")
      return api_error{errc::invalid_parameter, "operating system is not supported"};
    auto config = oci::apply_changes({}, request_.changes);
    if (!config)
      return config.error();
    config_ = std::move(*config);
    return {};
  }

  result<byte_source> open_source() {
    if (request_.source == "-")
      return byte_source{io_.read};
    auto download = http_source::open(request_.source, [this] { return io_.gone(); });
    if (!download)
      return download.error();
    std::shared_ptr<http_source> body{std::move(*download)};
    if (auto told = io_.write(status_line("Downloading from " + body->url())); !told)
      return told.error();
    auto progress = std::make_shared<progress_lines>(io_, "Importing", "", body->size());
    return byte_source{[body, progress]() -> result<std::string> {
      auto piece = body->read();
      if (!piece)
        return piece;
      auto told = piece->empty() ? progress->finish() : progress->advance(piece->size());
      if (!told)
        return told.error();
      return piece;
    }};
  }

  result<void> put_image(const oci::digest& diff_id) {
    oci::import_options options;
    options.config = config_;
    options.architecture = platform_.architecture;
    options.variant = platform_.variant;
    options.os = platform_.os;
    options.docker_version = services_.version;
    options.comment =
        request_.message.empty() ? "Imported from " + request_.source : request_.message;
    options.created = instant_of(services_.time());
    options.diff_id = diff_id;
    const bool named = !name_.path.empty();
    store::new_image image;
    image.config = oci::write_image_config(oci::imported_image(options));
    if (named)
      image.references.push_back(name_);
    image.tagged = named;
    auto put = ask_store_blocking(services_.store, "put image",
                                  [&image](store::image_store& s) { return s.put_image(image); });
    if (!put)
      return put.error();
    if (named)
      publish("tag", put->id, name_.familiar());
    publish("import", put->id, put->id.str());
    const auto& id = put->id;
    return io_.write(status_line(request_.bare_id ? std::string{id.hex()} : id.str()));
  }

  void publish(std::string action, const oci::digest& id, std::string name) const {
    store::image_event event{std::move(action), id.str(), {}};
    if (config_.labels)
      event.attributes = *config_.labels;
    event.attributes["name"] = std::move(name);
    services_.publish(event);
  }

  const import_request& request_;
  const transfer_streams& io_;
  const image_services& services_;
  oci::reference name_;
  oci::platform platform_;
  oci::run_config config_;
};

} // namespace

result<void> import_image(const import_request& request, const transfer_streams& io,
                          const image_services& services) {
  return importer{request, io, services}.run();
}

} // namespace gantry::image
