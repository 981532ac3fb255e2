#pragma once

#include "protocol/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gantry::oci {

/// One instruction of a Dockerfile, cut up but not understood.
struct instruction {
  std::string name;               ///< as written: `CMD`, `cmd`
  std::vector<std::string> flags; ///< `--interval=5s`
  /// For ENV and LABEL three for each pair: name, value, and `=` or "". For ONBUILD those of the
  /// inner instruction after its name.
  std::vector<std::string> args;
  bool json = false;    ///< the arguments (of ONBUILD: the inner ones) were a JSON list
  std::string original; ///< the whole line, its continuations joined
  /// The bodies of `<<WORD`, each with its end line, to be put after `original`.
  std::string heredocs;
  int line = 0; ///< of its first line, from 1
};

struct dockerfile {
  std::vector<instruction> instructions;
  char escape = '\\';
};

/// Cuts a Dockerfile up: comments, continuations, directives, flags, lists. Errors
/// (invalid_parameter): `file with no instructions`, `ENV must have two arguments`, `Syntax error -
/// can't find = in "x". Must be of the form: name=value`, `when using JSON array syntax, arrays
/// must be comprised of strings only`, `unterminated heredoc`, `dockerfile line greater than max
/// allowed size of 65535`, ... Source: section 19.4.
result<dockerfile> parse_dockerfile(std::string_view text);

} // namespace gantry::oci
