#include "protocol/oci/changes.hpp"

#include "protocol/duration.hpp"
#include "protocol/oci/archive_view.hpp"
#include "protocol/oci/dockerfile.hpp"
#include "protocol/oci/json_reader.hpp"
#include "protocol/oci/shell_words.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <set>
#include <span>
#include <utility>

namespace gantry::oci {

namespace {

constexpr std::chrono::milliseconds shortest_interval{1};

// How many bytes have to be put in, taken out or changed to make one of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      auto changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, changed});
    }
  }
  return row.back();
}

using flag_values = std::map<std::string, std::string, std::less<>>;

// Reads `--name=value` flags, of which those names are known.
result<flag_values> parse_flags(const instruction& in, std::span<const std::string_view> known) {
  flag_values values;
  for (const auto& flag : in.flags) {
    auto equals = flag.find('=');
    auto shown = flag.substr(0, equals);
    auto name = shown.substr(2);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      std::string text = "unknown flag: " + shown;
      std::string_view nearest;
      std::size_t least = 3;
      for (auto other : known)
        if (auto d = distance(name, other); d < least) {
          least = d;
          nearest = other;
        }
      if (!nearest.empty())
        text.append(" (did you mean ").append(nearest).append("?)");
      return invalid(std::move(text));
    }
    if (values.contains(name))
      return invalid("duplicate flag specified: " + shown);
    if (equals == std::string::npos)
      return invalid("missing a value on flag: " + shown);
    values.emplace(std::move(name), flag.substr(equals + 1));
  }
  return values;
}

result<void> no_flags(const instruction& in) {
  auto values = parse_flags(in, {});
  if (!values)
    return values.error();
  return {};
}

result<std::string> one_argument(const instruction& in, const char* name) {
  if (in.args.size() != 1)
    return invalid(std::string{name} + " requires exactly one argument");
  if (auto none = no_flags(in); !none)
    return none.error();
  return in.args.front();
}

result<void> some_arguments(const instruction& in, const char* name) {
  if (in.args.empty())
    return invalid(std::string{name} + " requires at least one argument");
  return no_flags(in);
}

result<std::int64_t> interval(const flag_values& flags, std::string_view name) {
  auto found = flags.find(name);
  if (found == flags.end() || found->second.empty())
    return 0;
  auto time = parse_duration(found->second);
  if (!time)
    return time.error();
  if (time->count() != 0 && *time < shortest_interval)
    return invalid("Interval " + quoted(name) + " cannot be less than 1ms");
  return time->count();
}

result<std::int64_t> retries(const flag_values& flags) {
  auto found = flags.find("retries");
  if (found == flags.end() || found->second.empty())
    return 0;
  std::string_view text{found->second};
  std::int32_t number = 0;
  auto digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-"))
    digits.remove_prefix(1);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc::invalid_argument || end != digits.data() + digits.size())
    return invalid("strconv.ParseInt: parsing " + quoted(text) + ": invalid syntax");
  if (error == std::errc::result_out_of_range)
    return invalid("strconv.ParseInt: parsing " + quoted(text) + ": value out of range");
  if (number < 0)
    return invalid("--retries cannot be negative (" + std::to_string(number) + ')');
  return number;
}

result<healthcheck> parse_healthcheck(const instruction& in) {
  static constexpr std::array<std::string_view, 5> known = {"interval", "timeout", "start-period",
                                                            "start-interval", "retries"};
  if (in.args.empty())
    return invalid("HEALTHCHECK requires at least one argument");
  auto kind = upper(in.args.front());
  std::vector<std::string> command{in.args.begin() + 1, in.args.end()};
  healthcheck check;
  if (kind == "NONE") {
    if (!command.empty())
      return invalid("HEALTHCHECK NONE takes no arguments");
    check.test.emplace(1, kind);
    return check;
  }
  auto flags = parse_flags(in, known);
  if (!flags)
    return flags.error();
  if (kind != "CMD")
    return invalid("Unknown type " + quoted(kind) + " in HEALTHCHECK (try CMD)");
  if (command.empty())
    return invalid("Missing command after HEALTHCHECK CMD");
  check.test.emplace(1, in.json ? "CMD" : "CMD-SHELL");
  check.test->insert(check.test->end(), command.begin(), command.end());
  const std::pair<std::string_view, std::int64_t*> times[] = {
      {"interval", &check.interval},
      {"timeout", &check.timeout},
      {"start-period", &check.start_period},
      {"start-interval", &check.start_interval}};
  for (auto [name, target] : times) {
    auto time = interval(*flags, name);
    if (!time)
      return time.error();
    *target = *time;
  }
  auto tries = retries(*flags);
  if (!tries)
    return tries.error();
  check.retries = *tries;
  return check;
}

result<void> check_onbuild(const instruction& in) {
  if (auto good = some_arguments(in, "ONBUILD"); !good)
    return good;
  auto inner = upper(trim_space(in.args.front()));
  if (inner == "ONBUILD")
    return invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (inner == "MAINTAINER" || inner == "FROM")
    return invalid(inner + " isn't allowed as an ONBUILD trigger");
  return {};
}

// What comes after `ONBUILD` as it was written.
std::string trigger(const instruction& in) {
  auto text = std::string_view{in.original};
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  text.remove_prefix(in.name.size());
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  return std::string{text} + in.heredocs;
}

struct pair {
  std::string key;
  std::string value;
};

// Applies instructions to a config, one after the other.
class changer {
public:
  changer(run_config config, char escape) : config_{std::move(config)}, escape_{escape} {}

  run_config take() { return std::move(config_); }

  result<void> apply(const instruction& in) {
    auto name = lower(in.name);
    if (name == "cmd")
      return set_cmd(in);
    if (name == "entrypoint")
      return set_entrypoint(in);
    if (name == "env")
      return set_env(in);
    if (name == "expose")
      return expose(in);
    if (name == "healthcheck")
      return set_healthcheck(in);
    if (name == "label")
      return set_labels(in);
    if (name == "onbuild")
      return add_trigger(in);
    if (name == "stopsignal")
      return set_stop_signal(in);
    if (name == "user")
      return set_user(in);
    if (name == "volume")
      return add_volumes(in);
    return set_working_dir(in);
  }

private:
  // The environment as it is now; of several values of a name the last one counts.
  variables environment() const {
    variables vars;
    for (const auto& entry : config_.env.value_or(std::vector<std::string>{})) {
      auto equals = std::min(entry.find('='), entry.size());
      vars[entry.substr(0, equals)] = entry.substr(std::min(equals + 1, entry.size()));
    }
    return vars;
  }

  result<std::string> expand(std::string_view text, const variables& vars) const {
    return expand_word(text, vars, {.escape = escape_});
  }

  // A list as it is, a line for the shell.
  std::vector<std::string> command(const instruction& in) const {
    if (in.json)
      return in.args;
    auto words = config_.shell.value_or(std::vector<std::string>{});
    if (words.empty())
      words = {"/bin/sh", "-c"};
    words.insert(words.end(), in.args.begin(), in.args.end());
    return words;
  }

  result<void> set_cmd(const instruction& in) {
    if (auto none = no_flags(in); !none)
      return none;
    config_.cmd = command(in);
    config_.args_escaped = false;
    cmd_set_ = cmd_set_ || !in.args.empty();
    return {};
  }

  result<void> set_entrypoint(const instruction& in) {
    if (auto none = no_flags(in); !none)
      return none;
    config_.entrypoint.reset();
    if (!in.args.empty())
      config_.entrypoint = command(in);
    config_.args_escaped = false;
    if (!cmd_set_) // one that came with the config belonged to the entry point of that time
      config_.cmd.reset();
    return {};
  }

  result<std::vector<pair>> pairs(const instruction& in, const char* name) const {
    if (auto none = no_flags(in); !none)
      return none.error();
    if (in.args.empty())
      return invalid(std::string{name} + " requires at least one argument");
    for (std::size_t i = 0; i < in.args.size(); i += 3)
      if (in.args[i].empty())
        return invalid(std::string{name} + " names can not be blank");
    std::vector<pair> found;
    const auto vars = environment();
    for (std::size_t i = 0; i < in.args.size(); i += 3) {
      auto key = expand(in.args[i], vars);
      if (!key)
        return key.error();
      auto value = expand(in.args[i + 1], vars);
      if (!value)
        return value.error();
      found.push_back({std::move(*key), std::move(*value)});
    }
    return found;
  }

  result<void> set_env(const instruction& in) {
    auto entries = pairs(in, "ENV");
    if (!entries)
      return entries.error();
    if (!config_.env)
      config_.env.emplace();
    for (const auto& [key, value] : *entries) {
      auto known =
          std::find_if(config_.env->begin(), config_.env->end(), [&key = key](const auto& entry) {
            return entry.substr(0, entry.find('=')) == key;
          });
      if (known != config_.env->end())
        *known = key + '=' + value;
      else
        config_.env->push_back(key + '=' + value);
    }
    return {};
  }

  result<void> set_labels(const instruction& in) {
    auto entries = pairs(in, "LABEL");
    if (!entries)
      return entries.error();
    if (!config_.labels)
      config_.labels.emplace();
    for (auto& [key, value] : *entries)
      (*config_.labels)[key] = std::move(value);
    return {};
  }

  result<void> expose(const instruction& in) {
    if (auto some = some_arguments(in, "EXPOSE"); !some)
      return some;
    auto specs = in.args;
    std::sort(specs.begin(), specs.end());
    const auto vars = environment();
    std::vector<std::string> ports;
    for (const auto& spec : specs) {
      auto words = expand_words(spec, vars, {.escape = escape_});
      if (!words)
        return words.error();
      for (const auto& word : *words) {
        auto found = exposed_ports(word);
        if (!found)
          return found.error();
        ports.insert(ports.end(), found->begin(), found->end());
      }
    }
    if (!config_.exposed_ports)
      config_.exposed_ports.emplace();
    config_.exposed_ports->insert(ports.begin(), ports.end());
    return {};
  }

  result<void> set_healthcheck(const instruction& in) {
    auto check = parse_healthcheck(in);
    if (!check)
      return check.error();
    config_.healthcheck = std::move(*check);
    return {};
  }

  result<void> add_trigger(const instruction& in) {
    if (auto good = check_onbuild(in); !good)
      return good;
    if (!config_.on_build)
      config_.on_build.emplace();
    config_.on_build->push_back(trigger(in));
    return {};
  }

  result<void> set_stop_signal(const instruction& in) {
    if (in.args.size() != 1) // NOTE: its flags are not looked at
      return invalid("STOPSIGNAL requires exactly one argument");
    auto signal = expand(in.args.front(), environment());
    if (!signal)
      return signal.error();
    if (!is_signal(*signal))
      return invalid("invalid signal: " + *signal);
    config_.stop_signal = std::move(*signal);
    return {};
  }

  result<void> set_user(const instruction& in) {
    auto argument = one_argument(in, "USER");
    if (!argument)
      return argument.error();
    auto user = expand(*argument, environment());
    if (!user)
      return user.error();
    config_.user = std::move(*user);
    return {};
  }

  result<void> add_volumes(const instruction& in) {
    if (auto some = some_arguments(in, "VOLUME"); !some)
      return some;
    const auto vars = environment();
    std::set<std::string> volumes;
    for (const auto& argument : in.args) {
      auto volume = expand(trim_space(argument), vars);
      if (!volume)
        return volume.error();
      if (volume->empty())
        return invalid("VOLUME specified can not be an empty string");
      volumes.insert(std::move(*volume));
    }
    if (!config_.volumes)
      config_.volumes.emplace();
    config_.volumes->merge(volumes);
    return {};
  }

  result<void> set_working_dir(const instruction& in) {
    auto argument = one_argument(in, "WORKDIR");
    if (!argument)
      return argument.error();
    auto path = expand(*argument, environment());
    if (!path)
      return path.error();
    if (path->empty())
      return invalid("cannot normalize nothing");
    if (!path->starts_with('/'))
      path->insert(0, config_.working_dir + '/');
    config_.working_dir = '/' + clean_archive_path(*path);
    return {};
  }

  run_config config_;
  char escape_;
  bool cmd_set_ = false;
};

bool is_change(std::string_view name) {
  static constexpr std::array<std::string_view, 11> known = {
      "cmd",     "entrypoint", "env",  "expose", "healthcheck", "label",
      "onbuild", "stopsignal", "user", "volume", "workdir"};
  return std::find(known.begin(), known.end(), lower(name)) != known.end();
}

} // namespace

result<run_config> apply_changes(run_config config, const std::vector<std::string>& changes) {
  if (changes.empty())
    return config;
  std::string text;
  for (const auto& change : changes)
    text.append(&change == changes.data() ? "" : "\n").append(change);
  auto file = parse_dockerfile(text);
  if (!file)
    return file.error();
  for (const auto& in : file->instructions)
    if (!is_change(in.name))
      return invalid(lower(in.name) + " is not a valid change command");
  changer target{std::move(config), file->escape};
  for (const auto& in : file->instructions)
    if (auto applied = target.apply(in); !applied)
      return applied.error();
  return target.take();
}

} // namespace gantry::oci
