#include "protocol/oci/shell_words.hpp"

#include "protocol/text.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace gantry::oci {

namespace {

constexpr int max_depth = 100; // of substitutions in substitutions

// NOTE: whatever is not ASCII passes for a letter.
bool is_name_byte(char c) noexcept {
  return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Text and, beside it, the words it falls into.
class word_sink {
public:
  void add(char c) {
    text_ += c;
    if (!is_space(c))
      word_ += c;
    else
      end_word();
  }

  void add_quoted(std::string_view text) {
    text_ += text;
    word_ += text;
  }

  void add_value(std::string_view text) {
    for (char c : text)
      add(c);
  }

  std::string take_text() { return std::move(text_); }

  std::vector<std::string> take_words() {
    end_word();
    return std::move(words_);
  }

private:
  // NOTE: a word of quotes with nothing in them is none.
  void end_word() {
    if (!word_.empty())
      words_.push_back(std::exchange(word_, {}));
  }

  std::string text_;
  std::string word_;
  std::vector<std::string> words_;
};

// The pattern of `${x#pattern}`: `*`, `?` and `\` before what is to be taken literally.
class glob {
public:
  static result<glob> parse(std::string_view pattern) {
    glob g;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      char c = pattern[i];
      if (c == '*') {
        g.tokens_.push_back({kind::any_text, 0});
      } else if (c == '?') {
        g.tokens_.push_back({kind::any_byte, 0});
      } else if (c != '\\') {
        g.tokens_.push_back({kind::literal, c});
      } else {
        // `}` and `/` have to be escaped to be part of a pattern at all.
        char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
        if (next != '*' && next != '?' && next != '\\' && next != '}' && next != '/')
          return invalid("invalid pattern (" + std::string{pattern} +
                         ") in substitution: invalid escape '\\" + std::string(1, next) + "'");
        g.tokens_.push_back({kind::literal, next});
        ++i;
      }
    }
    return g;
  }

  // The ends of all matches that start at `from`, in ascending order.
  std::vector<std::size_t> ends(std::string_view text, std::size_t from) const {
    std::vector<bool> states(tokens_.size() + 1); // before which tokens a match may stand
    states[0] = true;
    std::vector<std::size_t> found;
    for (auto at = from;; ++at) {
      for (std::size_t i = 0; i < tokens_.size(); ++i)
        if (states[i] && tokens_[i].what == kind::any_text)
          states[i + 1] = true;
      if (states.back())
        found.push_back(at);
      if (at == text.size())
        return found;
      std::vector<bool> next(states.size());
      for (std::size_t i = 0; i < tokens_.size(); ++i)
        if (states[i] && accepts(tokens_[i], text[at]))
          next[tokens_[i].what == kind::any_text ? i : i + 1] = true;
      states = std::move(next);
    }
  }

private:
  enum class kind : std::uint8_t { literal, any_byte, any_text };
  struct token {
    kind what;
    char c;
  };

  // NOTE: no wildcard takes a newline.
  static bool accepts(const token& t, char c) noexcept {
    return t.what == kind::literal ? t.c == c : c != '\n';
  }

  std::vector<token> tokens_;
};

class expander {
public:
  expander(std::string_view source, const variables& vars, const word_rules& rules)
      : rest_{source}, vars_{vars}, rules_{rules} {}

  result<word_sink> run() { return until('\0', rules_.keep_escapes); }

private:
  bool at_end() const noexcept { return rest_.empty(); }
  char peek() const noexcept { return rest_.empty() ? '\0' : rest_.front(); }

  char next() noexcept {
    char c = peek();
    if (!rest_.empty())
      rest_.remove_prefix(1);
    return c;
  }

  // Reads up to and without `stop`; '\0': to the end.
  result<word_sink> until(char stop, bool keep_escapes) {
    const bool outer = std::exchange(keep_escapes_, keep_escapes);
    if (++depth_ > max_depth)
      return invalid("substitutions are nested too deeply");
    word_sink sink;
    while (!at_end()) {
      if (stop != '\0' && peek() == stop) {
        next();
        keep_escapes_ = outer;
        --depth_;
        return sink;
      }
      if (auto read = one(sink); !read)
        return read.error();
    }
    if (stop != '\0')
      return invalid(std::string{"unexpected end of statement while looking for matching "} + stop);
    return sink;
  }

  // Reads one quoted text, one variable or one character.
  result<void> one(word_sink& sink) {
    switch (peek()) {
    case '\'':
    case '"': {
      auto text = peek() == '"' ? double_quoted() : single_quoted();
      if (!text)
        return text.error();
      sink.add_quoted(*text);
      return {};
    }
    case '$': {
      auto value = variable();
      if (!value)
        return value.error();
      sink.add_value(*value);
      return {};
    }
    case '<':
      sink.add_quoted(heredoc_mark());
      return {};
    default:
      break;
    }
    char c = next();
    if (c != rules_.escape) {
      sink.add(c);
      return {};
    }
    if (keep_escapes_)
      sink.add_quoted({&c, 1});
    if (at_end()) // an escape at the very end goes
      return {};
    c = next();
    sink.add_quoted({&c, 1});
    return {};
  }

  // NOTE: the space between `<<` and its word does not part them.
  std::string heredoc_mark() {
    next();
    if (peek() != '<')
      return "<";
    next();
    std::string mark = "<<";
    while (peek() == ' ' || peek() == '\t' || peek() == '\r')
      mark += next();
    return mark;
  }

  result<std::string> single_quoted() {
    std::string text;
    char quote = next();
    if (rules_.keep_quotes)
      text += quote;
    for (;;) {
      if (at_end())
        return invalid("unexpected end of statement while looking for matching single-quote");
      char c = next();
      if (c != '\'' || rules_.keep_quotes)
        text += c;
      if (c == '\'')
        return text;
    }
  }

  result<std::string> double_quoted() {
    std::string text;
    char quote = next();
    if (rules_.keep_quotes)
      text += quote;
    for (;;) {
      if (at_end())
        return invalid("unexpected end of statement while looking for matching double-quote");
      if (peek() == '"') {
        next();
        if (rules_.keep_quotes)
          text += quote;
        return text;
      }
      if (peek() == '$') {
        auto value = variable();
        if (!value)
          return value;
        text += *value;
        continue;
      }
      char c = next();
      if (c == rules_.escape) {
        if (keep_escapes_)
          text += c;
        if (at_end())
          continue;
        // Elsewhere the escape stays.
        if (peek() == '"' || peek() == '$' || peek() == rules_.escape)
          c = next();
      }
      text += c;
    }
  }

  std::string name() {
    std::string text;
    if (is_digit(peek())) {
      while (is_digit(peek()))
        text += next();
      return text;
    }
    if (!at_end() && std::string_view{"@*#?-$!"}.find(peek()) != std::string_view::npos)
      return std::string(1, next());
    while (!at_end() && is_name_byte(peek()))
      text += next();
    return text;
  }

  const std::string* find(const std::string& name) const {
    auto found = vars_.find(name);
    return found == vars_.end() ? nullptr : &found->second;
  }

  // `$x` or `${...}`.
  result<std::string> variable() {
    next();
    if (peek() != '{') {
      auto key = name();
      if (key.empty())
        return std::string{"$"};
      if (const auto* value = find(key))
        return *value;
      return rules_.keep_unset ? '$' + key : std::string{};
    }
    next();
    if (at_end())
      return missing_brace();
    if (peek() == '{' || peek() == '}' || peek() == ':')
      return invalid("syntax error: bad substitution");
    auto key = name();
    bool ended = at_end();
    char modifier = next();
    if (modifier == '}') {
      if (const auto* value = find(key))
        return *value;
      return rules_.keep_unset ? "${" + key + '}' : std::string{};
    }
    if (modifier == '/')
      return replaced(key);
    // NOTE: dockerd shows an end that comes too early as U+FFFD.
    std::string mark = ended ? "\xef\xbf\xbd" : std::string(1, modifier);
    const bool colon = modifier == ':';
    if (colon) {
      ended = at_end();
      modifier = next();
      mark += ended ? "\xef\xbf\xbd" : std::string(1, modifier);
    }
    const bool known = !ended && std::string_view{colon ? "+-?" : "+-?#%"}.find(modifier) !=
                                     std::string_view::npos;
    if (!known && (!colon || modifier == '#' || modifier == '%'))
      return unsupported(mark);
    if (!known) { // NOTE: after a colon dockerd looks for the end first
      auto word = word_until('}', false, "syntax error: missing '}'");
      return word ? unsupported(mark) : word.error();
    }
    return modified(key, modifier, mark, colon);
  }

  static api_error unsupported(const std::string& mark) {
    return invalid("unsupported modifier (" + mark + ") in substitution");
  }

  static api_error missing_brace() { return invalid("syntax error: missing '}'"); }

  result<std::string> word_until(char stop, bool keep_escapes, const char* missing) {
    auto word = until(stop, keep_escapes);
    if (word)
      return word->take_text();
    return at_end() ? invalid(missing) : word.error();
  }

  // `${x-word}` and its kin.
  result<std::string> modified(const std::string& key, char modifier, const std::string& mark,
                               bool empty_is_unset) {
    const bool trims = modifier == '#' || modifier == '%';
    auto word = word_until('}', trims, "syntax error: missing '}'");
    if (!word)
      return word;
    const auto* value = find(key);
    if (!value && rules_.keep_unset)
      return "${" + key + mark + *word + '}';
    const bool unset = !value || (empty_is_unset && value->empty());
    switch (modifier) {
    case '-':
      return unset ? *word : *value;
    case '+':
      return unset ? std::string{} : *word;
    case '?':
      if (!unset)
        return *value;
      if (!word->empty())
        return invalid(key + ": " + *word);
      return invalid(key +
                     (value ? ": is not allowed to be empty" : ": is not allowed to be unset"));
    default:
      return trimmed(value ? *value : std::string{}, *word, modifier);
    }
  }

  // `${x#glob}`: without the shortest match at the front; twice the mark: the longest; `%`: the
  // end.
  static result<std::string> trimmed(const std::string& value, std::string_view pattern,
                                     char mark) {
    const bool longest = pattern.starts_with(mark);
    if (longest)
      pattern.remove_prefix(1);
    auto g = glob::parse(pattern);
    if (!g)
      return g.error();
    if (mark == '#') {
      auto ends = g->ends(value, 0);
      if (ends.empty())
        return value;
      return value.substr(longest ? ends.back() : ends.front());
    }
    auto cut = value.size() + 1;
    for (std::size_t i = 0; i <= value.size(); ++i) {
      auto from = longest ? i : value.size() - i;
      auto ends = g->ends(value, from);
      if (!ends.empty() && ends.back() == value.size()) {
        cut = from;
        break;
      }
    }
    return value.substr(0, cut);
  }

  // `${x/glob/text}`, `${x//glob/text}`: the first or all of the longest matches.
  result<std::string> replaced(const std::string& key) {
    const bool all = peek() == '/';
    if (all)
      next();
    auto pattern = word_until('/', true, "syntax error: missing '/' in ${}");
    if (!pattern)
      return pattern;
    auto text = word_until('}', true, "syntax error: missing '}'");
    if (!text)
      return text;
    const auto* value = find(key);
    if (!value && rules_.keep_unset)
      return "${" + key + '/' + *pattern + '/' + *text + '}';
    auto g = glob::parse(*pattern);
    if (!g)
      return g.error();
    const std::string from = value ? *value : std::string{};
    std::string out;
    std::size_t at = 0;
    std::optional<std::size_t> last_end; // of the match before
    for (bool going = true; going && at <= from.size();) {
      auto ends = g->ends(from, at);
      if (ends.empty() || (ends.back() == at && last_end == at)) {
        if (at < from.size())
          out += from[at];
        ++at;
        continue;
      }
      out += *text;
      going = all;
      last_end = ends.back();
      at = ends.back();
    }
    if (at < from.size())
      out += from.substr(at);
    return out;
  }

  std::string_view rest_;
  const variables& vars_;
  const word_rules& rules_;
  bool keep_escapes_ = false;
  int depth_ = 0;
};

result<word_sink> expand(std::string_view text, const variables& vars, const word_rules& rules) {
  auto sink = expander{text, vars, rules}.run();
  if (!sink)
    return invalid("failed to process " + quoted(text) + ": " + sink.error().message);
  return sink;
}

} // namespace

result<std::string> expand_word(std::string_view text, const variables& vars,
                                const word_rules& rules) {
  auto sink = expand(text, vars, rules);
  if (!sink)
    return sink.error();
  return sink->take_text();
}

result<std::vector<std::string>> expand_words(std::string_view text, const variables& vars,
                                              const word_rules& rules) {
  auto sink = expand(text, vars, rules);
  if (!sink)
    return sink.error();
  return sink->take_words();
}

} // namespace gantry::oci
