#pragma once

#include <string>
#include <string_view>

namespace gantry::mux {

/// True if `clean_path` would return the same.
bool is_clean_path(std::string_view path) noexcept;

/// The canonical form: empty becomes `/`, a missing leading slash is added, dot segments and
/// doubled slashes are removed, a trailing slash stays. Source: clause W10.
std::string clean_path(std::string_view path);

/// Percent-encodes all of a decoded path that may not stand in a URL's path as it is.
std::string escape_path(std::string_view path);

/// Percent-encodes all of a host that may not stand in an authority as it is.
std::string escape_host(std::string_view host);

/// Encodes a text for use in a query: space is `+`, all but letters, digits and `-_.~` is `%XX`.
std::string escape_query(std::string_view text);

/// Decodes `+` and `%XX`. False if an escape is malformed.
bool unescape_query(std::string_view text, std::string& out);

/// Value for Location: `path`, encoded already, and the query if not empty. What would make it
/// another host's URL (`//host`) or another header (CR LF) is disarmed.
std::string redirect_location(std::string_view encoded_path, std::string_view query);

} // namespace gantry::mux
