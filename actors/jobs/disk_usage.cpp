#include "actors/containers/container_services.hpp"
#include "actors/jobs/container_listing.hpp"
#include "actors/jobs/image_json.hpp"
#include "actors/jobs/pool_job.hpp"
#include "actors/jobs/volume_jobs.hpp"
#include "actors/jobs/volume_sizes.hpp"
#include "protocol/api/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <map>
#include <string_view>
#include <utility>

namespace gantry::jobs {

namespace {

namespace json = boost::json;
using containers::container_services;

/// The images that `docker images` shows, with what only a look at everything tells.
json::array image_usage(const container_services& services, const store::image_catalog& catalog) {
  const auto containers = services.all->all();
  std::map<std::string_view, std::int64_t> made_from;
  for (const auto& one : *containers)
    ++made_from[one->view.image_id];
  json::array rows;
  if (auto listed = store::list_images(catalog, {}))
    for (const auto& item : *listed)
      rows.push_back(image_summary(item, {true, made_from[item.what->id().str()]}));
  return rows;
}

result<json::value> container_usage(const container_services& services) {
  job::env all;
  all.set_bool("all", true);
  auto text = list_containers(services, all, true);
  if (!text)
    return text.error();
  return api::parse_json(*text);
}

/// Those without options, as dockerd has it: what is mounted on the others is not the daemon's.
json::array volume_usage(const container_services& services) {
  json::array rows;
  for (const auto& one : *services.volumes.all->all()) {
    if (one->record.options && !one->record.options->empty())
      continue;
    volume::volume_usage usage;
    usage.references = static_cast<std::int64_t>(one->users.size());
    const auto size = volume_size_blocking(*one);
    usage.size = size ? static_cast<std::int64_t>(*size) : -1;
    rows.push_back(volume::shown_volume(one->record, one->directory, usage));
  }
  return rows;
}

/// LayersSize and the kinds that were asked for.
result<job_output> disk_usage(const container_services& services, const job::env& environment) {
  json::object usage{{"LayersSize", 0}};
  for (const auto& type : environment.get_list("types")) {
    if (type == "image") {
      const auto catalog = services.images.catalog->get();
      usage["LayersSize"] = catalog->layers_size();
      usage.emplace("Images", image_usage(services, *catalog));
    } else if (type == "container") {
      auto rows = container_usage(services);
      if (!rows)
        return rows.error();
      usage.emplace("Containers", std::move(*rows));
    } else if (type == "volume") {
      usage.emplace("Volumes", volume_usage(services));
    } else if (type == "build-cache") {
      usage.emplace("BuildCache", json::array());
    }
  }
  return job_output{json::value(std::move(usage))};
}

} // namespace

result<void> add_disk_usage_job(engine::job_table& table, const container_services& services) {
  return table.add("disk_usage",
                   pool_job(*services.images.streams, [services](const job::request& asked) {
                     return disk_usage(services, asked.environment);
                   }));
}

} // namespace gantry::jobs
