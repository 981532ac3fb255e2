#include "actors/containers/container_services.hpp"
#include "actors/containers/times.hpp"
#include "actors/jobs/container_jobs.hpp"
#include "actors/jobs/container_listing.hpp"
#include "actors/jobs/container_lookup.hpp"
#include "actors/jobs/pool_job.hpp"
#include "protocol/api/filters.hpp"
#include "protocol/container/inspect_view.hpp"
#include "protocol/container/list_filter.hpp"

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace gantry::jobs {

namespace {

using containers::container_services;

/// The ids of what images are named, each looked up once.
class image_names {
public:
  explicit image_names(std::shared_ptr<const store::image_catalog> catalog)
      : catalog_(std::move(catalog)) {}

  /// The name that the container was made with, or, once that means another image or none, the
  /// image's id.
  const std::string& shown(const container::container_view& view) {
    const auto& name = view.config->image;
    if (name == view.image_id || view.image_id.empty())
      return name;
    auto [at, is_new] = ids_.try_emplace(name);
    if (is_new)
      if (auto found = catalog_->resolve(name))
        at->second = found->what->id().str();
    return at->second == view.image_id ? name : view.image_id;
  }

private:
  std::shared_ptr<const store::image_catalog> catalog_;
  std::map<std::string_view, std::string_view> ids_;
};

/// The images that `names` mean, and all that were made from them; unknown names mean none.
std::set<std::string> with_descendants(const store::image_catalog& catalog,
                                       std::span<const std::string> names) {
  std::set<std::string> ids;
  std::vector<const store::image*> open;
  for (const auto& name : names)
    if (auto found = catalog.resolve(name))
      open.push_back(found->what);
  while (!open.empty()) {
    const auto* image = open.back();
    open.pop_back();
    if (!image || !ids.insert(image->id().str()).second)
      continue;
    for (const auto& child : image->children)
      open.push_back(catalog.find(child));
  }
  return ids;
}

/// The container from which on a list goes: a filter of today, or as 1.2.0 had it.
result<std::optional<std::string>> list_bound(const container_services& services,
                                              const job::env& environment,
                                              const container::list_filter& filter,
                                              const char* key) {
  if (const auto& name = environment.get(key); !name.empty()) {
    auto found = services.all->find(name);
    if (!found)
      return api_error{errc::system, "Could not find container with name or id " + name};
    return std::optional{(*found)->view.id};
  }
  std::optional<std::string> bound;
  for (const auto& name : filter.values(key)) {
    auto found = services.all->find(name);
    if (!found)
      return found.error();
    bound = (*found)->view.id;
  }
  return bound;
}

result<container::list_query> read_query(const container_services& services,
                                         const job::env& environment) {
  auto wanted = api::filters::parse(environment.get("filters"));
  if (!wanted)
    return wanted.error();
  container::list_query query;
  query.filter = container::list_filter{std::move(*wanted)};
  // 1.2.0 showed all that lies beyond a bound.
  query.all = environment.get_bool("all") || !environment.get("before").empty() ||
              !environment.get("since").empty();
  if (const auto limit = environment.get_int64("limit"); limit > 0)
    query.limit = static_cast<std::size_t>(limit);
  for (auto [key, bound] : {std::pair{"before", &query.before}, std::pair{"since", &query.since}}) {
    auto id = list_bound(services, environment, query.filter, key);
    if (!id)
      return id.error();
    *bound = std::move(*id);
  }
  if (query.filter.has("ancestor"))
    query.ancestors =
        with_descendants(*services.images.catalog->get(), query.filter.values("ancestor"));
  return query;
}

result<std::string> inspect(const container_services& services, const job::request& asked,
                            bool sizes) {
  auto found = named_container(*services.all, asked);
  if (!found)
    return found.error();
  auto view = (*found)->view;
  if (auto execs = services.execs->open_in(view.id); !execs.empty())
    view.exec_ids = std::move(execs);
  std::optional<container::container_sizes> measured;
  if (sizes) {
    auto size = container_sizes_blocking(services, view);
    if (!size)
      return size.error();
    measured = *size;
  }
  return container::write_inspect(view, version_asked(asked.environment), measured);
}

/// A job whose work blocks only if env `size` asks for sizes.
template <class F>
engine::job_handler sized_job(const container_services& services, F work) {
  auto quick = engine::function_job([work](engine::job_run& run) {
    auto text = work(job::request{run.name(), run.args(), run.environment()}, false);
    if (text)
      run.succeed(std::move(*text));
    else
      run.fail(text.error());
  });
  auto sized = pool_job(*services.pool, [work](const job::request& asked) -> result<job_output> {
    auto text = work(asked, true);
    if (!text)
      return text.error();
    return job_output{std::move(*text)};
  });
  return [quick, sized](caf::local_actor* engine, engine::job_run run) {
    const auto& handler = run.environment().get_bool("size") ? sized : quick;
    return handler(engine, std::move(run));
  };
}

} // namespace

result<std::string> list_containers(const container_services& services, const job::env& environment,
                                    bool sizes) {
  auto query = read_query(services, environment);
  if (!query)
    return query.error();
  const auto all = services.all->all();
  std::vector<const container::container_view*> views;
  views.reserve(all->size());
  for (const auto& one : *all)
    views.push_back(&one->view);
  const auto version = version_asked(environment);
  const auto now = containers::instant_now();
  image_names images{services.images.catalog->get()};
  std::string text = "[";
  auto at = all->begin(); // what was chosen stands in the same order
  for (const auto* chosen : container::select_containers(views, *query)) {
    while (&(*at)->view != chosen)
      ++at;
    if (text.size() > 1)
      text += ',';
    std::optional<container::container_sizes> measured;
    if (sizes)
      // One that is just being removed has none.
      if (auto size = container_sizes_blocking(services, *chosen))
        measured = *size;
    (*at)->entry.append(text, images.shown(*chosen), now, version, measured);
  }
  text += ']';
  return text;
}

result<void> add_containers_job(engine::job_table& table, const container_services& services) {
  return table.add("containers",
                   sized_job(services, [services](const job::request& asked, bool sizes) {
                     return list_containers(services, asked.environment, sizes);
                   }));
}

result<void> add_container_inspect_job(engine::job_table& table,
                                       const container_services& services) {
  return table.add("container_inspect",
                   sized_job(services, [services](const job::request& asked, bool sizes) {
                     return inspect(services, asked, sizes);
                   }));
}

} // namespace gantry::jobs
