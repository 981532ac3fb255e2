#include "protocol/job/parse.hpp"

#include <string>
#include <utility>

namespace gantry::job {

result<request> parse(std::string_view input) {
  constexpr std::string_view blanks = " \t\n\v\f\r";
  request r;
  bool named = false;
  for (auto rest = input;;) {
    const auto begin = rest.find_first_not_of(blanks);
    if (begin == std::string_view::npos)
      break;
    rest.remove_prefix(begin);
    const auto word = rest.substr(0, rest.find_first_of(blanks));
    rest.remove_prefix(word.size());
    if (r.environment.set_assignment(word))
      continue;
    if (named)
      r.args.emplace_back(word);
    else
      r.name = word;
    named = true;
  }
  if (!named)
    return api_error{errc::invalid_parameter, "empty command: '" + std::string{input} + "'"};
  return r;
}

} // namespace gantry::job
