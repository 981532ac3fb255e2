// Arbitrary flags and an arbitrary configuration file: nothing may crash or throw, and what is
// accepted must survive a reload.

#include "app/config_file.hpp"
#include "app/options.hpp"
#include "app/reload.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace app = gantry::app;

/// Input: words of the command line, one a line, an empty line, then the configuration file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> args;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() == text.size() ? line.size() : line.size() + 1);
    if (line.empty())
      break;
    args.emplace_back(line.substr(0, line.find('\0'))); // as exec(3) would cut it
  }

  app::environment env;
  env.home = "/root";
  auto parsed = app::parse_flags(args);
  auto* flags = std::get_if<app::command_line>(&parsed);
  auto config = app::combine(flags != nullptr ? *flags : app::command_line{}, text, env);
  if (!config)
    return 0;
  const auto& values = config->values;
  if (values.hosts.empty() || !app::validate(values))
    std::abort();
  auto plan = app::plan_reload(app::settings{}, values);
  if (!app::plan_reload(plan.next, values).applied.empty())
    std::abort();
  app::reload_attributes(values);
  return 0;
}
