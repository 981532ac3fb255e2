#pragma once

#include "protocol/error.hpp"
#include "protocol/text.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::oci {

/// Variables by name.
using variables = std::map<std::string, std::string, std::less<>>;

/// How words of a Dockerfile are read.
struct word_rules {
  char escape = '\\';       ///< quotes the next character
  bool keep_quotes = false; ///< quotes stay in the text
  bool keep_escapes = false;
  bool keep_unset = false; ///< `$x` stays in the text if there is no such variable
};

/// Reads `text` as the shell does, as far as Dockerfiles go: quotes are taken off and variables put
/// in (`$x`, `${x}`, `${x:-word}`, `${x:+word}`, `${x:?text}`, the same without colon, `${x#glob}`,
/// `${x##glob}`, `${x%glob}`, `${x%%glob}`, `${x/glob/text}`, `${x//glob/text}`). Errors
/// (invalid_parameter): `failed to process "TEXT": REASON`. Source: section 19.4. NOTE: only ASCII
/// space separates words.
result<std::string> expand_word(std::string_view text, const variables& vars,
                                const word_rules& rules = {});

/// The same cut into words where there is space outside of quotes, also in what variables hold.
result<std::vector<std::string>> expand_words(std::string_view text, const variables& vars,
                                              const word_rules& rules = {});

/// `gantry::quoted`.
inline std::string quote(std::string_view text) { return quoted(text); }

} // namespace gantry::oci
