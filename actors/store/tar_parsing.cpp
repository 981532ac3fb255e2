#include "actors/store/tar_parsing.hpp"

#include <clocale>

namespace gantry::store {

namespace {

// None (which only asks for the present one) where C.UTF-8 is missing.
locale_t utf8() {
  static const locale_t made = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return made;
}

} // namespace

utf8_names::utf8_names() : before_(::uselocale(utf8())) {}
utf8_names::~utf8_names() { ::uselocale(before_); }

api_error broken_tar(bool cut) {
  return {errc::invalid_parameter, cut ? "unexpected EOF" : "archive/tar: invalid tar header"};
}

} // namespace gantry::store
