#include "app/command_words.hpp"

#include "app/option_table.hpp"
#include "app/values.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace gantry::app {
namespace {

constexpr auto own = std::to_array<own_flag>({
    {"config-file", 0, "PATH", "Configuration file (default /etc/gantry/daemon.json)"},
    {"validate", 0, "", "Check flags and configuration file, and exit"},
    {"version", 'v', "", "Print the version and exit"},
    {"help", 'h', "", "Print this text and exit"},
    {"api-enable-cors", 0, "", ""},
    {"daemon", 'd', "", ""},
    {"restart", 'r', "", ""},
});

/// Long names that 1.2.0 still took with a single dash. Source: table 2.1.
constexpr auto single_dash_names =
    std::to_array<std::string_view>({"api-enable-cors", "bip", "dns", "dns-search", "icc", "ip",
                                     "ip-forward", "iptables", "mtu", "restart"});

template <class List, class Test>
auto find(const List& list, Test test) {
  auto found = std::find_if(list.begin(), list.end(), test);
  return found == list.end() ? nullptr : &*found;
}

/// What has to be known of a flag to read it.
struct flag_facts {
  std::string_view name;
  bool boolean = false;
  bool ignored = false;
};

std::optional<flag_facts> find_long(std::string_view name) {
  if (name == "graph")
    name = "data-root";
  if (auto* o = find(option_table(), [&](const auto& each) { return each.flag == name; }))
    return flag_facts{o->flag, is_boolean(*o)};
  if (auto* o = find(own, [&](const auto& each) { return each.name == name; }))
    return flag_facts{o->name, o->placeholder.empty()};
  auto is_named = [&](const auto& each) { return !name.empty() && each.flag == name; };
  if (auto* o = find(ignored_options(), is_named))
    return flag_facts{o->flag, !o->takes_value, true};
  return std::nullopt;
}

std::optional<flag_facts> find_short(char letter) {
  if (auto* o = find(option_table(),
                     [&](const auto& each) { return each.letter != 0 && each.letter == letter; }))
    return flag_facts{o->flag, is_boolean(*o)};
  if (auto* o =
          find(own, [&](const auto& each) { return each.letter != 0 && each.letter == letter; }))
    return flag_facts{o->name, o->placeholder.empty()};
  return letter == 'e' ? find_long("exec-driver") : std::nullopt;
}

/// Source: clause F1.
std::string without_quotes(std::string_view text) {
  bool is_quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
                   text.front() == text.back();
  return std::string(is_quoted ? text.substr(1, text.size() - 2) : text);
}

class reader {
public:
  explicit reader(std::span<const std::string> args) : args_(args) {}

  result<command_words> read() {
    while (at_ < args_.size() && !out_.wants_help) {
      std::string_view word = args_[at_++];
      if (word == "--") {
        out_.rest.insert(out_.rest.end(), args_.begin() + static_cast<std::ptrdiff_t>(at_),
                         args_.end());
        break;
      }
      if (word.size() < 2 || word[0] != '-') {
        out_.rest.emplace_back(word);
        continue;
      }
      auto done = word[1] == '-' ? read_long(word) : read_short(word);
      if (!done)
        return done.error();
    }
    return std::move(out_);
  }

private:
  result<void> read_long(std::string_view word) {
    auto body = word.substr(2);
    auto equals = body.find('=');
    auto name = body.substr(0, equals);
    if (name.empty() || name.front() == '-')
      return invalid("bad flag syntax: " + std::string(word));
    auto flag = find_long(name);
    if (!flag)
      return invalid("unknown flag: --" + std::string(name));
    if (name == "restart")
      warn_removed("--restart");
    std::optional<std::string> value;
    if (equals != std::string_view::npos)
      value = without_quotes(body.substr(equals + 1));
    return take(*flag, std::move(value), [&] { return "--" + std::string(name); });
  }

  result<void> read_short(std::string_view word) {
    auto body = word.substr(1);
    auto name = body.substr(0, body.find('='));
    if (std::find(single_dash_names.begin(), single_dash_names.end(), name) !=
        single_dash_names.end()) {
      if (name == "restart") // read_long warns
        return read_long('-' + std::string(word));
      out_.warnings.push_back("Warning: '-" + std::string(name) +
                              "' is deprecated, it will be replaced by '--" + std::string(name) +
                              "' soon. See usage.");
      return read_long('-' + std::string(word));
    }
    return read_bundle(word);
  }

  /// `-dD`, `-Hunix:///x`, `-H=unix:///x`, `-H unix:///x`, `-DH unix:///x`.
  result<void> read_bundle(std::string_view word) {
    for (std::size_t i = 1; i < word.size() && !out_.wants_help; ++i) {
      char letter = word[i];
      auto title = [&] {
        return std::string{'\'', letter, '\''} + " in -" + std::string(word.substr(i));
      };
      auto flag = find_short(letter);
      if (!flag)
        return invalid("unknown shorthand flag: " + title());
      if (letter == 'r')
        warn_removed("-r");
      auto tail = word.substr(i + 1);
      if (!tail.empty() && tail.front() == '=')
        return take(*flag, without_quotes(tail.substr(1)), title);
      if (!flag->boolean)
        return take(*flag, tail.empty() ? std::nullopt : std::optional(std::string(tail)), title);
      if (auto taken = take(*flag, std::nullopt, title); !taken)
        return taken;
    }
    return {};
  }

  /// Notes a flag; without a value the next word is it, unless it is a truth value.
  template <class Title>
  result<void> take(const flag_facts& flag, std::optional<std::string> value, Title title) {
    if (flag.boolean) {
      auto truth = parse_bool(value.value_or("true"));
      if (!truth)
        return invalid("invalid argument \"" + *value + "\" for \"" + flag_title(flag.name) +
                       "\" flag: must be true or false");
      value = *truth ? "true" : "false";
    } else if (!value) {
      if (at_ == args_.size())
        return invalid("flag needs an argument: " + title());
      value = args_[at_++];
    }
    if (flag.name == "help")
      out_.wants_help = *value == "true";
    else if (flag.ignored)
      out_.warnings.push_back("Warning: '--" + std::string(flag.name) + "' has no effect here.");
    else
      out_.flags.push_back({std::string(flag.name), std::move(*value)});
    return {};
  }

  void warn_removed(std::string_view flag) {
    out_.warnings.push_back("Warning: '" + std::string(flag) +
                            "' is deprecated, it will be removed soon. See usage.");
  }

  std::span<const std::string> args_;
  std::size_t at_ = 0;
  command_words out_;
};

} // namespace

std::span<const own_flag> own_flags() { return own; }

std::string flag_title(std::string_view name) {
  char letter = 0;
  if (auto* o = find(option_table(), [&](const auto& each) { return each.flag == name; }))
    letter = o->letter;
  else if (auto* f = find(own, [&](const auto& each) { return each.name == name; }))
    letter = f->letter;
  std::string out = letter != 0 ? std::string{'-', letter, ',', ' '} : std::string();
  return out + "--" + std::string(name);
}

result<command_words> read_words(std::span<const std::string> args) { return reader(args).read(); }

} // namespace gantry::app
