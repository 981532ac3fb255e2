#include "app/ctl/command_line.hpp"

#include "protocol/duration.hpp"
#include "protocol/http/form.hpp"
#include "protocol/text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <limits>
#include <vector>

namespace gantry::ctl {

namespace {

constexpr std::string_view program = "gantryctl";

printed usage_error(const std::string& text, std::string_view command = {}) {
  auto hint = "See '" + std::string{program} + ' ';
  if (!command.empty())
    hint.append(command).append(" ");
  return {{}, std::string{program} + ": " + text + '\n' + hint + "--help'.\n", exit_usage};
}

void declare(CLI::App& to, std::span<const flag_spec> flags) {
  for (const auto& flag : flags) {
    auto names = flag.letter != 0 ? std::string{'-', flag.letter, ','} : std::string{};
    names.append("--").append(flag.name);
    if (flag.value == value_kind::none)
      to.add_flag(names)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    else
      to.add_option(names)->allow_extra_args(false)->multi_option_policy(
          CLI::MultiOptionPolicy::TakeLast);
  }
}

/// What is wrong with a value; empty if nothing is.
std::string complaint(value_kind kind, const std::string& value) {
  if (kind == value_kind::duration) {
    const auto length = parse_duration(value);
    if (!length)
      return length.error().message;
    return length->count() > 0 ? "" : "not more than 0";
  }
  if (kind == value_kind::number || kind == value_kind::actor) {
    const auto n = http::parse_uint(value, std::numeric_limits<std::int64_t>::max());
    return n ? "" : n.error().message;
  }
  const auto words = words_of(kind);
  const auto word =
      std::string_view{value}.substr(kind == value_kind::order && value.starts_with('-') ? 1 : 0);
  if (words.empty() || std::find(words.begin(), words.end(), word) != words.end())
    return value.empty() ? "empty" : "";
  std::string all = "one of";
  for (auto each : words)
    all.append(all.ends_with("of") ? " " : ", ").append(each);
  return all;
}

/// Takes over what `from` has of `flags`. The text of a mistake, or "".
std::string take(invocation& to, const CLI::App& from, std::span<const flag_spec> flags) {
  for (const auto& flag : flags) {
    const auto* option = from.get_option("--" + std::string{flag.name});
    if (option->count() == 0)
      continue;
    auto value = flag.value == value_kind::none ? std::string{} : option->results().back();
    if (flag.value != value_kind::none)
      if (const auto wrong = complaint(flag.value, value); !wrong.empty())
        return "invalid --" + std::string{flag.name} + ' ' + gantry::quoted(value) + ": " + wrong;
    to.values.insert_or_assign(std::string{flag.name}, std::move(value));
  }
  return {};
}

std::string take_operand(invocation& to, const std::vector<std::string>& operands) {
  const auto& wanted = to.command->operand;
  const std::size_t most = wanted.placeholder.empty() ? 0
                           : wanted.many              ? std::numeric_limits<std::size_t>::max()
                                                      : 1;
  if (operands.size() > most)
    return "unexpected " + gantry::quoted(operands[most]);
  if (operands.empty())
    return most > 0 && wanted.required ? std::string{wanted.placeholder} + " is missing" : "";
  for (const auto& each : operands)
    if (const auto wrong = complaint(wanted.value, each); !wrong.empty())
      return "invalid " + std::string{wanted.placeholder} + ' ' + gantry::quoted(each) + ": " +
             wrong;
  to.operand = operands[0];
  to.operands = operands;
  return {};
}

/// What is wrong with a trace, which is of an actor or of a request; empty if nothing is.
std::string trace_mistake(const invocation& made) {
  const bool of_request = made.has("request");
  if (of_request != made.operand.empty())
    return of_request ? "ID and --request exclude each other" : "ID or --request is missing";
  if (of_request && (made.has("for") || made.has("count")))
    return "--for and --count are for the trace of an actor";
  if (!of_request && made.has("file"))
    return "the trace of an actor needs a daemon, a dump will not do";
  return {};
}

} // namespace

std::string invocation::get(std::string_view flag, std::string_view otherwise) const {
  const auto found = values.find(flag);
  return found == values.end() ? std::string{otherwise} : found->second;
}

std::chrono::nanoseconds invocation::duration(std::string_view flag,
                                              std::chrono::nanoseconds otherwise) const {
  return has(flag) ? parse_duration(get(flag)).value() : otherwise;
}

std::optional<std::uint64_t> invocation::number(std::string_view flag) const {
  if (!has(flag))
    return std::nullopt;
  return http::parse_uint(get(flag), std::numeric_limits<std::int64_t>::max()).value();
}

std::variant<invocation, printed> read_command_line(std::span<const std::string> words) {
  CLI::App app;
  app.set_help_flag();
  app.fallthrough();
  app.require_subcommand(0, 1);
  app.add_flag("-v,--version");
  declare(app, common_flags());
  std::vector<std::string> operands;
  for (const auto& command : commands()) {
    auto* sub = app.add_subcommand(std::string{command.name});
    sub->set_help_flag();
    declare(*sub, command.flags);
    sub->add_option("operands", operands)->expected(0, -1);
  }
  std::string named; // for the hint of a mistake
  for (const auto& word : words)
    if (named.empty() && find_command(word))
      named = word;
  try {
    app.parse(std::vector<std::string>{words.rbegin(), words.rend()});
  } catch (const CLI::ParseError& error) {
    return usage_error(error.what(), named);
  }
  if (app.get_option("--version")->count() > 0)
    return printed{version_line() + '\n', {}};
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) {
    if (app.get_option("--help")->count() > 0)
      return printed{help_text(), {}};
    return words.empty() ? printed{{}, help_text(), exit_usage} : usage_error("which command?");
  }
  invocation made;
  made.command = find_command(chosen[0]->get_name());
  if (app.get_option("--help")->count() > 0)
    return printed{help_text(*made.command), {}};
  auto wrong = take(made, app, common_flags());
  if (wrong.empty())
    wrong = take(made, *chosen[0], made.command->flags);
  if (wrong.empty())
    wrong = take_operand(made, operands);
  if (wrong.empty() && made.has("host") && made.has("file"))
    wrong = "--host and --file exclude each other";
  if (wrong.empty() && made.command->needs_daemon && made.has("file"))
    wrong = std::string{made.command->name} + " needs a daemon, a dump will not do";
  if (wrong.empty() && made.command->name == "trace")
    wrong = trace_mistake(made);
  if (!wrong.empty())
    return usage_error(wrong, made.command->name);
  return made;
}

std::string version_line() { return std::string{program} + " " GANTRY_VERSION; }

} // namespace gantry::ctl
