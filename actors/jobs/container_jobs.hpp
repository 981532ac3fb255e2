#pragma once

#include "protocol/error.hpp"

namespace gantry::engine {
class job_table;
}
namespace gantry::containers {
struct container_services;
}

/// The jobs about containers but `container_create`: one function per file of this folder, each of
/// which adds its handlers to the engine's table. All fail as `job_table::add` does. NAME is an id,
/// a name or a prefix of an id; errors for all that have one: invalid_parameter `usage: JOB NAME`,
/// those of `shared_containers::find`.
namespace gantry::jobs {

/// All of the below.
result<void> add_container_jobs(engine::job_table& table,
                                const containers::container_services& services);

/// `containers`: the text of ContainerList. Env `all`, `size` (booleans), `limit` (integer, none or
/// below 1: no limit), `filters` (checked by `api::validate`), `version` (of the API); and as 1.2.0
/// had them `before` and `since` (names). No actor is asked; the disk is only with `size`. Errors:
/// not_found `No such container: x`, `Could not find container with name or id x` (system).
result<void> add_containers_job(engine::job_table& table,
                                const containers::container_services& services);

/// `container_inspect NAME`: the text of ContainerInspect. Env `size` (boolean), `version`.
result<void> add_container_inspect_job(engine::job_table& table,
                                       const containers::container_services& services);

/// `container_start NAME`, `container_stop NAME`, `container_restart NAME`, `container_kill NAME`,
/// `container_pause NAME`, `container_unpause NAME`, `container_remove NAME` and `container_wait
/// NAME` (section 8). Env of stop and restart: `t` (seconds, negative: no limit; none: as the
/// container says), `signal`; of kill: `signal`; of remove: `force`, `v` (anonymous volumes go,
/// too), `link` (booleans); of wait: `condition`, `early` (a stream that begins when no end can be
/// missed any more; boolean), `shape`. When a job is cancelled what was begun goes on.
result<void> add_container_life_jobs(engine::job_table& table,
                                     const containers::container_services& services);

/// `container_rename NAME`: env `name`. `container_update NAME`: env `body` (JSON), `version`;
/// answers `{"Warnings":[...]}`. `container_resize NAME`: env `h`, `w` (characters).
result<void> add_container_change_jobs(engine::job_table& table,
                                       const containers::container_services& services);

/// `container_prune`: ContainerPrune. Env `filters`. One at a time.
result<void> add_container_prune_job(engine::job_table& table,
                                     const containers::container_services& services);

/// `container_top NAME`: ContainerTop. Env `ps_args` (`-ef` if there are none).
result<void> add_container_top_job(engine::job_table& table,
                                   const containers::container_services& services);

/// `container_stats NAME`: ContainerStats. Env `stream` (an object each second until the container
/// is gone; else one), `one-shot` (one that is not compared with an earlier look; booleans).
/// Errors: invalid_parameter `cannot have stream=true and one-shot=true`.
result<void> add_container_stats_job(engine::job_table& table,
                                     const containers::container_services& services);

/// `container_logs NAME`: a stream (section 11). Env `stdout`, `stderr`, `follow`, `timestamps`,
/// `details`, `framed` (without a terminal each record is a frame), `announced` (the media type
/// says so; booleans), `tail`, `since`, `until`.
result<void> add_container_logs_job(engine::job_table& table,
                                    const containers::container_services& services);

/// `container_attach NAME`: takes its client's connection (sections 5.1, 5.2); runs until client
/// and process are apart. Env `stdin`, `stdout`, `stderr`, `logs`, `stream`, `framed`, `announced`
/// (booleans), `detachKeys`, and `websocket` (`text`, `binary`: what its messages say that they
/// are) if the connection has become one.
result<void> add_container_attach_job(engine::job_table& table,
                                      const containers::container_services& services);

/// `exec_create NAME`: env `body` (JSON), `version`; answers `{"Id":...}`. `exec_inspect ID`: the
/// text of ExecInspect. `exec_resize ID`: env `h`, `w` (characters). Source: section 10.
result<void> add_exec_jobs(engine::job_table& table,
                           const containers::container_services& services);

/// `exec_start ID`: takes its client's connection (section 5.1) unless it is to be detached; runs
/// until client and process are apart, or until the process runs. Env `body` (JSON), `version`,
/// `announced` (boolean).
result<void> add_exec_start_job(engine::job_table& table,
                                const containers::container_services& services);
/// `container_path NAME`: what is at env `path`, the text of ContainerPathStat. `container_archive
/// NAME`: a tar of it; the text goes ahead. `container_extract NAME`: unpacks the tar on its input
/// in the directory `path`; env `noOverwriteDirNonDir`, `copyUIDGID` (booleans). Section 13.3.
/// Errors: those of `look_up_blocking` and `extract_blocking`.
result<void> add_container_archive_jobs(engine::job_table& table,
                                        const containers::container_services& services);

/// `container_export NAME`: a tar of the root, without what is mounted in it (section 13.4).
result<void> add_container_export_job(engine::job_table& table,
                                      const containers::container_services& services);

/// `container_changes NAME`: ContainerChanges.
result<void> add_container_changes_job(engine::job_table& table,
                                       const containers::container_services& services);

/// `commit NAME`: makes an image of a container (section 13.4); answers `{"Id":...}`. Env `repo`,
/// `tag`, `author`, `comment`, `pause` (boolean), `changes` (a list), `config` (JSON), `shape`: to
/// `1.2` the id is told without `sha256:`.
result<void> add_container_commit_job(engine::job_table& table,
                                      const containers::container_services& services);

} // namespace gantry::jobs
