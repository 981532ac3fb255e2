#pragma once

#include "protocol/error.hpp"

#include <locale.h>

namespace gantry::store {

// What all readers of tars by way of libarchive need.

/// While this lives, the names that libarchive gives this thread are UTF-8, as they stand in pax
/// headers. Needed where an entry's header is read: libarchive turns names into what the thread's
/// locale writes, and the daemon's is "C", in which a name that is not ASCII is lost.
class utf8_names {
public:
  utf8_names();
  utf8_names(const utf8_names&) = delete;
  utf8_names& operator=(const utf8_names&) = delete;
  ~utf8_names();

private:
  locale_t before_;
};

/// The error for a tar that ends too early (`cut`) or is none: invalid_parameter, in the words of
/// Go's reader, by which clients know it: `unexpected EOF`, `archive/tar: invalid tar header`.
api_error broken_tar(bool cut);

} // namespace gantry::store
