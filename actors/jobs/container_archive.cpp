#include "actors/containers/container_services.hpp"
#include "actors/containers/files/extraction.hpp"
#include "actors/containers/files/path_lookup.hpp"
#include "actors/engine/engine_actor.hpp"
#include "actors/jobs/container_files.hpp"
#include "actors/jobs/container_jobs.hpp"
#include "actors/store/confined_root.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <utility>

namespace gantry::jobs {

namespace {

using containers::container_services;

/// A path in a container, and the view through which it was found.
struct seen_path {
  containers::file_view view;
  containers::found_path found;
};

result<seen_path> look_up(const container_services& services,
                          const containers::published_container& container,
                          const job::request& asked) {
  auto files = files_of(services, container);
  if (!files)
    return files.error();
  auto view = containers::file_view::open_blocking(*files);
  if (!view)
    return view.error();
  auto found =
      containers::look_up_blocking(view->root(), asked.environment.get("path"), asked.args.front());
  if (!found)
    return found.error();
  return seen_path{std::move(*view), std::move(*found)};
}

result<job_output> tell_path(const container_services& services, const job::request& asked) {
  auto container = named_container(*services.all, asked);
  if (!container)
    return container.error();
  auto seen = look_up(services, **container, asked);
  if (!seen)
    return seen.error();
  return job_output{to_json(seen->found.facts)};
}

result<job_output> archive(const container_services& services, const job::request& asked,
                           job_streams& streams) {
  auto container = named_container(*services.all, asked);
  if (!container)
    return container.error();
  auto seen = look_up(services, **container, asked);
  if (!seen)
    return seen.error();
  auto& found = seen->found;
  publish_event(services, (*container)->view, "archive-path");
  streams.say_ahead(to_json(found.facts));
  host::unique_fd top{std::move(found.directory)};
  auto only = found.name;
  // A directory is called as its last name asks for, whatever links it was found by.
  if ((found.facts.mode & S_IFMT) == S_IFDIR && !only.empty()) {
    auto inner = store::confined_root{std::move(top)}.open_straight(only, O_RDONLY | O_DIRECTORY);
    if (!inner)
      return inner.error();
    top = std::move(*inner);
    only.clear();
  }
  containers::tree_tar tar{std::move(top), {.top = found.facts.name, .only = std::move(only)}};
  return write_tar(tar, streams);
}

result<job_output> extract(const container_services& services, const job::request& asked,
                           job_streams& streams) {
  auto container = named_container(*services.all, asked);
  if (!container)
    return container.error();
  auto files = files_of(services, **container);
  if (!files)
    return files.error();
  const containers::extract_request request{
      .path = asked.environment.get("path"),
      .container = asked.args.front(),
      .keep_kinds = asked.environment.get_bool("noOverwriteDirNonDir"),
      .as_user = asked.environment.get_bool("copyUIDGID"),
  };
  auto done = containers::extract_blocking(*files, request, [&streams] { return streams.read(); });
  if (!done)
    return done.error();
  publish_event(services, (*container)->view, "extract-to-dir");
  return job_output{};
}

} // namespace

result<void> add_container_archive_jobs(engine::job_table& table,
                                        const container_services& services) {
  // NOTE: on these threads, too: a volume may be on a file system that does not answer.
  auto added =
      table.add("container_path", stream_job(*services.images.streams, "",
                                             [services](const job::request& asked, job_streams&) {
                                               return tell_path(services, asked);
                                             }));
  if (!added)
    return added;
  added = table.add("container_archive",
                    stream_job(*services.images.streams, "application/x-tar",
                               [services](const job::request& asked, job_streams& streams) {
                                 return archive(services, asked, streams);
                               }));
  if (!added)
    return added;
  return table.add("container_extract",
                   stream_job(*services.images.streams, "",
                              [services](const job::request& asked, job_streams& streams) {
                                return extract(services, asked, streams);
                              }));
}

} // namespace gantry::jobs
