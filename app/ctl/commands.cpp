#include "app/ctl/commands.hpp"

#include "protocol/inspect/actor_query.hpp"

#include <algorithm>
#include <array>

namespace gantry::ctl {

namespace {

constexpr auto shared = std::to_array<flag_spec>({
    {"host", 'H', value_kind::host, "ADDR", "where to ask: unix://PATH or tcp://HOST:PORT"},
    {"file", 'f', value_kind::file, "DUMP", "read a dump instead of asking a daemon"},
    {"timeout", 0, value_kind::duration, "TIME", "how long an answer may take (5s)"},
    {"tlscacert", 0, value_kind::file, "FILE", "who may vouch for the daemon of a tcp address"},
    {"tlscert", 0, value_kind::file, "FILE", "certificate to show it"},
    {"tlskey", 0, value_kind::file, "FILE", "key of that certificate"},
    {"json", 0, value_kind::none, "", "print what the API said, for scripts"},
    {"no-trunc", 0, value_kind::none, "", "do not cut lines at the edge of the terminal"},
    {"help", 0, value_kind::none, "", "show help"},
});

constexpr auto ps_flags = std::to_array<flag_spec>({
    {"kind", 'k', value_kind::kind, "KIND", "only those of that kind"},
    {"state", 0, value_kind::state, "STATE", "only running, ready, idle or paused ones"},
    {"parent", 0, value_kind::actor, "ID", "only those that this one has spawned"},
    {"request", 'r', value_kind::number, "REQUEST", "only those that work for it now"},
    {"filter", 0, value_kind::text, "TEXT", "only those with that in their name or kind"},
    {"sort", 's', value_kind::order, "COLUMN", "greatest first; -COLUMN: least first (-id)"},
    {"limit", 'l', value_kind::number, "N", "at most so many (all)"},
});

constexpr auto top_flags = std::to_array<flag_spec>({
    {"batch", 'b', value_kind::none, "", "print instead of taking over the terminal"},
    {"iterations", 'n', value_kind::number, "N", "look so many times, then end"},
    {"once", '1', value_kind::none, "", "the same as -b -n 1"},
    {"delay", 'd', value_kind::duration, "TIME", "time between two looks (2s)"},
    {"kind", 'k', value_kind::kind, "KIND", "only those of that kind"},
    {"state", 0, value_kind::state, "STATE", "only running, ready, idle or paused ones"},
    {"filter", 0, value_kind::text, "TEXT", "only those with that in their name or kind"},
    {"sort", 's', value_kind::order, "COLUMN", "greatest first; -COLUMN: least first (busy)"},
    {"tree", 't', value_kind::none, "", "children below their parents"},
});

constexpr auto request_flags = std::to_array<flag_spec>({
    {"limit", 'l', value_kind::number, "N", "at most so many, the last ones (all)"},
});

constexpr auto trace_flags = std::to_array<flag_spec>({
    {"request", 'r', value_kind::number, "REQUEST", "what was done for that request"},
    {"for", 0, value_kind::duration, "TIME", "end after that time"},
    {"count", 'n', value_kind::number, "N", "end after so many messages"},
});

constexpr auto kill_flags = std::to_array<flag_spec>({
    {"force", 0, value_kind::none, "", "also what the daemon cannot do without"},
});

constexpr auto loglevel_flags = std::to_array<flag_spec>({
    {"for", 0, value_kind::duration, "TIME", "go back to the old one after that time"},
});

constexpr auto dump_flags = std::to_array<flag_spec>({
    {"output", 'o', value_kind::file, "FILE", "write to a file that only its owner may read"},
});

constexpr operand_spec maybe_actor{"ID", value_kind::actor, false};
constexpr operand_spec named_actors{"ID", value_kind::actor, true, true};
constexpr auto web_flags = std::to_array<flag_spec>({
    {"port", 'p', value_kind::number, "N", "where to listen on 127.0.0.1 (any that is free)"},
});

constexpr auto all_commands = std::to_array<command_spec>({
    {"top", "watch actors live", {}, top_flags},
    {"tree", "show who has spawned whom", {"ID", value_kind::actor, false}, {}},
    {"ps", "list actors", {}, ps_flags},
    {"show", "show one actor", {"ID", value_kind::actor}, {}},
    {"kinds", "show figures by kind of actor", {}, {}},
    {"threads", "show the threads that run actors", {}, {}},
    {"pool", "show the workers and their tasks", {}, {}},
    {"jobs", "show jobs at work", {}, {}},
    {"connections", "show connections of clients", {}, {}},
    {"streams", "show streams between clients and jobs or processes", {}, {}},
    {"requests", "show requests, at work and lately", {}, request_flags},
    {"trace", "show what was done for a request, or follow an actor", maybe_actor, trace_flags},
    {"containers", "show containers and what they use", {}, {}},
    {"deaths", "show the last actors that failed", {}, {}},
    {"dead-letters", "show the last messages that nobody took", {}, {}},
    {"stalls", "show what hung or hangs", {}, {}},
    {"events", "follow actors that begin and end", {}, {}, true},
    {"kill", "end actors", named_actors, kill_flags, true},
    {"pause", "hold actors up", named_actors, {}, true},
    {"resume", "let paused actors go on", named_actors, {}, true},
    {"web", "show all of this in a browser", {}, web_flags, true},
    {"loglevel", "change what is logged", {"LEVEL", value_kind::level}, loglevel_flags, true},
    {"dump", "write all of this as one JSON", {}, dump_flags},
    {"completion", "print completions for a shell", {"SHELL", value_kind::shell}, {}},
    {"help", "show help", {"COMMAND", value_kind::command, false}, {}},
    {"version", "show versions", {}, {}},
});

constexpr auto levels =
    std::to_array<std::string_view>({"debug", "info", "warn", "error", "fatal"});
constexpr auto shells = std::to_array<std::string_view>({"bash", "zsh", "fish"});

constexpr auto command_names = [] {
  std::array<std::string_view, all_commands.size()> names;
  for (std::size_t i = 0; i < all_commands.size(); ++i)
    names[i] = all_commands[i].name;
  return names;
}();

} // namespace

std::span<const std::string_view> words_of(value_kind kind) noexcept {
  switch (kind) {
  case value_kind::state:
    return inspect::state_names();
  case value_kind::order:
    return inspect::order_names();
  case value_kind::level:
    return levels;
  case value_kind::shell:
    return shells;
  case value_kind::command:
    return command_names;
  default:
    return {};
  }
}

std::span<const command_spec> commands() noexcept { return all_commands; }
std::span<const flag_spec> common_flags() noexcept { return shared; }

const command_spec* find_command(std::string_view name) noexcept {
  const auto* found = std::find_if(all_commands.begin(), all_commands.end(),
                                   [name](const auto& c) { return c.name == name; });
  return found == all_commands.end() ? nullptr : found;
}

std::string flag_title(const flag_spec& flag) {
  std::string title = flag.letter == 0 ? "    " : std::string{'-', flag.letter, ',', ' '};
  return title.append("--").append(flag.name);
}

} // namespace gantry::ctl
