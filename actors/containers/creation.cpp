#include "actors/containers/creation.hpp"

#include "actors/containers/container_files.hpp"
#include "actors/containers/kept_layers.hpp"
#include "actors/containers/times.hpp"
#include "actors/core/fresh_id.hpp"
#include "actors/host/errno_text.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "protocol/api/platform.hpp"
#include "protocol/container/create.hpp"
#include "protocol/container/log_options.hpp"
#include "protocol/container/merge.hpp"
#include "protocol/container/names.hpp"
#include "protocol/oci/image_platform.hpp"

#include <sys/random.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace gantry::containers {

namespace {

result<std::uint64_t> random_number() {
  std::uint64_t bits = 0;
  if (::getentropy(&bits, sizeof bits) != 0)
    return host::errno_error("getentropy", errno);
  return bits;
}

result<bool> path_is_there(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0)
    return true;
  if (errno == ENOENT || errno == ENOTDIR)
    return false;
  return host::errno_error("stat " + path, errno);
}

// As a request would ask for them: -1 is unlimited.
std::vector<container::ulimit> default_ulimits(const container::daemon_facts& daemon) {
  std::vector<container::ulimit> out;
  out.reserve(daemon.default_limits.size());
  for (const auto& limit : daemon.default_limits)
    out.push_back(
        {limit.name, static_cast<std::int64_t>(limit.hard), static_cast<std::int64_t>(limit.soft)});
  return out;
}

/// One creation, step by step. Kept alive by whatever it waits for.
class container_creation : public std::enable_shared_from_this<container_creation> {
public:
  container_creation(container_services services, manager_actor manager, creation_request asked,
                     outcome<created_container> answer)
      : services_(std::move(services)), manager_(std::move(manager)), asked_(std::move(asked)),
        answer_(std::move(answer)) {}

  void begin() {
    caf::anon_send(manager_, when_ready{[me = shared_from_this()] {
                     me->on_worker("create container", [me] { me->check_blocking(); });
                   }});
  }

private:
  void on_worker(const char* label, std::function<void()> work) {
    if (!services_.pool->submit(label, std::move(work)))
      fail({errc::unavailable, std::string{label} + ": too much work is waiting; try again later"});
  }

  void fail(const api_error& why) {
    if (!kept_.name.empty())
      services_.all->release(kept_.name, kept_.id);
    if (leased_)
      end_lease();
    if (has_volumes_)
      release_volumes();
    answer_.tell(why);
  }

  void release_volumes() const {
    auto release = std::make_shared<volumes::release_volumes>();
    release->container = kept_.id;
    for (const auto& mount : kept_.definition.mounts)
      if (container::is_anonymous(mount))
        release->discard.push_back(mount.name);
    caf::anon_send(services_.volumes.actor, std::move(release));
  }

  void end_lease() const {
    image::tell_store(
        services_.images.store, "let go of layers",
        [lease = lease_](store::image_store& s) -> result<bool> {
          s.end_lease(lease);
          return true;
        },
        [](const result<bool>&) {});
  }

  /// All that can be known to be wrong before anything is made.
  void check_blocking() {
    if (auto done = prepare(); !done)
      return fail(done.error());
    image::tell_store(
        services_.images.store, "keep the layers of " + kept_.definition.image_id,
        [me = shared_from_this()](store::image_store& s) -> result<bool> {
          me->lease_ = s.begin_lease();
          me->leased_ = true;
          if (!me->image_)
            return true;
          if (auto held = s.hold_image(me->lease_, *me->image_); !held)
            return held.error();
          return true;
        },
        [me = shared_from_this()](const result<bool>& held) {
          if (!held)
            return me->fail(held.error());
          me->take_volumes();
        });
  }

  result<void> prepare() {
    auto& setup = *services_.setup;
    auto prepared = container::prepare_create(asked_.body, asked_.version, setup.host->abilities,
                                              setup.create, path_is_there);
    if (!prepared)
      return prepared.error();
    auto& request = prepared->request;
    if (!asked_.platform.empty()) {
      auto platform = api::parse_platform(asked_.platform, services_.images.host);
      if (!platform)
        return platform.error();
      platform_ = std::move(*platform);
    }
    auto id = core::fresh_id();
    if (!id)
      return id.error();
    kept_.id = std::move(*id);
    if (auto named = take_name(); !named)
      return named;
    auto catalog = services_.images.catalog->get();
    const container::container_config* inherited = nullptr;
    if (!request.config.image.empty()) {
      auto found = catalog->resolve(request.config.image);
      if (!found)
        return found.error();
      auto& image = *found->what;
      if (auto fits = check_platform(image, request.config.image); !fits)
        return fits;
      image_ = image.id();
      kept_.definition.image_id = image.id().str();
      for (auto& layer : image.facts->row.layers)
        kept_.definition.layers.push_back(layer.str());
      inherited = image.config().config ? &*image.config().config : nullptr;
    }
    auto lookup = [this](std::string_view reference) -> std::optional<std::string> {
      auto found = services_.all->find(reference);
      if (!found)
        return std::nullopt;
      return (*found)->view.id;
    };
    auto command = container::complete_create(*prepared, inherited, setup.host->abilities,
                                              setup.create, lookup);
    if (!command)
      return command.error();
    container::name_host(request.config, request.host_config, kept_.id, setup.create);
    container::merge_ulimits(request.host_config.resources.ulimits, default_ulimits(*setup.daemon));
    auto& d = kept_.definition;
    d.created = instant_now();
    d.path = std::move(command->path);
    d.args = std::move(command->args);
    d.driver = to_string(services_.images.layers->driver());
    auto mounts = container::collect_mounts(
        request.host_config, request.config,
        {prepared->read_only_non_recursive, services_.data_root.string()},
        [this](const std::string& reference) -> result<std::vector<container::mount_point>> {
          auto found = services_.all->find(reference);
          if (!found)
            return found.error();
          return (*found)->view.mounts;
        });
    if (!mounts)
      return mounts.error();
    d.mounts = std::move(*mounts);
    d.config = std::move(request.config);
    d.host_config = std::move(request.host_config);
    for (auto& [network, endpoint] : request.networking_config.endpoints)
      if (endpoint)
        d.endpoints.emplace(network, std::move(*endpoint));
    warnings_.insert(warnings_.begin(), prepared->warnings.begin(), prepared->warnings.end());
    return {};
  }

  /// An image for another platform has to be asked for by that; whoever asks for none is warned.
  result<void> check_platform(const store::image& image, const std::string& name) {
    const auto& host = services_.images.host;
    const auto own = oci::platform_of(image.config());
    if (oci::runs_on(own, platform_.value_or(host)))
      return {};
    if (platform_)
      return oci::other_platform(name, own, *platform_);
    warnings_.push_back("The requested image's platform (" + to_string(own) +
                        ") does not match the detected host platform (" + to_string(host) +
                        ") and no specific platform was requested");
    return {};
  }

  result<void> take_name() {
    if (!asked_.name.empty()) {
      auto name = container::checked_name(asked_.name);
      if (!name)
        return name.error();
      if (auto taken = services_.all->reserve(*name, kept_.id); !taken)
        return taken;
      kept_.name = std::move(*name);
      return {};
    }
    for (unsigned attempt = 0; attempt < container::name_attempts; ++attempt) {
      auto random = random_number();
      if (!random)
        return random.error();
      auto name = container::generated_name(*random, attempt);
      if (services_.all->reserve(name, kept_.id)) {
        kept_.name = std::move(name);
        return {};
      }
    }
    auto name = "/" + kept_.id.substr(0, 12);
    if (auto taken = services_.all->reserve(name, kept_.id); !taken)
      return taken;
    kept_.name = std::move(name);
    return {};
  }

  /// What is asked for behind a mount of type volume.
  static volumes::wanted_volume wanted(const container::mount_point& mount) {
    volumes::wanted_volume volume;
    volume.what.name = mount.name;
    volume.what.driver = mount.driver;
    volume.must_exist = !mount.source.empty(); // another container's
    if (const auto& options = mount.spec.volume_options) {
      if (!options->labels.empty())
        volume.what.labels = options->labels;
      if (options->driver_config && !options->driver_config->options.empty())
        volume.what.options = options->driver_config->options;
    }
    return volume;
  }

  /// Has the volumes made that are not there; from here on they are the container's.
  void take_volumes() {
    auto request = std::make_shared<volumes::use_volumes>();
    request->container = kept_.id;
    for (const auto& mount : kept_.definition.mounts)
      if (mount.type == "volume")
        request->wanted.push_back(wanted(mount));
    auto go_on = [me = shared_from_this()] {
      me->on_worker("create container", [me] { me->make_blocking(); });
    };
    if (request->wanted.empty())
      return go_on();
    request->answer = {"the volumes",
                       [me = shared_from_this(), go_on](result<volumes::volume_list> given) {
                         if (!given)
                           return me->fail(given.error());
                         me->has_volumes_ = true;
                         me->note_volumes(*given);
                         go_on();
                       }};
    caf::anon_send(services_.volumes.actor, std::move(request));
  }

  void note_volumes(const volumes::volume_list& given) {
    auto volume = given.begin();
    for (auto& mount : kept_.definition.mounts)
      if (mount.type == "volume") {
        if (mount.source.empty())
          container::use_volume(mount, (*volume)->record.name, std::string{volume::local_driver},
                                (*volume)->directory);
        ++volume;
      }
  }

  /// What is on a volume is mounted for as long as the container is made.
  result<void> mount_volume_blocking(const container::mount_point& mount) {
    const auto known = services_.volumes.all->find(mount.name);
    if (!known || !volume::needs_mount(known->record))
      return {};
    mounted_ = true;
    return volumes::ask_mount_blocking(services_.volumes, kept_.id, mount.name);
  }

  void make_blocking() {
    auto& d = kept_.definition;
    auto layers = kept_layers(*services_.images.layers, d.layers);
    if (!layers)
      return fail(layers.error());
    container_paths paths{services_.data_root, services_.exec_root, kept_.id};
    auto made = create_container_files_blocking(
        {paths, std::move(*layers), d.mounts, d.config.working_dir,
         [this](const container::mount_point& mount) { return mount_volume_blocking(mount); }});
    if (mounted_)
      volumes::let_unmount(services_.volumes, kept_.id);
    if (!made)
      return fail(made.error());
    auto adopt = std::make_shared<adopt_container>();
    adopt->what = kept_;
    adopt->lease = lease_;
    adopt->answer = outcome<void>{
        "the manager of containers", [me = shared_from_this(), paths](const result<void>& how) {
          if (how)
            return me->answer_.tell(created_container{me->kept_.id, std::move(me->warnings_)});
          me->on_worker("take back a container", [me, paths, why = how.error()] {
            static_cast<void>(remove_container_files_blocking(paths, *me->services_.setup->bin));
            me->fail(why);
          });
        }};
    caf::anon_send(manager_, std::move(adopt));
  }

  const container_services services_;
  const manager_actor manager_;
  const creation_request asked_;
  outcome<created_container> answer_;
  kept_container kept_;
  std::vector<std::string> warnings_;
  std::optional<oci::platform> platform_; ///< that was asked for
  std::optional<oci::digest> image_;
  store::lease lease_;
  bool leased_ = false;
  bool has_volumes_ = false;
  bool mounted_ = false; ///< something on a volume, perhaps
};

} // namespace

void create_container(const container_services& services, const manager_actor& manager,
                      creation_request asked, outcome<created_container> answer) {
  std::make_shared<container_creation>(services, manager, std::move(asked), std::move(answer))
      ->begin();
}

} // namespace gantry::containers
