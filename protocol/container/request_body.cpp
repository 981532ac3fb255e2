#include "protocol/container/request_body.hpp"

#include "protocol/oci/json_reader.hpp"

namespace gantry::container::detail {

result<boost::json::value> parse_body(std::string_view body) {
  if (body.find_first_not_of(" \t\r\n") == body.npos)
    return invalid_json("got EOF while reading request body");
  auto whole = oci::detail::parse_json(body);
  if (whole)
    return whole;
  if (oci::detail::parse_json(body, true))
    return api_error{errc::invalid_parameter, "unexpected content after JSON"};
  return invalid_json(whole.error().message);
}

api_error invalid_json(std::string_view reason) {
  return {errc::invalid_parameter, "invalid JSON: " + std::string{reason}};
}

} // namespace gantry::container::detail
