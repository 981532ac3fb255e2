#include "protocol/job/job.hpp"

namespace gantry::job {

std::string call_string(const request& r) {
  std::string out = r.name;
  out += '(';
  for (std::size_t i = 0; i < r.args.size(); ++i) {
    if (i != 0)
      out += ", ";
    out += r.args[i];
  }
  out += ')';
  return out;
}

std::string status_string(int status) {
  return (status == status_ok ? " = OK (" : " = ERR (") + std::to_string(status) + ')';
}

} // namespace gantry::job
