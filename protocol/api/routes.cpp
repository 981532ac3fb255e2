#include "protocol/api/routes.hpp"

#include "protocol/api/operations.hpp"

#include <array>
#include <string>
#include <utility>

namespace gantry::api {

namespace {

using enum body_kind;
using enum route_class;
using enum offered;

constexpr auto value = reply_kind::value;
constexpr auto late = reply_kind::late_value;
constexpr auto chunks = reply_kind::stream;
constexpr auto hijack = reply_kind::hijack;
constexpr auto websocket = reply_kind::websocket;

// A route that is answered without a job.
constexpr route answered(std::string_view method, std::string_view path, api_version since,
                         offered eras, std::string_view operation, answer_fn answer) {
  route r{method, path, since, eras, operation};
  r.answer = answer;
  return r;
}

// A route below /debug.
constexpr route debugging(std::string_view path, std::string_view operation, to_job_fn to_job,
                          to_response_fn to_response) {
  route r{"*", path, {1, 24}, offered::today, operation, bytes, value, to_job, to_response};
  r.kind = debug;
  return r;
}

// A route that tells in a header of a path what it is.
constexpr route path_route(std::string_view method, std::string_view operation, reply_kind reply,
                           to_job_fn to_job, to_response_fn to_response) {
  route r{method,     "/containers/{name:.*}/archive",
          {1, 24},    offered::today,
          operation,  none,
          reply,      to_job,
          to_response};
  r.about_header = "X-Docker-Container-Path-Stat";
  return r;
}

// A route that needs the experimental mode.
constexpr route experiment(std::string_view method, std::string_view path,
                           std::string_view operation, body_kind body = none) {
  route r{method, path, {1, 25}, offered::today, operation, body};
  r.kind = experimental;
  return r;
}

// NOTE: order counts where a template has `.*`: what lies below a name comes before the name alone
// (`DELETE /containers/{name:.*}` would take checkpoints), fixed words before names.
// clang-format off
constexpr auto table = std::to_array<route>({
  // debug: first, so that they take every method, OPTIONS too
  debugging("/debug/vars", "DebugVars", debug_vars_job, debug_vars_response),
  debugging("/debug/pprof/", "DebugPprofIndex", debug_pprof_job, debug_pprof_response),
  debugging("/debug/pprof/cmdline", "DebugPprofCmdline", debug_pprof_job, debug_pprof_response),
  debugging("/debug/pprof/profile", "DebugPprofProfile", debug_pprof_job, debug_pprof_response),
  debugging("/debug/pprof/symbol", "DebugPprofSymbol", debug_pprof_job, debug_pprof_response),
  debugging("/debug/pprof/trace", "DebugPprofTrace", debug_pprof_job, debug_pprof_response),
  debugging("/debug/pprof/{name}", "DebugPprof", debug_pprof_job, debug_pprof_response),

  // system
  answered("OPTIONS", "/{any:.*}", {1, 24}, both, "SystemOptions", options_answer),
  {"GET", "/_ping", {1, 24}, both, "SystemPing", none, value, ping_job, ping_response},
  {"HEAD", "/_ping", {1, 40}, today, "SystemPingHead", none, value, ping_job, ping_response},
  {"GET", "/events", {1, 24}, both, "SystemEvents", none, chunks, events_job},
  {"GET", "/info", {1, 24}, both, "SystemInfo", none, value, info_job, info_response},
  {"GET", "/version", {1, 24}, both, "SystemVersion", none, value, version_job, version_response},
  {"GET", "/system/df", {1, 25}, today, "SystemDataUsage", none, late, disk_usage_job, disk_usage_response},
  {"POST", "/auth", {1, 24}, both, "SystemAuth", json},

  // containers
  {"GET", "/containers/json", {1, 24}, both, "ContainerList", none, value, containers_job, containers_response},
  {"GET", "/containers/ps", {1, 0}, both, "ContainerList", none, value, containers_job, containers_response},
  {"POST", "/containers/create", {1, 24}, both, "ContainerCreate", json, value, container_create_job, container_created_response},
  {"POST", "/containers/prune", {1, 25}, today, "ContainerPrune", none, late, container_prune_job},
  experiment("GET", "/containers/{name:.*}/checkpoints", "CheckpointList"),
  experiment("POST", "/containers/{name:.*}/checkpoints", "CheckpointCreate", json),
  experiment("DELETE", "/containers/{name}/checkpoints/{checkpoint}", "CheckpointDelete"),
  path_route("HEAD", "ContainerArchiveInfo", value, container_path_job, container_path_response),
  path_route("GET", "ContainerArchive", chunks, container_archive_job, nullptr),
  {"PUT", "/containers/{name:.*}/archive", {1, 24}, today, "PutContainerArchive", body_kind::stream, late, container_extract_job, empty_response},
  {"GET", "/containers/{name:.*}/export", {1, 24}, both, "ContainerExport", none, chunks, container_export_job},
  {"GET", "/containers/{name:.*}/changes", {1, 24}, both, "ContainerChanges", none, late, container_changes_job},
  {"GET", "/containers/{name:.*}/json", {1, 24}, both, "ContainerInspect", none, value, container_inspect_job, container_inspect_response},
  {"GET", "/containers/{name:.*}/top", {1, 24}, both, "ContainerTop", none, value, container_top_job},
  {"GET", "/containers/{name:.*}/logs", {1, 24}, both, "ContainerLogs", none, chunks, container_logs_job},
  {"GET", "/containers/{name:.*}/stats", {1, 24}, today, "ContainerStats", none, chunks, container_stats_job, container_inspect_response},
  {"GET", "/containers/{name:.*}/attach/ws", {1, 24}, both, "ContainerAttachWebsocket", none, websocket, container_websocket_job},
  {"POST", "/containers/{name:.*}/attach", {1, 24}, both, "ContainerAttach", none, hijack, container_attach_job},
  {"POST", "/containers/{name:.*}/copy", {1, 0}, legacy, "ContainerCopy", json, chunks, container_copy_job},
  {"POST", "/containers/{name:.*}/exec", {1, 24}, today, "ContainerExec", optional_json, value, exec_create_job, container_created_response},
  {"POST", "/containers/{name:.*}/kill", {1, 24}, both, "ContainerKill", none, value, container_kill_job, no_content_response},
  {"POST", "/containers/{name:.*}/pause", {1, 24}, both, "ContainerPause", none, value, container_pause_job, no_content_response},
  {"POST", "/containers/{name:.*}/unpause", {1, 24}, both, "ContainerUnpause", none, value, container_unpause_job, no_content_response},
  {"POST", "/containers/{name:.*}/rename", {1, 24}, today, "ContainerRename", none, value, container_rename_job, no_content_response},
  {"POST", "/containers/{name:.*}/resize", {1, 24}, both, "ContainerResize", none, value, container_resize_job},
  {"POST", "/containers/{name:.*}/restart", {1, 24}, both, "ContainerRestart", none, late, container_restart_job, no_content_response},
  {"POST", "/containers/{name:.*}/start", {1, 24}, both, "ContainerStart", bytes, late, container_start_job, no_content_response},
  {"POST", "/containers/{name:.*}/stop", {1, 24}, both, "ContainerStop", none, late, container_stop_job, no_content_response},
  {"POST", "/containers/{name:.*}/update", {1, 24}, today, "ContainerUpdate", json, value, container_update_job},
  {"POST", "/containers/{name:.*}/wait", {1, 24}, both, "ContainerWait", none, chunks, container_wait_job},
  {"DELETE", "/containers/{name:.*}", {1, 24}, both, "ContainerDelete", none, value, container_remove_job, no_content_response},
  {"GET", "/exec/{id:.*}/json", {1, 24}, today, "ExecInspect", none, value, exec_inspect_job, container_inspect_response},
  {"POST", "/exec/{id:.*}/resize", {1, 24}, today, "ExecResize", none, value, exec_resize_job},
  {"POST", "/exec/{id:.*}/start", {1, 24}, today, "ExecStart", optional_json, hijack, exec_start_job},

  // images
  {"GET", "/images/json", {1, 24}, both, "ImageList", none, value, images_job, images_response},
  {"GET", "/images/search", {1, 24}, both, "ImageSearch"},
  {"GET", "/images/get", {1, 24}, today, "ImageGetAll", none, chunks, images_save_job},
  answered("GET", "/images/viz", {1, 0}, legacy, "ImageViz", images_viz_answer),
  {"GET", "/images/{name:.*}/get", {1, 24}, both, "ImageGet", none, chunks, image_save_job},
  {"GET", "/images/{name:.*}/history", {1, 24}, both, "ImageHistory", none, value, image_history_job, image_history_response},
  {"GET", "/images/{name:.*}/json", {1, 24}, both, "ImageInspect", none, value, image_inspect_job, image_inspect_response},
  {"POST", "/images/load", {1, 24}, both, "ImageLoad", body_kind::stream, chunks, image_load_job},
  {"POST", "/images/create", {1, 24}, both, "ImageCreate", body_kind::stream, chunks, image_create_job},
  {"POST", "/images/prune", {1, 25}, today, "ImagePrune", none, value, image_prune_job},
  {"POST", "/images/{name:.*}/push", {1, 24}, both, "ImagePush", optional_json, chunks},
  {"POST", "/images/{name:.*}/tag", {1, 24}, both, "ImageTag", none, value, image_tag_job, created_response},
  {"DELETE", "/images/{name:.*}", {1, 24}, both, "ImageDelete", none, value, image_delete_job, image_delete_response},
  {"POST", "/build", {1, 24}, both, "ImageBuild", body_kind::stream, chunks},
  {"POST", "/build/prune", {1, 31}, today, "BuildPrune", none, value, build_prune_job},
  {"POST", "/build/cancel", {1, 38}, today, "BuildCancel"},
  {"POST", "/commit", {1, 24}, both, "ImageCommit", optional_json, late, commit_job, commit_response},
  {"GET", "/distribution/{name:.*}/json", {1, 30}, today, "DistributionInspect"},

  // networks and volumes
  {"GET", "/networks", {1, 24}, today, "NetworkList", none, value, networks_job, list_response},
  {"GET", "/networks/", {1, 25}, today, "NetworkList", none, value, networks_job, list_response},
  {"GET", "/networks/{id:.+}", {1, 24}, today, "NetworkInspect", none, value, network_inspect_job},
  {"POST", "/networks/create", {1, 24}, today, "NetworkCreate", json},
  {"POST", "/networks/prune", {1, 25}, today, "NetworkPrune", none, value, network_prune_job},
  {"POST", "/networks/{id:.*}/connect", {1, 24}, today, "NetworkConnect", json},
  {"POST", "/networks/{id:.*}/disconnect", {1, 24}, today, "NetworkDisconnect", json},
  {"DELETE", "/networks/{id:.*}", {1, 24}, today, "NetworkDelete"},
  {"GET", "/volumes", {1, 24}, today, "VolumeList", none, value, volumes_job, volumes_response},
  {"GET", "/volumes/{name:.*}", {1, 24}, today, "VolumeInspect", none, value, volume_inspect_job},
  {"POST", "/volumes/create", {1, 24}, today, "VolumeCreate", optional_json, value, volume_create_job, volume_created_response},
  {"POST", "/volumes/prune", {1, 25}, today, "VolumePrune", none, late, volume_prune_job},
  {"PUT", "/volumes/{name:.*}", {1, 42}, today, "VolumeUpdate", none, value, volume_update_job},
  {"DELETE", "/volumes/{name:.*}", {1, 24}, today, "VolumeDelete", none, value, volume_remove_job, no_content_response},

  // sessions of a BuildKit that is not here
  answered("POST", "/session", {1, 31}, today, "Session", upgrade_answer),
  answered("POST", "/grpc", {1, 39}, today, "Grpc", upgrade_answer),

  // plugins
  answered("GET", "/plugins", {1, 24}, today, "PluginList", plugins_answer),
  answered("GET", "/plugins/{name:.*}/json", {1, 24}, today, "PluginInspect", plugin_answer),
  {"GET", "/plugins/privileges", {1, 25}, today, "GetPluginPrivileges"},
  {"POST", "/plugins/pull", {1, 24}, today, "PluginPull", json, chunks},
  {"POST", "/plugins/create", {1, 25}, today, "PluginCreate", body_kind::stream},
  answered("POST", "/plugins/{name:.*}/enable", {1, 24}, today, "PluginEnable", plugin_answer),
  answered("POST", "/plugins/{name:.*}/disable", {1, 24}, today, "PluginDisable", plugin_answer),
  answered("POST", "/plugins/{name:.*}/push", {1, 24}, today, "PluginPush", plugin_answer),
  answered("POST", "/plugins/{name:.*}/upgrade", {1, 26}, today, "PluginUpgrade", plugin_answer),
  answered("POST", "/plugins/{name:.*}/set", {1, 25}, today, "PluginSet", plugin_answer),
  answered("DELETE", "/plugins/{name:.*}", {1, 24}, today, "PluginDelete", plugin_answer),

  // swarm
  {"POST", "/swarm/init", {1, 24}, today, "SwarmInit", json},
  {"POST", "/swarm/join", {1, 24}, today, "SwarmJoin", json},
  {"POST", "/swarm/leave", {1, 24}, today, "SwarmLeave", none, value, swarm_leave_job},
  {"GET", "/swarm", {1, 24}, today, "SwarmInspect", none, value, swarm_job},
  {"GET", "/swarm/unlockkey", {1, 25}, today, "SwarmUnlockkey", none, value, swarm_job},
  {"POST", "/swarm/update", {1, 24}, today, "SwarmUpdate", json, value, swarm_update_job},
  {"POST", "/swarm/unlock", {1, 25}, today, "SwarmUnlock", json, value, swarm_job},
  {"GET", "/services", {1, 24}, today, "ServiceList", none, value, swarm_list_job},
  {"GET", "/services/{id}", {1, 24}, today, "ServiceInspect", none, value, swarm_job},
  {"POST", "/services/create", {1, 24}, today, "ServiceCreate", json, value, swarm_job},
  {"POST", "/services/{id}/update", {1, 24}, today, "ServiceUpdate", json, value, swarm_update_job},
  {"DELETE", "/services/{id}", {1, 24}, today, "ServiceDelete", none, value, swarm_job},
  {"GET", "/services/{id}/logs", {1, 25}, today, "ServiceLogs", none, chunks, swarm_logs_job},
  {"GET", "/nodes", {1, 24}, today, "NodeList", none, value, swarm_list_job},
  {"GET", "/nodes/{id}", {1, 24}, today, "NodeInspect", none, value, swarm_job},
  {"DELETE", "/nodes/{id}", {1, 24}, today, "NodeDelete", none, value, swarm_job},
  {"POST", "/nodes/{id}/update", {1, 24}, today, "NodeUpdate", json, value, swarm_update_job},
  {"GET", "/tasks", {1, 24}, today, "TaskList", none, value, swarm_list_job},
  {"GET", "/tasks/{id}", {1, 24}, today, "TaskInspect", none, value, swarm_job},
  {"GET", "/tasks/{id}/logs", {1, 29}, today, "TaskLogs", none, chunks, swarm_logs_job},
  {"GET", "/secrets", {1, 25}, today, "SecretList", none, value, swarm_list_job},
  {"POST", "/secrets/create", {1, 25}, today, "SecretCreate", json, value, swarm_job},
  {"GET", "/secrets/{id}", {1, 25}, today, "SecretInspect", none, value, swarm_job},
  {"DELETE", "/secrets/{id}", {1, 25}, today, "SecretDelete", none, value, swarm_job},
  {"POST", "/secrets/{id}/update", {1, 25}, today, "SecretUpdate", json, value, swarm_update_job},
  {"GET", "/configs", {1, 30}, today, "ConfigList", none, value, swarm_list_job},
  {"POST", "/configs/create", {1, 30}, today, "ConfigCreate", json, value, swarm_job},
  {"GET", "/configs/{id}", {1, 30}, today, "ConfigInspect", none, value, swarm_job},
  {"DELETE", "/configs/{id}", {1, 30}, today, "ConfigDelete", none, value, swarm_job},
  {"POST", "/configs/{id}/update", {1, 30}, today, "ConfigUpdate", json, value, swarm_update_job},
});
// clang-format on

} // namespace

api_error not_implemented(const route& r) {
  std::string text{r.operation};
  text.append(" (").append(r.method).append(" ").append(r.path);
  text.append(") is not implemented by this daemon");
  return {errc::not_implemented, std::move(text)};
}

std::span<const route> routes() noexcept { return table; }

} // namespace gantry::api
