#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::container {

/// Checks the name of a container, with or without a leading slash, and answers it with one. Errors
/// (invalid_parameter): `Invalid container name (a), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`.
/// Source: section 4.
result<std::string> checked_name(std::string_view text);

/// `adjective_surname` with a leading slash, picked by a random number; from the second `attempt`
/// on (they count from 0) with a digit at the end. After `name_attempts` of them the short id is
/// taken.
std::string generated_name(std::uint64_t random, unsigned attempt);

inline constexpr unsigned name_attempts = 6;

/// The error for a name (with its slash) that another container has.
api_error name_in_use(std::string_view name, std::string_view id);

/// False for an id whose first 12 digits could be read as a number: as a host name it would be one.
bool is_usable_id(std::string_view id) noexcept;

} // namespace gantry::container
