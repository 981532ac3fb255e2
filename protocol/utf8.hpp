#pragma once

#include <string>

namespace gantry {

/// Replaces each byte that is no UTF-8 by U+FFFD.
void mend_utf8(std::string& text);

} // namespace gantry
