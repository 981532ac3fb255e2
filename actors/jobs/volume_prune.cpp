#include "actors/containers/container_services.hpp"
#include "actors/host/unique_fd.hpp"
#include "actors/jobs/awaited_job.hpp"
#include "actors/jobs/container_lookup.hpp"
#include "actors/jobs/pool_job.hpp"
#include "actors/jobs/prune_turn.hpp"
#include "actors/jobs/volume_jobs.hpp"
#include "actors/jobs/volume_sizes.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/store/tree_usage.hpp"
#include "protocol/volume/volume_filter.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fcntl.h>

#include <memory>
#include <utility>
#include <vector>

namespace gantry::jobs {

namespace {

namespace json = boost::json;
using containers::container_services;

/// One prune, volume after volume. Kept alive by whatever it waits for.
class volume_prune : public std::enable_shared_from_this<volume_prune> {
public:
  volume_prune(container_services services, prune_turn::ptr turn, tell_outcome tell)
      : services_(std::move(services)), turn_(std::move(turn)), tell_(std::move(tell)) {}

  /// False if there is no room for the work.
  bool begin(const volume::prune_filter& filter) {
    for (const auto& one : *services_.volumes.all->all())
      if (one->users.empty() && filter.matches(one->record))
        chosen_.push_back(one);
    return services_.images.streams->submit(
        "measure the volumes that are pruned", [me = shared_from_this()] {
          for (const auto& one : me->chosen_)
            me->sizes_.push_back(volume_size_blocking(*one).value_or(0));
          me->remove(0);
        });
  }

private:
  void remove(std::size_t which) {
    if (which == chosen_.size())
      return end();
    auto request = std::make_shared<volumes::remove_volume>();
    request->name = chosen_[which]->record.name;
    request->answer = {"the volumes", [me = shared_from_this(), which](const result<void>& how) {
                         me->on_removed(which, how);
                         me->remove(which + 1);
                       }};
    caf::anon_send(services_.volumes.actor, std::move(request));
  }

  void on_removed(std::size_t which, const result<void>& how) {
    const auto& name = chosen_[which]->record.name;
    if (how) {
      deleted_.emplace_back(name);
      reclaimed_ += sizes_[which];
      return;
    }
    // Somebody uses it by now, say; who asked is told what has gone.
    log::write(log::level::warn, "volumes", "one was not pruned",
               {{"volume", name}, {"error", how.error().message}});
  }

  void end() {
    api::event e;
    e.type = "volume";
    e.action = "prune";
    e.attributes.emplace("reclaimed", std::to_string(reclaimed_));
    services_.publish(std::move(e));
    turn_.reset(); // before it is answered, so that who prunes twice in a row may
    json::object report;
    report.emplace("VolumesDeleted", std::move(deleted_));
    report.emplace("SpaceReclaimed", reclaimed_);
    tell_(job_output{json::value(std::move(report))});
  }

  const container_services services_;
  prune_turn::ptr turn_;
  const tell_outcome tell_;
  std::vector<volumes::published_volume_ptr> chosen_;
  std::vector<std::uint64_t> sizes_; ///< of each
  json::array deleted_;
  std::uint64_t reclaimed_ = 0;
};

} // namespace

std::optional<std::uint64_t> volume_size_blocking(const volumes::published_volume& volume) {
  host::unique_fd directory{::open(volume.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory)
    return std::nullopt;
  const auto usage = store::measure_tree(std::move(directory));
  if (!usage)
    return std::nullopt;
  return usage->apparent;
}

result<void> add_volume_prune_job(engine::job_table& table, const container_services& services) {
  auto start = [services, place = prune_turn::make_place()](
                   const job::request& asked, const tell_outcome& tell) -> result<void> {
    auto filters = api::filters::parse(asked.environment.get("filters"));
    if (!filters)
      return filters.error();
    const auto filter =
        volume::prune_filter::read(std::move(*filters), version_asked(asked.environment));
    if (!filter)
      return filter.error();
    auto turn = prune_turn::take(place);
    if (!turn)
      return turn.error();
    if (!std::make_shared<volume_prune>(services, std::move(*turn), tell)->begin(*filter))
      return pool_is_full(asked.name);
    return {};
  };
  return table.add("volume_prune", awaited_job("the volumes", std::move(start)));
}

} // namespace gantry::jobs
