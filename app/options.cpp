#include "app/options.hpp"

#include "app/command_words.hpp"
#include "app/config_file.hpp"
#include "app/option_table.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <system_error>

#ifndef GANTRY_COMMIT
#define GANTRY_COMMIT "unknown"
#endif

namespace gantry::app {
namespace {

constexpr std::string_view program = "gantryd";
constexpr std::size_t left_column = 32; // where the right column of --help begins
constexpr std::size_t page_width = 80;

/// Appends `text` from `column` on, broken at spaces; the line so far is `used` long.
void append_wrapped(std::string& out, std::string_view text, std::size_t used) {
  if (used + 2 > left_column) {
    out += '\n';
    used = 0;
  }
  out.append(left_column - used, ' ');
  std::size_t at = left_column;
  while (!text.empty()) {
    auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (at > left_column && at + 1 + word.size() > page_width) {
      out += '\n';
      out.append(left_column, ' ');
      at = left_column;
    }
    if (at > left_column) {
      out += ' ';
      ++at;
    }
    out += word;
    at += word.size();
  }
  out += '\n';
}

/// `--help` as the GNU tools lay it out.
class help_layout : public CLI::Formatter {
public:
  std::string make_option(const CLI::Option* option, bool) const override {
    const auto& letters = option->get_snames();
    std::string left = letters.empty() ? "      " : "  -" + letters.front() + ", ";
    left += "--" + option->get_lnames().front();
    if (!option->get_type_name().empty())
      left += '=' + option->get_type_name();
    std::string out = left;
    append_wrapped(out, option->get_description(), left.size());
    return out;
  }

  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override {
    std::string out = group + ":\n";
    for (const CLI::Option* option : options)
      out += make_option(option, is_positional);
    return out;
  }

  std::string make_usage(const CLI::App*, std::string name) const override {
    return "Usage: " + name + " [OPTION]...\n";
  }

  std::string make_description(const CLI::App* app) const override {
    return app->get_description() + "\n\n";
  }

  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    return make_usage(app, name) + make_description(app) + make_groups(app, mode) +
           app->get_footer() + '\n';
  }
};

/// The flags as CLI11 sees them. Each takes one word, truth values too: `read_words` has seen to
/// it.
void declare(CLI::App& app) {
  auto add = [&app](char letter, std::string_view name, std::string_view placeholder,
                    std::string_view help) {
    std::string names = letter != 0 ? std::string{'-', letter, ','} : std::string();
    names += "--" + std::string(name);
    return app.add_option(names)
        ->description(std::string(help))
        ->type_name(std::string(placeholder))
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  app.set_help_flag();
  app.footer("Flags for one of several (--host, --label, --dns, ...) may be repeated. The\n"
             "configuration file holds the same settings as JSON; each may be set in one of\n"
             "the two places. SIGHUP reads the file again.");
  for (const option_spec& option : option_table())
    add(option.letter, option.flag, option.placeholder,
        std::string(option.help) + (is_still_to_come(option) ? " (no effect yet)" : ""))
        ->group(std::string(option.group));
  for (const own_flag& flag : own_flags())
    add(flag.letter, flag.name, flag.placeholder, flag.help)
        ->group(flag.help.empty() ? "" : "Other"); // the empty group is not shown
}

print_and_exit usage_error(const std::string& text) {
  return {{}, text + "\nSee '" + std::string(program) + " --help'.\n", 1};
}

std::string flag_error(std::string_view value, std::string_view flag, std::string_view reason) {
  return "invalid argument \"" + std::string(value) + "\" for \"" + flag_title(flag) +
         "\" flag: " + std::string(reason);
}

bool last_is_true(const CLI::App& app, const char* name) {
  const auto& words = app.get_option(name)->results();
  return !words.empty() && words.back() == "true";
}

/// Puts what CLI11 has collected into the settings.
result<command_line> collect(const CLI::App& app) {
  command_line out;
  for (const option_spec& option : option_table()) {
    const auto& words = app.get_option("--" + std::string(option.flag))->results();
    for (const std::string& word : words)
      if (auto assigned = assign_text(out.values, option, word); !assigned)
        return api_error{errc::invalid_parameter,
                         flag_error(word, option.flag, assigned.error().message)};
    if (!words.empty())
      out.given.emplace(option.key);
  }
  if (last_is_true(app, "--api-enable-cors") && out.values.api_cors_header.empty()) {
    out.values.api_cors_header = "*";
    out.given.emplace("api-cors-header");
  }
  if (const auto& words = app.get_option("--config-file")->results(); !words.empty()) {
    out.config_file = words.back();
    out.config_file_given = true;
  }
  out.validate_only = last_is_true(app, "--validate");
  return out;
}

/// dockerd's way to say that the file is at fault.
api_error file_error(const command_line& flags, const api_error& error) {
  return {error.kind, "unable to configure the Docker daemon with file " + flags.config_file +
                          ": " + error.message};
}

/// What is said twice: a flag and a key never override each other. Runtimes add up.
result<void> check_conflicts(const command_line& flags, const config_file& file) {
  std::string conflicts;
  for (const option_spec& option : option_table()) {
    bool is_both = flags.given.count(option.key) != 0 && file.given.count(option.key) != 0;
    if (!is_both || option.key == "runtimes")
      continue;
    conflicts += conflicts.empty() ? "" : ", ";
    conflicts += std::string(option.key) + ": (from flag: " + show(flags.values, option) +
                 ", from file: " + show(file.values, option) + ')';
  }
  if (conflicts.empty())
    return {};
  return api_error{errc::invalid_parameter, "the following directives are specified both as a flag "
                                            "and in the configuration file: " +
                                                conflicts};
}

// NOTE: runc takes no root with a link in its path, and people put a link in place of a data root
// that they have moved. A path that cannot be followed stays: making the directory tells why.
void find_directories(settings& values) {
  std::error_code failed;
  for (auto* path : {&values.data_root, &values.exec_root})
    if (auto whole = std::filesystem::absolute(*path, failed); !failed)
      *path = whole.string();
  if (auto real = std::filesystem::weakly_canonical(values.data_root, failed); !failed)
    values.data_root = real.string();
}

} // namespace

std::string version_line() { return "Gantry version " GANTRY_VERSION ", build " GANTRY_COMMIT; }

std::string help_text() {
  CLI::App app{"A Docker Engine daemon built of actors."};
  declare(app);
  return std::make_shared<help_layout>()->make_help(&app, std::string(program),
                                                    CLI::AppFormatMode::Normal);
}

std::variant<command_line, print_and_exit> parse_flags(std::span<const std::string> args) {
  auto words = read_words(args);
  if (!words)
    return usage_error(words.error().message);
  if (words->wants_help)
    return print_and_exit{help_text(), {}, 0};

  CLI::App app;
  declare(app);
  std::vector<std::string> canonical; // CLI11 takes them last to first
  for (auto word = words->flags.rbegin(); word != words->flags.rend(); ++word) {
    canonical.push_back(std::move(word->value));
    canonical.push_back("--" + word->name);
  }
  try {
    app.parse(std::move(canonical));
  } catch (const CLI::ParseError& error) {
    return usage_error(error.what());
  }

  if (last_is_true(app, "--version"))
    return print_and_exit{version_line() + '\n', {}, 0};
  if (!words->rest.empty())
    return print_and_exit{{},
                          "\"" + std::string(program) + "\" accepts no arguments.\nSee '" +
                              std::string(program) +
                              " --help'.\n\nUsage:  " + std::string(program) +
                              " [OPTION]...\n\nA Docker Engine daemon built of actors.\n",
                          1};
  auto out = collect(app);
  if (!out)
    return usage_error(out.error().message);
  out->warnings = std::move(words->warnings);
  return std::move(*out);
}

result<configuration> combine(const command_line& flags, std::string_view file_text,
                              const environment& env) {
  auto file = parse_config(file_text);
  if (!file)
    return file_error(flags, file.error());
  if (auto checked = check_conflicts(flags, *file); !checked)
    return file_error(flags, checked.error());

  configuration out{flags.values, std::move(file->warnings)};
  for (const option_spec& option : option_table())
    if (file->given.count(option.key) != 0 && option.key != "runtimes")
      copy_value(out.values, file->values, option);
  for (const auto& [name, runtime] : file->values.runtimes)
    if (!out.values.runtimes.emplace(name, runtime).second)
      return file_error(flags, {errc::invalid_parameter,
                                "runtime '" + name + "' was already registered by a flag"});

  for (const option_spec& option : option_table())
    if (is_still_to_come(option) &&
        (flags.given.count(option.key) != 0 || file->given.count(option.key) != 0))
      out.warnings.push_back("the setting \"" + std::string(option.key) + "\" has no effect yet");

  // Whoever mentions verification wants TLS, even to say that clients are not verified.
  if (flags.given.count("tlsverify") != 0 || file->given.count("tlsverify") != 0)
    out.values.tls = true;
  complete(out.values, env);
  if (auto checked = validate(out.values); !checked)
    return checked.error();
  return out;
}

result<configuration> configure(const command_line& flags, const environment& env) {
  auto text = read_config(flags.config_file);
  if (!text && (flags.config_file_given || text.error().kind != errc::not_found))
    return file_error(flags, text.error());
  auto made = combine(flags, text ? std::string_view(*text) : std::string_view(), env);
  if (made)
    find_directories(made->values);
  return made;
}

outcome start(std::span<const std::string> args, const environment& env) {
  auto parsed = parse_flags(args);
  if (auto* stop = std::get_if<print_and_exit>(&parsed))
    return std::move(*stop);
  auto& flags = std::get<command_line>(parsed);
  auto config = configure(flags, env);
  if (!config)
    return print_and_exit{{}, config.error().message + '\n', 1};
  if (flags.validate_only) {
    std::string notes;
    for (const auto& list : {flags.warnings, config->warnings})
      for (const std::string& line : list)
        notes += line + '\n';
    return print_and_exit{"configuration OK\n", std::move(notes), 0};
  }
  return run{std::move(flags), std::move(*config)};
}

} // namespace gantry::app
