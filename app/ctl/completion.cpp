#include "app/ctl/completion.hpp"

#include "app/ctl/commands.hpp"

#include <span>
#include <vector>

namespace gantry::ctl {

namespace {

constexpr std::string_view heading = "# Completion of gantryctl for ";

/// What asks the daemon for words; it is quick, or says nothing.
constexpr std::string_view ask_kinds =
    "gantryctl --timeout 1s kinds 2>/dev/null | awk 'NR > 1 { print $1 }'";
constexpr std::string_view ask_ids =
    "gantryctl --timeout 1s ps --no-trunc 2>/dev/null | awk 'NR > 1 { print $1 }'";

std::string joined_words(std::span<const std::string_view> words) {
  std::string out;
  for (auto word : words)
    out.append(out.empty() ? "" : " ").append(word);
  return out;
}

std::string long_name(const flag_spec& flag) { return "--" + std::string{flag.name}; }

/// `'it'"'"'s'`
std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text)
    out += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return out + "'";
}

/// The names of a flag as a pattern of `case`: `-H|--host`.
std::string pattern_of(const flag_spec& flag) {
  return flag.letter == 0 ? long_name(flag) : std::string{'-', flag.letter, '|'} + long_name(flag);
}

// --- bash ---

std::string bash_value(value_kind kind) {
  if (kind == value_kind::file || kind == value_kind::host)
    return "COMPREPLY=($(compgen -f -- \"$word\"))";
  if (const auto words = words_of(kind); !words.empty())
    return "COMPREPLY=($(compgen -W " + single_quoted(joined_words(words)) + " -- \"$word\"))";
  const auto ask = kind == value_kind::kind    ? ask_kinds
                   : kind == value_kind::actor ? ask_ids
                                               : std::string_view{};
  if (ask.empty())
    return "COMPREPLY=()";
  return "COMPREPLY=($(compgen -W \"$(" + std::string{ask} + ")\" -- \"$word\"))";
}

std::string bash_flags(std::span<const flag_spec> flags) {
  std::string out;
  for (const auto& flag : flags)
    out.append(out.empty() ? "" : " ").append(long_name(flag));
  return out;
}

/// Branches for the values of flags.
void append_bash_values(std::string& out, std::span<const flag_spec> flags,
                        const std::string& indent) {
  for (const auto& flag : flags)
    if (flag.value != value_kind::none)
      out += indent + pattern_of(flag) + ") " + bash_value(flag.value) + "; return ;;\n";
}

std::string for_bash() {
  std::vector<std::string_view> names;
  for (const auto& command : commands())
    names.push_back(command.name);
  std::string with_value; // flags whose next word is none of the command
  for (const auto& flag : common_flags())
    if (flag.value != value_kind::none)
      with_value.append(with_value.empty() ? "" : "|").append(pattern_of(flag));
  std::string out{heading};
  out += "bash: eval \"$(gantryctl completion bash)\"\n"
         "_gantryctl() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
         "  COMPREPLY=()\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case ${COMP_WORDS[i]} in\n"
         "      " +
         with_value +
         ") ((i++)) ;;\n"
         "      -*) ;;\n"
         "      *) command=${COMP_WORDS[i]}; break ;;\n"
         "    esac\n"
         "  done\n"
         "  case $before in\n";
  append_bash_values(out, common_flags(), "    ");
  out += "  esac\n"
         "  local flags=" +
         single_quoted(bash_flags(common_flags())) +
         "\n"
         "  case $command in\n";
  for (const auto& command : commands()) {
    out.append("    ").append(command.name).append(")\n");
    if (!command.flags.empty()) {
      out += "      case $before in\n";
      append_bash_values(out, command.flags, "        ");
      out += "      esac\n"
             "      flags+=" +
             single_quoted(' ' + bash_flags(command.flags)) + '\n';
    }
    if (!command.operand.placeholder.empty())
      out += "      [[ $word == -* ]] || { " + bash_value(command.operand.value) + "; return; }\n";
    out += "      ;;\n";
  }
  out += "    '') [[ $word == -* ]] || { COMPREPLY=($(compgen -W " +
         single_quoted(joined_words(names)) +
         " -- \"$word\")); return; } ;;\n"
         "  esac\n"
         "  [[ $word != -* ]] || COMPREPLY=($(compgen -W \"$flags\" -- \"$word\"))\n"
         "}\n"
         "complete -F _gantryctl gantryctl\n";
  return out;
}

// --- zsh ---

/// Text inside of a specification of _arguments.
std::string zsh_escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\')
      out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(value_kind kind) {
  if (kind == value_kind::file || kind == value_kind::host)
    return "_files";
  if (const auto words = words_of(kind); !words.empty())
    return '(' + joined_words(words) + ')';
  if (kind == value_kind::kind)
    return "_gantryctl_kinds";
  return kind == value_kind::actor ? "_gantryctl_ids" : " ";
}

void append_zsh_flags(std::string& out, std::span<const flag_spec> flags,
                      const std::string& indent) {
  for (const auto& flag : flags) {
    const auto help = '[' + zsh_escaped(flag.help) + ']';
    auto tail = help;
    if (flag.value != value_kind::none)
      tail += ':' + std::string{flag.placeholder} + ':' + zsh_action(flag.value);
    out += indent;
    if (flag.letter != 0) {
      const std::string letter{'-', flag.letter};
      const auto both = '(' + letter + ' ' + long_name(flag) + ')';
      const std::string plus = flag.value == value_kind::none ? "" : "+";
      out += single_quoted(both + letter + plus + tail) + " \\\n" + indent;
      out += single_quoted(both + long_name(flag) + (plus.empty() ? "" : "=") + tail);
    } else {
      out += single_quoted(long_name(flag) + (flag.value == value_kind::none ? "" : "=") + tail);
    }
    out += " \\\n";
  }
}

std::string for_zsh() {
  std::string out = "#compdef gantryctl\n";
  out.append(heading).append("zsh: eval \"$(gantryctl completion zsh)\", or a file _gantryctl in "
                             "$fpath\n");
  out += "_gantryctl_kinds() { local -a words; words=(${(f)\"$(" + std::string{ask_kinds} +
         ")\"}); compadd -a words }\n"
         "_gantryctl_ids() { local -a words; words=(${(f)\"$(" +
         std::string{ask_ids} +
         ")\"}); compadd -a words }\n"
         "_gantryctl_commands() {\n"
         "  local -a commands\n"
         "  commands=(\n";
  for (const auto& command : commands())
    out +=
        "    " + single_quoted(std::string{command.name} + ':' + zsh_escaped(command.help)) + '\n';
  out += "  )\n"
         "  _describe command commands\n"
         "}\n"
         "_gantryctl() {\n"
         "  local context state state_descr line\n"
         "  typeset -A opt_args\n"
         "  local -a common\n"
         "  common=( \\\n";
  append_zsh_flags(out, common_flags(), "    ");
  out +=
      "  )\n"
      "  _arguments -C $common '1:command:_gantryctl_commands' '*::operand:->operand' && return\n"
      "  [[ $state == operand ]] || return 1\n"
      "  case $words[1] in\n";
  for (const auto& command : commands()) {
    out.append("    ").append(command.name).append(")\n      _arguments $common \\\n");
    append_zsh_flags(out, command.flags, "        ");
    const auto& operand = command.operand;
    if (!operand.placeholder.empty())
      out += "        " +
             single_quoted(std::string{operand.many ? "*:" : "1:"}.append(operand.placeholder) +
                           ':' + zsh_action(operand.value)) +
             " \\\n";
    out += "        && return ;;\n";
  }
  out += "  esac\n"
         "  return 1\n"
         "}\n"
         "if [[ $funcstack[1] == _gantryctl ]]; then _gantryctl \"$@\"; "
         "else compdef _gantryctl gantryctl; fi\n";
  return out;
}

// --- fish ---

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\')
      out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_value(value_kind kind) {
  if (kind == value_kind::none)
    return "";
  if (kind == value_kind::file || kind == value_kind::host)
    return " -r -F";
  if (const auto words = words_of(kind); !words.empty())
    return " -x -a " + fish_quoted(joined_words(words));
  if (kind == value_kind::kind)
    return " -x -a " + fish_quoted('(' + std::string{ask_kinds} + ')');
  if (kind == value_kind::actor)
    return " -x -a " + fish_quoted('(' + std::string{ask_ids} + ')');
  return " -x";
}

void append_fish_flags(std::string& out, std::span<const flag_spec> flags,
                       const std::string& condition) {
  for (const auto& flag : flags) {
    out += "complete -c gantryctl" + condition;
    if (flag.letter != 0)
      out += std::string{" -s "} + flag.letter;
    out += " -l " + std::string{flag.name} + " -d " + fish_quoted(flag.help) +
           fish_value(flag.value) + '\n';
  }
}

std::string for_fish() {
  std::string out{heading};
  out += "fish: gantryctl completion fish | source\n"
         "complete -c gantryctl -f\n";
  append_fish_flags(out, common_flags(), "");
  for (const auto& command : commands()) {
    const std::string name{command.name};
    const auto condition = " -n '__fish_seen_subcommand_from " + name + "'";
    out += "complete -c gantryctl -n __fish_use_subcommand -a " + name + " -d " +
           fish_quoted(command.help) + '\n';
    append_fish_flags(out, command.flags, condition);
    if (!command.operand.placeholder.empty())
      out += "complete -c gantryctl" + condition + fish_value(command.operand.value) + '\n';
  }
  return out;
}

} // namespace

std::string completion_for(std::string_view shell) {
  return shell == "bash" ? for_bash() : shell == "zsh" ? for_zsh() : for_fish();
}

} // namespace gantry::ctl
