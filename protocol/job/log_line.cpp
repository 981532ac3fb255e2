#include "protocol/job/log_line.hpp"

namespace gantry::job {
namespace {

std::string bracketed(std::string_view label, std::string_view text) {
  std::string out;
  out.reserve(label.size() + text.size() + 4);
  out += '[';
  out += label;
  out += "] ";
  out += text.substr(0, text.find_last_not_of('\n') + 1); // npos + 1 == 0
  out += '\n';
  return out;
}

std::string call_and_status(const request& r, std::optional<int> status) {
  auto out = call_string(r);
  if (status)
    out += status_string(*status);
  return out;
}

std::string_view short_id(std::string_view engine_id) { return engine_id.substr(0, 8); }

} // namespace

std::string engine_line(std::string_view engine_id, std::string_view text) {
  return bracketed(short_id(engine_id), text);
}

std::string begin_line(std::string_view engine_id, const request& r) {
  return engine_line(engine_id, "+job " + call_string(r));
}

std::string end_line(std::string_view engine_id, const request& r, std::optional<int> status) {
  return engine_line(engine_id, "-job " + call_and_status(r, status));
}

std::string job_line(std::string_view engine_id, const request& r, std::optional<int> status,
                     std::string_view text) {
  std::string label{short_id(engine_id)};
  label += '.';
  label += call_and_status(r, status);
  return bracketed(label, text);
}

} // namespace gantry::job
