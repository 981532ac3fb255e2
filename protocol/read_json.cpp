#include "protocol/read_json.hpp"

#include <boost/json/stream_parser.hpp>

namespace gantry {

namespace json = boost::json;

json_read read_json(std::string_view text, const json_reading& how) {
  json::parse_options options;
  options.max_depth = how.max_depth;
  options.allow_invalid_utf8 = how.any_bytes;
  json::stream_parser parser{json::storage_ptr{}, options};
  json_read read;
  read.used = parser.write_some(text.data(), text.size(), read.error);
  const bool more = read.used < text.size();
  if (!read.error && more && !how.trailing)
    read.error = json::error::extra_data;
  if (!read.error && !more) // otherwise it is done, and would call that incomplete
    parser.finish(read.error);
  if (!read.error)
    read.value = parser.release();
  return read;
}

} // namespace gantry
