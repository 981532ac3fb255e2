#pragma once

#include "protocol/api/filters.hpp"
#include "protocol/api/routes.hpp"

#include <optional>
#include <string_view>

/// The functions of the route table: requests to jobs, replies to responses. One declaration per
/// operation; what they check and answer is that of Engine API 1.50, or of 1.2.0 in that era.
namespace gantry::api {

// system

/// Job `ping`.
result<job::request> ping_job(const call&);
/// `OK`, the headers that clients negotiate by, never cached.
void ping_response(const match&, job::reply&, http::response&);
/// Job `version`; in the 1.2.0 era its arguments are the values of `a` (clause H1).
result<job::request> version_job(const call&);
void version_response(const match&, job::reply&, http::response&);
/// Job `info`; arguments as for `version`.
result<job::request> info_job(const call&);
void info_response(const match&, job::reply&, http::response&);
/// Job `events`; env `since`, `until` (SECONDS.NANOS, absent: open), `filters` (list form, absent:
/// none), `shape` (`1.2` or `today`).
result<job::request> events_job(const call&);
/// Job `disk_usage`; env `types`: a list of `image`, `container`, `volume`, `build-cache`.
result<job::request> disk_usage_job(const call&);
void disk_usage_response(const match&, job::reply&, http::response&);
/// 200 without a body, whatever the path.
result<boost::json::value> options_answer(const call&);
/// 400 without an Upgrade, else 501: there is no BuildKit here.
result<boost::json::value> upgrade_answer(const call&);

// containers, networks, volumes

/// Job `container_create`; env `name`, `platform`, `version`, `body`.
result<job::request> container_create_job(const call&);
/// 201 with the id and the warnings.
void container_created_response(const match&, job::reply&, http::response&);
/// Job `containers`; env `all`, `size` (booleans), `limit` (integer), `filters`, `version`; in the
/// 1.2.0 era `since`, `before`.
result<job::request> containers_job(const call&);
/// A list, which the job has written as text.
void containers_response(const match&, job::reply&, http::response&);
/// Job `container_inspect NAME`; env `size` (boolean), `version`.
result<job::request> container_inspect_job(const call&);
void container_inspect_response(const match&, job::reply&, http::response&);
/// Job `container_top NAME`; env `ps_args`.
result<job::request> container_top_job(const call&);
/// Job `container_stats NAME`; env `stream`, `one-shot` (booleans).
result<job::request> container_stats_job(const call&);
/// Job `container_start NAME`.
result<job::request> container_start_job(const call&);
/// Job `container_stop NAME`; env `signal`, `t` (seconds, negative: no limit).
result<job::request> container_stop_job(const call&);
/// Job `container_restart NAME`; env as for `container_stop`.
result<job::request> container_restart_job(const call&);
/// Job `container_kill NAME`; env `signal`.
result<job::request> container_kill_job(const call&);
/// Job `container_pause NAME`.
result<job::request> container_pause_job(const call&);
/// Job `container_unpause NAME`.
result<job::request> container_unpause_job(const call&);
/// Job `container_wait NAME`; env `condition`, `early` (the head of the answer goes ahead;
/// boolean), `shape` = `1.2` in that era.
result<job::request> container_wait_job(const call&);
/// Job `container_remove NAME`; env `force`, `v`, `link` (booleans).
result<job::request> container_remove_job(const call&);
/// Job `container_prune`; env `filters`.
result<job::request> container_prune_job(const call&);
/// Job `container_rename NAME`; env `name`.
result<job::request> container_rename_job(const call&);
/// Job `container_update NAME`; env `version`, `body`.
result<job::request> container_update_job(const call&);
/// Job `container_resize NAME`; env `h`, `w` (integers).
result<job::request> container_resize_job(const call&);
/// Job `container_logs NAME`; env `stdout`, `stderr`, `follow`, `timestamps`, `details`, `framed`
/// (without a terminal output has frames), `announced` (the media type says so; booleans), `tail`,
/// `since`, `until`.
result<job::request> container_logs_job(const call&);
/// Job `container_attach NAME`; env `stdin`, `stdout`, `stderr`, `logs`, `stream`, `framed`,
/// `announced` (booleans), `detachKeys`.
result<job::request> container_attach_job(const call&);
/// The same with env `websocket`: `text` or `binary`. Errors: `http::check_websocket_request`.
result<job::request> container_websocket_job(const call&);
/// Job `exec_create NAME`; env `version`, `body`.
result<job::request> exec_create_job(const call&);
/// Job `exec_inspect ID`.
result<job::request> exec_inspect_job(const call&);
/// Job `exec_resize ID`; env `h`, `w` (integers).
result<job::request> exec_resize_job(const call&);
/// Job `exec_start ID`; env `version`, `body`, `announced` (boolean).
result<job::request> exec_start_job(const call&);
/// Job `container_path NAME`; env `path`.
result<job::request> container_path_job(const call&);
/// What the job says goes to the header of a path; no body.
void container_path_response(const match&, job::reply&, http::response&);
/// Job `container_archive NAME`; env `path`.
result<job::request> container_archive_job(const call&);
/// The same in the 1.2.0 era: the path is `Resource` of the body.
result<job::request> container_copy_job(const call&);
/// Job `container_extract NAME`; env `path`, `noOverwriteDirNonDir`, `copyUIDGID` (booleans).
result<job::request> container_extract_job(const call&);
/// 200 without a body.
void empty_response(const match&, job::reply&, http::response&);
/// Job `container_export NAME`.
result<job::request> container_export_job(const call&);
/// Job `container_changes NAME`.
result<job::request> container_changes_job(const call&);
/// Job `commit NAME`; env `repo`, `tag`, `comment`, `author`, `pause` (boolean), `changes` (a
/// list), `config` (JSON, the body), `shape` = `1.2` in that era.
result<job::request> commit_job(const call&);
/// 201 with the id.
void commit_response(const match&, job::reply&, http::response&);
/// 204 without a body.
void no_content_response(const match&, job::reply&, http::response&);
/// A list; never null.
void list_response(const match&, job::reply&, http::response&);
/// Job `networks`; env `filters`.
result<job::request> networks_job(const call&);
/// Job `network_inspect ID`; env `verbose`, `scope`.
result<job::request> network_inspect_job(const call&);
/// Job `volumes`; env `filters`.
result<job::request> volumes_job(const call&);
void volumes_response(const match&, job::reply&, http::response&);
/// Job `volume_create`; env `body`. 503 for a volume of a cluster.
result<job::request> volume_create_job(const call&);
/// 201 with the volume.
void volume_created_response(const match&, job::reply&, http::response&);
/// Job `volume_remove NAME`; env `force` (boolean).
result<job::request> volume_remove_job(const call&);
/// Job `volume_prune`; env `filters`, `version`.
result<job::request> volume_prune_job(const call&);
/// Job `network_prune`; env `filters`.
result<job::request> network_prune_job(const call&);
/// Job `build_prune`; env `filters`.
result<job::request> build_prune_job(const call&);
/// Job `volume_inspect NAME`.
result<job::request> volume_inspect_job(const call&);

// images: in the 1.2.0 era all that name one have env `shape` = `1.2`

/// Job `images`; env `all`, `shared-size`, `manifests` (booleans), `filters`.
result<job::request> images_job(const call&);
void images_response(const match&, job::reply&, http::response&);
/// Job `image_inspect NAME`; env `manifests`, `platform` (JSON).
result<job::request> image_inspect_job(const call&);
void image_inspect_response(const match&, job::reply&, http::response&);
/// Job `image_history NAME`; env `platform` (JSON).
result<job::request> image_history_job(const call&);
void image_history_response(const match&, job::reply&, http::response&);
/// 404: clients draw their own graphs since API 1.7 (route R6).
result<boost::json::value> images_viz_answer(const call&);
/// Job `image_tag NAME`; env `repo`, `tag`.
result<job::request> image_tag_job(const call&);
/// 201 without a body.
void created_response(const match&, job::reply&, http::response&);
/// Job `image_delete NAME`; env `force`, `noprune` (booleans), `platforms` (a list of JSON).
result<job::request> image_delete_job(const call&);
void image_delete_response(const match&, job::reply&, http::response&);
/// Job `image_prune`; env `filters`.
result<job::request> image_prune_job(const call&);
/// Job `image_save NAME`; env `platforms` (a list of JSON).
result<job::request> image_save_job(const call&);
/// Job `image_save NAME...`, the values of `names`.
result<job::request> images_save_job(const call&);
/// Job `image_load`; env `quiet` (boolean), `platforms` (a list of JSON).
result<job::request> image_load_job(const call&);
/// Job `image_import`; env `fromSrc`, `repo`, `tag`, `message`, `changes` (a list), `platform`
/// (`os/arch/variant`). 501 with `fromImage`.
result<job::request> image_create_job(const call&);

// what there is no swarm and no plugin for

/// 503: not a swarm manager.
result<job::request> swarm_job(const call&);
/// The same, after a look at `filters`.
result<job::request> swarm_list_job(const call&);
/// The same, after a look at the version of the swarm, node, service, secret or config.
result<job::request> swarm_update_job(const call&);
/// The same, after a look at `stdout` and `stderr`.
result<job::request> swarm_logs_job(const call&);
/// 503: not part of a swarm.
result<job::request> swarm_leave_job(const call&);
/// 503: only volumes of a cluster can be updated.
result<job::request> volume_update_job(const call&);
/// An empty list.
result<boost::json::value> plugins_answer(const call&);
/// 404: there is no plugin.
result<boost::json::value> plugin_answer(const call&);

// debug

/// Job `debug_vars`.
result<job::request> debug_vars_job(const call&);
/// expvar's layout: a member per line.
void debug_vars_response(const match&, job::reply&, http::response&);
/// Job `debug_pprof NAME`, "" for the index; env `debug`, `seconds` (integers, absent or garbage:
/// 0), `addresses` (the body, else the raw query).
result<job::request> debug_pprof_job(const call&);
/// Bytes; the content type goes by the profile's name.
void debug_pprof_response(const match&, job::reply&, http::response&);

// for several

/// A word that Go reads as a boolean: `1 t T TRUE true True`, `0 f F FALSE false False`; nothing
/// for others.
std::optional<bool> parse_bool(std::string_view text) noexcept;

/// Sets env `name` to that parameter of the query, if it is there and not empty.
void copy_param(job::request& job, const call& in, std::string_view name);

/// The filters of a list; today's era checks them as dockerd does before it looks at any object.
result<filters> list_filters(const call& in, filtered list);

/// Sets env `filters` to the list form, if there are any.
void set_filters(job::request& job, const filters& f);

/// The output as it is: JSON, or bytes as application/octet-stream.
void value_response(const match&, job::reply&, http::response&);

} // namespace gantry::api
