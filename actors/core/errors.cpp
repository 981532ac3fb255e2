#include "actors/core/errors.hpp"

#include <caf/make_message.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

namespace gantry {

caf::error to_caf(const api_error& e) {
  return {static_cast<std::uint8_t>(e.kind), caf::atom("gantry"), caf::make_message(e.message)};
}

api_error from_caf(const caf::error& e) {
  if (e.category() == caf::atom("gantry")) {
    auto& context = e.context();
    return {static_cast<errc>(e.code()), context.match_elements<std::string>()
                                             ? context.get_as<std::string>(0)
                                             : std::string{to_string(static_cast<errc>(e.code()))}};
  }
  if (e == caf::sec::request_timeout)
    return {errc::unavailable, "no answer within the time allowed"};
  if (e == caf::sec::request_receiver_down)
    return {errc::unavailable, "the part of the daemon that was asked has ended"};
  return {errc::system, caf::to_string(e)};
}

} // namespace gantry
