#include "protocol/oci/dockerfile.hpp"

#include "protocol/oci/json_reader.hpp"
#include "protocol/oci/shell_words.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace gantry::oci {

namespace {

constexpr std::size_t max_line = 65535;
constexpr int max_onbuild_depth = 16;

// NOTE: a newline is no separator inside of a line; there is none in it.
bool is_blank(char c) noexcept { return is_space(c) && c != '\n'; }

std::string_view trim_left(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  return text;
}

// Cuts `text` at the first run of blanks.
std::pair<std::string_view, std::string_view> cut_word(std::string_view text) noexcept {
  auto end = std::find_if(text.begin(), text.end(), is_blank);
  auto next = std::find_if_not(end, text.end(), is_blank);
  return {{text.begin(), end}, {next, text.end()}};
}

// Cuts into words, quotes and escapes kept in them.
std::vector<std::string> quoted_words(std::string_view text, char escape) {
  std::vector<std::string> words;
  std::string word;
  char quote = '\0';
  bool keep_empty = false;
  auto end_word = [&] {
    if (keep_empty || !word.empty())
      words.push_back(std::exchange(word, {}));
    keep_empty = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quote == '\0' && is_space(c)) {
      end_word();
      continue;
    }
    if (c == escape && quote != '\'') {
      if (i + 1 == text.size())
        break; // an escape at the very end goes
      word += c;
      word += text[++i];
      continue;
    }
    if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
      keep_empty = true;
    } else if (c == quote) {
      quote = '\0';
    }
    word += c;
  }
  end_word();
  return words;
}

// Takes the `--flags` off the front, without their quotes and escapes.
std::vector<std::string> take_flags(std::string_view& text, char escape) {
  std::vector<std::string> flags;
  std::size_t i = 0;
  for (;;) {
    while (i < text.size() && is_space(text[i]))
      ++i;
    if (!text.substr(i).starts_with("--")) {
      text.remove_prefix(i);
      return flags;
    }
    std::string word;
    char quote = '\0';
    bool keep_empty = false;
    for (; i < text.size() && (quote != '\0' || !is_space(text[i])); ++i) {
      char c = text[i];
      if (quote == '\0' && (c == '\'' || c == '"')) {
        quote = c;
        keep_empty = true;
      } else if (c == quote) {
        quote = '\0';
      } else if (c == escape) {
        if (i + 1 < text.size())
          word += text[++i];
      } else {
        word += c;
      }
    }
    if (word == "--") { // what follows is no flag
      text.remove_prefix(i);
      return flags;
    }
    if (keep_empty || !word.empty())
      flags.push_back(std::move(word));
  }
}

// `NAME VALUE`, or `NAME=VALUE ...`.
result<void> parse_pairs(instruction& in, std::string_view text, const char* name, char escape) {
  auto words = quoted_words(text, escape);
  if (words.empty())
    return {};
  if (words.front().find('=') == std::string::npos) {
    auto [key, value] = cut_word(text);
    if (key.size() == text.size())
      return invalid(std::string{name} + " must have two arguments");
    in.args = {std::string{key}, std::string{value}, ""};
    return {};
  }
  for (const auto& word : words) {
    auto equals = word.find('=');
    if (equals == std::string::npos)
      return invalid("Syntax error - can't find = in " + quoted(word) +
                     ". Must be of the form: name=value");
    in.args.insert(in.args.end(), {word.substr(0, equals), word.substr(equals + 1), "="});
  }
  return {};
}

// True if the arguments were a JSON list of strings. Errors: a list of something else.
result<bool> parse_list(instruction& in, std::string_view text) {
  text = trim_left(text);
  if (!text.starts_with('['))
    return false;
  auto value = detail::parse_json(text);
  if (!value)
    return false;
  for (const auto& element : value->get_array()) {
    if (!element.is_string())
      return invalid("when using JSON array syntax, arrays must be comprised of strings only");
    in.args.emplace_back(std::string_view{element.get_string()});
  }
  in.json = true;
  return true;
}

result<void> parse_list_or_text(instruction& in, std::string_view text) {
  if (text.empty())
    return {};
  auto list = parse_list(in, text);
  if (!list)
    return list.error();
  if (!*list)
    in.args.emplace_back(text);
  return {};
}

void parse_words(instruction& in, std::string_view text) {
  while (!text.empty()) {
    auto [word, rest] = cut_word(text);
    in.args.emplace_back(word);
    text = rest;
  }
}

result<void> parse_list_or_words(instruction& in, std::string_view text) {
  auto list = parse_list(in, text);
  if (!list)
    return list.error();
  if (!*list)
    parse_words(in, text);
  return {};
}

result<void> parse_healthcheck(instruction& in, std::string_view text) {
  auto end = std::find_if(text.begin(), text.end(), is_space);
  std::string_view kind{text.begin(), end};
  if (kind.empty())
    return {};
  in.args.emplace_back(kind);
  return parse_list_or_text(in, trim_left(text.substr(kind.size())));
}

struct heredoc {
  std::string word;
  bool strip_tabs = false;
};

// `[N]<<[-]WORD`; nothing (word "") if it is something else.
heredoc parse_heredoc(std::string_view text) {
  heredoc found;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9')
    text.remove_prefix(1);
  if (!text.starts_with("<<"))
    return found;
  text.remove_prefix(2);
  found.strip_tabs = text.starts_with('-');
  if (found.strip_tabs)
    text.remove_prefix(1);
  text = trim_left(text);
  if (text.find('<') != std::string_view::npos)
    return {};
  auto words = expand_words(text, {}, {.keep_unset = true});
  if (words && words->size() == 1)
    found.word = words->front();
  return found;
}

std::vector<heredoc> heredocs_of(std::string_view line) {
  std::vector<heredoc> found;
  auto words =
      expand_words(line, {}, {.keep_quotes = true, .keep_escapes = true, .keep_unset = true});
  if (!words)
    return found;
  for (const auto& word : *words)
    if (auto doc = parse_heredoc(word); !doc.word.empty())
      found.push_back(std::move(doc));
  return found;
}

bool may_have_heredoc(std::string_view name) {
  return name == "add" || name == "copy" || name == "run";
}

class parser {
public:
  explicit parser(std::string_view text) : rest_{text} {
    if (rest_.starts_with("\xef\xbb\xbf"))
      rest_.remove_prefix(3);
  }

  result<dockerfile> run() {
    std::string_view raw;
    while (next_line(raw)) {
      auto first = line_;
      auto line = std::string{trim_left(without_newline(raw))};
      if (auto directive = read_directive(line); !directive)
        return directive.error();
      if (is_comment(line))
        line.clear();
      bool continued = take_continuation(line);
      if (!continued && line.empty())
        continue;
      join_continuations(line, continued);
      instruction in;
      if (auto parsed = parse(in, line, 0); !parsed)
        return parsed.error();
      in.line = first;
      if (auto read = read_heredocs(in); !read)
        return read.error();
      file_.instructions.push_back(std::move(in));
    }
    if (file_.instructions.empty())
      return invalid("file with no instructions");
    if (too_long_)
      return invalid("dockerfile line greater than max allowed size of " +
                     std::to_string(max_line));
    return std::move(file_);
  }

private:
  // The next line with its newline.
  bool next_line(std::string_view& line) {
    if (rest_.empty() || too_long_)
      return false;
    auto end = std::min(rest_.find('\n'), rest_.size() - 1) + 1;
    line = rest_.substr(0, end);
    too_long_ = without_newline(line).size() > max_line;
    rest_.remove_prefix(end);
    ++line_;
    return !too_long_;
  }

  static std::string_view without_newline(std::string_view line) noexcept {
    while (line.ends_with('\n') || line.ends_with('\r'))
      line.remove_suffix(1);
    return line;
  }

  static bool is_comment(std::string_view line) noexcept {
    return trim_left(line).starts_with('#');
  }

  // `# escape=X` and its kin, which stand before all else.
  result<void> read_directive(std::string_view line) {
    if (directives_done_)
      return {};
    directives_done_ = true;
    if (!line.starts_with('#'))
      return {};
    line = trim_left(line.substr(1));
    auto equals = line.find('=');
    if (equals == std::string_view::npos)
      return {};
    auto name = lower(trim_space(line.substr(0, equals)));
    auto value = trim_space(line.substr(equals + 1));
    if (value.empty() || (name != "escape" && name != "syntax" && name != "check"))
      return {};
    if (!directives_.insert(name).second)
      return invalid("only one " + name + " parser directive can be used");
    directives_done_ = false;
    if (name != "escape")
      return {};
    if (value != "\\" && value != "`")
      return invalid("invalid escape token '" + std::string{value} + "' does not match ` or \\");
    file_.escape = value.front();
    return {};
  }

  // Takes an escape at the end off; NOTE: two of them are none.
  bool take_continuation(std::string& line) const {
    auto end = line.find_last_not_of(" \t");
    if (end == std::string::npos || line[end] != file_.escape ||
        (end > 0 && line[end - 1] == file_.escape))
      return false;
    line.erase(end);
    return true;
  }

  void join_continuations(std::string& line, bool continued) {
    std::string_view raw;
    while (continued && next_line(raw)) {
      std::string more{without_newline(raw)};
      if (is_comment(more) || trim_left(more).empty())
        continue;
      continued = take_continuation(more);
      line += more;
    }
  }

  result<void> parse(instruction& in, std::string_view line, int depth) const {
    in.original = line;
    auto [name, rest] = cut_word(trim_space(line));
    in.name = name;
    in.flags = take_flags(rest, file_.escape);
    rest = trim_space(rest);
    auto key = lower(name);
    if (key == "env" || key == "label")
      return parse_pairs(in, rest, key == "env" ? "ENV" : "LABEL", file_.escape);
    if (key == "cmd" || key == "entrypoint" || key == "run" || key == "shell")
      return parse_list_or_text(in, rest);
    if (key == "add" || key == "copy" || key == "volume")
      return parse_list_or_words(in, rest);
    if (key == "healthcheck")
      return parse_healthcheck(in, rest);
    if (key == "onbuild")
      return parse_onbuild(in, rest, depth);
    if (key == "expose" || key == "from")
      parse_words(in, rest);
    else if (key == "arg")
      in.args = quoted_words(rest, file_.escape);
    else if (!rest.empty() &&
             (key == "maintainer" || key == "stopsignal" || key == "user" || key == "workdir"))
      in.args.emplace_back(rest);
    return {};
  }

  result<void> parse_onbuild(instruction& in, std::string_view rest, int depth) const {
    if (rest.empty())
      return {};
    if (depth == max_onbuild_depth)
      return invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    instruction inner;
    if (auto parsed = parse(inner, rest, depth + 1); !parsed)
      return parsed;
    in.json = inner.json;
    in.args.push_back(inner.name);
    in.args.insert(in.args.end(), inner.args.begin(), inner.args.end());
    return {};
  }

  result<void> read_heredocs(instruction& in) {
    auto key = lower(in.name);
    if (key == "onbuild" && !in.args.empty())
      key = lower(in.args.front());
    if (!may_have_heredoc(key) || in.json || in.original.find("<<") == std::string::npos)
      return {};
    for (const auto& doc : heredocs_of(in.original)) {
      in.heredocs += '\n';
      for (;;) {
        std::string_view raw;
        if (!next_line(raw))
          return invalid("unterminated heredoc");
        auto end = without_newline(raw);
        if (doc.strip_tabs)
          end.remove_prefix(std::min(end.find_first_not_of('\t'), end.size()));
        if (end == doc.word)
          break;
        in.heredocs += raw;
      }
      in.heredocs += doc.word;
    }
    return {};
  }

  std::string_view rest_;
  int line_ = 0;
  bool too_long_ = false;
  bool directives_done_ = false;
  std::set<std::string> directives_;
  dockerfile file_;
};

} // namespace

result<dockerfile> parse_dockerfile(std::string_view text) { return parser{text}.run(); }

} // namespace gantry::oci
