#include "actors/inspect/service/web.hpp"

#include <algorithm>
#include <string>

namespace gantry::inspect {

namespace {

constexpr const char* page_policy =
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

} // namespace

std::optional<http::response> web_page(std::string_view path) {
  const auto files = web_files();
  const auto found = std::find_if(files.begin(), files.end(),
                                  [path](const web_file& each) { return each.path == path; });
  if (found == files.end())
    return std::nullopt;
  http::response page;
  page.headers = {{"Content-Type", std::string{found->type}},
                  {"Cache-Control", "no-store"},
                  {"Content-Security-Policy", page_policy},
                  {"X-Content-Type-Options", "nosniff"},
                  {"Referrer-Policy", "no-referrer"}};
  page.body = found->text;
  return page;
}

} // namespace gantry::inspect
