#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::stream {

/// Bytes of a tar's block: every header is one, and contents are padded to whole ones.
inline constexpr std::size_t tar_block_size = 512;

/// Appends a record of a pax extended header, `LENGTH KEY=VALUE\n`, where LENGTH counts itself
/// (pax(1), "pax Extended Header").
void append_pax_record(std::string& out, std::string_view key, std::string_view value);

/// Takes the record at the front of `text`: key and value are views into it. Nothing if there is
/// no whole and proper record.
struct pax_record {
  std::string_view key;
  std::string_view value;
};
std::optional<pax_record> take_pax_record(std::string_view& text);

/// The value of `key` in the pax extended header (type `x`) among `headers`, which are the headers
/// of one tar entry as they are in the file; the last, if there are several; empty if there is
/// none.
std::string pax_value(std::string_view headers, std::string_view key);

} // namespace gantry::stream
