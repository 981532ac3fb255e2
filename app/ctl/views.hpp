#pragma once

#include "app/ctl/table.hpp"
#include "protocol/inspect/model.hpp"
#include "protocol/inspect/tree.hpp"

#include <span>
#include <string>
#include <vector>

/// The parts of a daemon as tables. Pure.
namespace gantry::ctl {

table actor_table(std::span<const inspect::actor_view> actors);
table kind_table(std::span<const inspect::kind_view> kinds);
table thread_table(std::span<const inspect::thread_view> threads);
table task_table(std::span<const inspect::task_view> tasks);
table job_table(std::span<const inspect::job_view> jobs);
table request_table(std::span<const inspect::request_view> requests);
table connection_table(std::span<const inspect::connection_view> connections);
table stream_table(std::span<const inspect::stream_view> streams);
table container_table(std::span<const inspect::container_view> containers);
table death_table(std::span<const inspect::death_view> deaths);
table dead_letter_table(std::span<const inspect::dead_letter_view> letters);
table stall_table(std::span<const inspect::stall_view> stalls);

/// One actor: a line for each of what is known, its facts, its last messages.
std::string detail_text(const inspect::actor_detail& detail, const paper& on);

/// What was done for a request, by time: how long after its begin, how long it waited and took, by
/// whom; an actor stands behind the one in whose work it came in.
std::string timeline_text(const inspect::request_trace& trace, const paper& on);

/// A message of a traced actor, in columns of one width, and their titles.
std::string message_line(const inspect::traced_message& m, const paper& on);
std::string message_titles(const paper& on);

/// `├─ ` and its like before each actor, or ASCII.
std::string tree_text(const std::vector<inspect::tree_node>& roots, const paper& on);

/// What stands before the name of each node, in the order of the lines: `│  └─ `.
struct tree_line {
  std::string lead;
  const inspect::actor_view* actor = nullptr;
};
std::vector<tree_line> tree_lines(const std::vector<inspect::tree_node>& roots, bool utf8);

/// The node of that id and what is below it, or nullptr.
const inspect::tree_node* find_node(const std::vector<inspect::tree_node>& nodes, std::uint64_t id);

/// The look of a state: `running` is good, `paused` a warning.
tint tint_of_state(std::string_view state) noexcept;

/// What an actor does now: `run_job 1.2ms`, or "".
std::string doing(const inspect::actor_view& actor);

/// `2026-11-22T01:47:25.261992917Z` as `2026-11-22 01:47:25.261`; what is no such time as it is.
std::string short_time(std::string_view rfc3339);

} // namespace gantry::ctl
