#pragma once

#include "actors/runtime/history.hpp"
#include "actors/runtime/stats.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Texts about the living actors. Pure: they show copies.
namespace gantry::inspect {

/// What an actor handles while it is started.
inline constexpr std::string_view starting = "start";

/// What an actor is doing.
enum class actor_activity { running, paused, ready, idle };

actor_activity activity_of(const runtime::actor_snapshot& a) noexcept;
/// `running`, `paused`, `ready`, `idle`.
const char* to_string(actor_activity a) noexcept;

/// Actors in the place of goroutines (clause DB1). Always `goroutine profile: total N` first; then
/// debug 0: `COUNT @ KIND STATE`, most first; 1: besides, a line per actor under its group; 2 and
/// more: `actor_dump` alone.
std::string actor_profile(std::vector<runtime::actor_snapshot> actors,
                          const std::vector<runtime::stall>& stalls, int debug);

/// What hangs (`stall worker [3.2s]:`, then what it is about and where) and all actors, those first
/// that run for the longest time: a head line for each as Go's crash dump has it,
/// `actor 12 [running, 1.5s]:`, then kind, parent, mailbox, message and figures. `stalls`: those
/// that are over are left out. Also what SIGQUIT shows.
std::string actor_dump(std::vector<runtime::actor_snapshot> actors,
                       const std::vector<runtime::stall>& stalls);

} // namespace gantry::inspect
