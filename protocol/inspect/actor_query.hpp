#pragma once

#include "protocol/error.hpp"
#include "protocol/http/form.hpp"
#include "protocol/inspect/model.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::inspect {

/// What actors can be sorted by.
enum class actor_order : std::uint8_t {
  id,
  age,
  mailbox,
  oldest,
  message_age,
  busy,
  messages,
  waiting,  ///< its p99
  handling, ///< its p99
};

/// The names of the orders, as `sort` takes them.
std::span<const std::string_view> order_names() noexcept;

/// The states that an actor can be in.
std::span<const std::string_view> state_names() noexcept;

/// Which actors, in what order, and how many.
struct actor_query {
  std::string kind;  ///< exactly that one; "": any
  std::string state; ///< one of `state_names`; "": any
  std::string name;  ///< part of its name or kind, letters of either case being the same; "": any
  std::optional<std::uint64_t> parent;  ///< 0: those without one
  std::optional<std::uint64_t> request; ///< those that work for it now; 0: for none
  actor_order order = actor_order::id;
  bool ascending = true;
  std::size_t limit = 0; ///< 0: no limit

  friend bool operator==(const actor_query&, const actor_query&) = default;
};

/// Reads `kind`, `state`, `parent`, `request`, `name`, `sort` and `limit` of a query. `sort` names
/// an order, the greatest first, or with a `-` before it the least; without it they are sorted by
/// id, the least first. An empty value counts as none. Errors (invalid_parameter): `invalid state
/// "x": one of running, ready, idle, paused`, `unknown parameter "x": ...`, `parameter "x" is given
/// twice`.
result<actor_query> parse_actor_query(const http::form_values& pairs);

/// `sort`'s value alone, with errors as above. Puts it into `query`.
result<void> parse_order(std::string_view text, actor_query& query);

/// Inverse of `parse_actor_query`: `kind=router&sort=mailbox`, without what is as by default.
std::string to_query(const actor_query& query);

/// True if nothing but order and limit speaks against it.
bool matches(const actor_view& actor, const actor_query& query);

/// Whether `a` comes before `b`; equal ones are in the order of their ids.
bool comes_before(const actor_view& a, const actor_view& b, const actor_query& query);

/// Actors that were asked for.
struct selection {
  std::size_t total = 0; ///< that matched, whatever the limit
  std::vector<actor_view> actors;
};

/// Filters, sorts and limits. Sorts no more than what is wanted: 10,000 take a few milliseconds.
selection select(std::vector<actor_view> actors, const actor_query& query);

} // namespace gantry::inspect
