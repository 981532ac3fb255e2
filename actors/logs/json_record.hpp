#pragma once

#include "actors/logs/record.hpp"

#include <string>
#include <string_view>

namespace gantry::logs {

/// Appends one line of a json-file log, as Docker writes it:
/// `{"log":"TEXT","stream":"stdout","attrs":{...},"time":"2026-11-21T22:36:18.135423003Z"}` and a
/// line break. `text` is the line without its `\n`, which is added unless `partial`. Bytes that are
/// not UTF-8 become U+FFFD, `<`, `>` and `&` are escaped. `attrs` is a JSON object without line
/// breaks, or empty.
void append_json_record(std::string& out, source from, std::int64_t time, std::string_view text,
                        bool partial, std::string_view attrs);

/// Reads such a line, its line break not included: members in any order, unknown ones skipped.
/// `attrs` are read only if `with_attrs`. `record::bytes` points into the line, or into `buffer` if
/// it had to be unescaped. False if it is no whole record.
bool read_json_record(std::string_view line, record& into, std::string& buffer,
                      bool with_attrs = true);

/// The text of member `key` of a flat JSON object, unescaped; empty if there is none. For the
/// messages of OCI runtimes.
std::string json_text_member(std::string_view object, std::string_view key);

/// `2026-11-21T22:36:18.135423003Z`: RFC 3339 with nanoseconds and without trailing zeros, as Go's
/// RFC3339Nano.
void append_time(std::string& out, std::int64_t time);

/// Reads RFC 3339 with any number of fraction digits and any zone. False if it is not that or lies
/// outside of 1678 to 2261.
bool read_time(std::string_view text, std::int64_t& time);

} // namespace gantry::logs
