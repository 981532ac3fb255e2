#include "actors/containers/container_actor.hpp"
#include "actors/containers/container_event.hpp"
#include "actors/containers/container_services.hpp"
#include "actors/containers/files/commit.hpp"
#include "actors/engine/engine_actor.hpp"
#include "actors/jobs/container_files.hpp"
#include "actors/jobs/container_jobs.hpp"
#include "actors/jobs/container_limits.hpp"
#include "actors/jobs/image_arguments.hpp"
#include "actors/runtime/log.hpp"
#include "protocol/container/commit.hpp"

#include <boost/json/object.hpp>

#include <future>
#include <memory>
#include <utility>

namespace gantry::jobs {

namespace {

using containers::container_services;
using containers::life_request;

/// Has a container's actor do something and waits for it: no longer than the request's own limit.
result<void> ask_blocking(const container_services& services, const std::string& id,
                          life_request::verb what) {
  auto done = std::make_shared<std::promise<result<std::int64_t>>>();
  auto answer = done->get_future();
  auto request = std::make_shared<life_request>();
  request->what = what;
  request->limit = limits::container_answer;
  request->answer = {"container " + id,
                     [done](result<std::int64_t> how) { done->set_value(std::move(how)); }};
  tell_container(*services.all, id, std::move(request));
  auto how = answer.get();
  return how ? result<void>{} : result<void>{how.error()};
}

/// Keeps a container from changing its files as long as this lives, if it runs.
class pause {
public:
  pause(const container_services& services, const container::container_view& view)
      : services_(services), id_(view.id) {
    if (view.state.status != container::container_status::running)
      return;
    auto done = ask_blocking(services, id_, life_request::verb::pause);
    paused_ = done.has_value();
    if (!done) // NOTE: dockerd goes on, too
      log::write(log::level::warn, "commit", "a container could not be paused",
                 {{"container", id_}, {"error", done.error().message}});
  }
  pause(const pause&) = delete;
  pause& operator=(const pause&) = delete;
  ~pause() {
    if (!paused_)
      return;
    if (auto done = ask_blocking(services_, id_, life_request::verb::unpause); !done)
      log::write(log::level::warn, "commit", "a container could not be resumed",
                 {{"container", id_}, {"error", done.error().message}});
  }

private:
  const container_services& services_;
  const std::string id_;
  bool paused_ = false;
};

result<containers::commit_request> read_request(const job::env& environment,
                                                const container::container_view& view,
                                                oci::reference name) {
  auto asked = container::parse_commit_config(environment.get("config"));
  if (!asked)
    return asked.error();
  auto config = container::commit_config(*view.config, *asked, environment.get_list("changes"));
  if (!config)
    return config.error();
  return containers::commit_request{.config = std::move(*config),
                                    .name = std::move(name),
                                    .author = environment.get("author"),
                                    .comment = environment.get("comment"),
                                    .cancelled = {}};
}

result<oci::reference> new_name(const job::env& environment) {
  auto name = oci::repo_tag_reference(environment.get("repo"), environment.get("tag"));
  if (name && !name->path.empty())
    if (auto allowed = oci::check_new_tag(*name); !allowed)
      return allowed.error();
  return name;
}

void publish_commit(const container_services& services, const container::container_view& view,
                    const containers::commit_request& request, const std::string& id) {
  auto event = containers::event_of(view, "commit");
  event.attributes.insert_or_assign("comment", request.comment);
  event.attributes.insert_or_assign("imageID", id);
  event.attributes.insert_or_assign("imageRef",
                                    request.name.path.empty() ? "" : request.name.familiar());
  services.publish(std::move(event));
}

result<job_output> commit(const container_services& services, const job::request& asked,
                          job_streams& streams) {
  const auto& environment = asked.environment;
  auto name = new_name(environment);
  if (!name)
    return name.error();
  auto container = named_container(*services.all, asked);
  if (!container)
    return container.error();
  const auto& view = (*container)->view;
  if (auto there = check_not_gone(view, "commit"); !there)
    return there.error();
  auto files = files_of(services, **container);
  if (!files)
    return files.error();
  auto request = read_request(environment, view, std::move(*name));
  if (!request)
    return request.error();
  request->cancelled = [&streams] { return streams.cancelled(); };
  std::optional<pause> paused;
  if (environment.get_bool("pause"))
    paused.emplace(services, view);
  auto id = containers::commit_blocking(*files, *request, services.images);
  if (!id)
    return id.error();
  publish_commit(services, view, *request, id->str());
  return job_output{
      boost::json::object{{"Id", asks_as_1_2(environment) ? std::string{id->hex()} : id->str()}}};
}

} // namespace

result<void> add_container_commit_job(engine::job_table& table,
                                      const container_services& services) {
  return table.add("commit",
                   stream_job(*services.images.streams, "application/json",
                              [services](const job::request& asked, job_streams& streams) {
                                return commit(services, asked, streams);
                              }));
}

} // namespace gantry::jobs
