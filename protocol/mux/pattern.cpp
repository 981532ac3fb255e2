#include "protocol/mux/pattern.hpp"

#include "protocol/text.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <utility>

namespace gantry::mux {

namespace {

// A program that needs more is refused when the route is built; the lazily grown state of a match
// is bounded by it too.
constexpr std::int64_t program_memory = std::int64_t{1} << 20;

std::string_view default_expression(pattern_kind kind) {
  switch (kind) {
  case pattern_kind::host:
    return "[^.]+";
  case pattern_kind::query:
    return ".*";
  default:
    return "[^/]+";
  }
}

/// Literal text as a regular expression.
std::string escape_literal(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (std::string_view{R"(\.+*?()|[]{}^$)"}.find(c) != std::string_view::npos)
      out += '\\';
    out += c;
  }
  return out;
}

/// Where the first-level brace that opens at `open` is closed, or npos.
std::size_t closing_brace(std::string_view s, std::size_t open) {
  int level = 0;
  for (std::size_t i = open; i < s.size(); ++i) {
    if (s[i] == '{')
      ++level;
    else if (s[i] == '}' && --level == 0)
      return i;
  }
  return std::string_view::npos;
}

/// True if literal host text has the colon before a port.
bool has_port(std::string_view literals) {
  const std::size_t bracket = literals.rfind(']'); // of an IPv6 address, full of colons
  return literals.find(':', bracket == std::string_view::npos ? 0 : bracket) !=
         std::string_view::npos;
}

bool is_balanced(std::string_view s) {
  int level = 0;
  for (char c : s) {
    if (c == '{')
      ++level;
    else if (c == '}' && --level < 0)
      return false;
  }
  return level == 0;
}

} // namespace

api_error mux_error(std::string text) {
  return {errc::invalid_parameter, "mux: " + std::move(text)};
}

result<std::shared_ptr<const re2::RE2>> compile_regexp(std::string_view regexp) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(program_memory);
  auto compiled = std::make_shared<re2::RE2>(regexp, options);
  if (!compiled->ok())
    return api_error{errc::invalid_parameter, compiled->error()};
  return std::shared_ptr<const re2::RE2>{std::move(compiled)};
}

pattern::pattern(std::string_view tpl, options o) : text_(tpl), options_(std::move(o)) {
  if (options_.kind != pattern_kind::path)
    options_.strict_slash = false;
}

pattern::~pattern() = default;

result<std::shared_ptr<const pattern>> pattern::parse(std::string_view tpl, options o) {
  std::shared_ptr<pattern> p{new pattern(tpl, std::move(o))};
  if (auto error = p->split())
    return mux_error(*std::move(error));
  if (auto error = p->compile())
    return mux_error(*std::move(error));
  return std::shared_ptr<const pattern>{std::move(p)};
}

std::string_view pattern::body() const noexcept {
  std::string_view s = text_;
  if (options_.strict_slash && s.ends_with('/'))
    s.remove_suffix(1);
  return s;
}

bool pattern::has_variable(std::string_view name) const noexcept {
  return std::any_of(parts_.begin(), parts_.end(),
                     [name](const auto& p) { return p.is_variable && p.name == name; });
}

/// Cuts the template into parts. Returns what is wrong with it, if anything is.
std::optional<std::string> pattern::split() {
  if (!is_balanced(text_))
    return "unbalanced braces in " + quoted(text_);
  const std::string_view s = body();
  std::string literals;
  for (std::size_t at = 0; at < s.size();) {
    pattern_part part;
    const std::size_t open = std::min(s.find('{', at), s.size());
    if (open > at) {
      part.text = s.substr(at, open - at);
      at = open;
      literals += part.text;
      parts_.push_back(std::move(part));
      continue;
    }
    const std::size_t close = closing_brace(s, open);
    const std::string_view tag = s.substr(open, close + 1 - open);
    const std::string_view inner = tag.substr(1, tag.size() - 2);
    const std::size_t colon = inner.find(':');
    part.is_variable = true;
    part.name = inner.substr(0, colon);
    part.text = colon == std::string_view::npos ? default_expression(options_.kind)
                                                : inner.substr(colon + 1);
    if (part.name.empty() || part.text.empty())
      return "missing name or pattern in " + quoted(tag);
    if (has_variable(part.name))
      return "duplicated route variable " + quoted(part.name);
    at = close + 1;
    ++variable_count_;
    parts_.push_back(std::move(part));
  }
  names_port_ = has_port(literals);
  return std::nullopt;
}

/// Prepares the variables and, if need be, the program. Returns what is wrong, if anything is.
std::optional<std::string> pattern::compile() {
  int group = 1;
  for (auto& part : parts_) {
    if (!part.is_variable)
      continue;
    groups_.push_back(group++);
    part.simple = parse_repeat(part.text);
    if (part.simple)
      continue;
    auto compiled = compile_regexp(part.text);
    if (!compiled)
      return "error compiling regex for " + quoted("{" + part.name + ":" + part.text + "}") + ": " +
             compiled.error().message;
    part.full = *std::move(compiled);
    group += part.full->NumberOfCapturingGroups(); // its own groups come before the next variable
  }
  if (decide_simple()) {
    groups_ = {};
    return std::nullopt;
  }
  auto compiled = compile_regexp(expression());
  if (!compiled)
    return "error compiling regex for " + quoted(text_) + ": " + compiled.error().message;
  program_ = *std::move(compiled);
  return std::nullopt;
}

/// A template is simple if going from left to right there is only one way to match: each variable
/// is followed by a byte it cannot contain. One exception costs nothing: the last variable may
/// contain anything if only literal text follows, up to the end of the subject.
bool pattern::decide_simple() const {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (!parts_[i].is_variable)
      continue;
    if (!parts_[i].simple)
      return false;
    if (i + 1 == parts_.size())
      continue;
    const auto& next = parts_[i + 1];
    if (next.is_variable)
      return false;
    const bool ambiguous = parts_[i].simple->set.contains(next.text[0]);
    if (!ambiguous)
      continue;
    if (i + 2 < parts_.size() || options_.kind == pattern_kind::prefix)
      return false;
    if (options_.strict_slash && next.text.ends_with('/'))
      return false; // with or without the optional slash: two ways again
  }
  return true;
}

std::string pattern::regexp() const {
  std::string out = expression();
  if (options_.kind == pattern_kind::query)
    out.insert(1, escape_literal(options_.key) + "=");
  return out;
}

/// The regular expression for what `match` is given: of a query, the value alone.
std::string pattern::expression() const {
  std::string out = "^";
  int n = 0;
  for (const auto& part : parts_) {
    if (part.is_variable)
      out += "(?P<v" + std::to_string(n++) + ">" + part.text + ")";
    else
      out += escape_literal(part.text);
  }
  if (options_.kind == pattern_kind::query && text_.empty())
    out += default_expression(pattern_kind::query);
  if (options_.strict_slash)
    out += "[/]?";
  if (options_.kind != pattern_kind::prefix)
    out += "$";
  return out;
}

bool pattern::at_end(std::string_view rest) const noexcept {
  return rest.empty() || options_.kind == pattern_kind::prefix ||
         (options_.strict_slash && rest == "/");
}

bool pattern::match(std::string_view subject, variables* vars) const {
  if (options_.kind == pattern_kind::query && text_.empty())
    return true; // any value will do
  return program_ ? match_program(subject, vars) : match_simple(subject, vars);
}

bool pattern::match_simple(std::string_view subject, variables* vars) const {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const auto& part = parts_[i];
    if (!part.is_variable) {
      if (!subject.starts_with(part.text))
        return false;
      subject.remove_prefix(part.text.size());
      continue;
    }
    std::size_t n = 0;
    if (i + 2 == parts_.size() && part.simple->set.contains(parts_[i + 1].text[0])) {
      // Greedy: the longest value is the one that leaves just the literal to the end.
      const std::string& literal = parts_[i + 1].text;
      std::string_view kept = subject;
      if (!kept.ends_with(literal) && options_.strict_slash && kept.ends_with('/'))
        kept.remove_suffix(1);
      if (!kept.ends_with(literal))
        return false;
      n = kept.size() - literal.size();
      if (!part.simple->matches(subject.substr(0, n)))
        return false;
    } else {
      n = part.simple->run(subject);
      if (n < part.simple->min)
        return false;
    }
    if (vars)
      vars->add(part.name, subject.substr(0, n));
    subject.remove_prefix(n);
  }
  return at_end(subject);
}

bool pattern::match_program(std::string_view subject, variables* vars) const {
  const auto anchor =
      options_.kind == pattern_kind::prefix ? re2::RE2::ANCHOR_START : re2::RE2::ANCHOR_BOTH;
  if (!vars || groups_.empty())
    return program_->Match(subject, 0, subject.size(), anchor, nullptr, 0);
  constexpr std::size_t usual = 16;
  std::array<re2::StringPiece, usual> few;
  std::vector<re2::StringPiece> many;
  const auto wanted = static_cast<std::size_t>(groups_.back()) + 1;
  if (wanted > usual)
    many.resize(wanted);
  re2::StringPiece* found = wanted > usual ? many.data() : few.data();
  if (!program_->Match(subject, 0, subject.size(), anchor, found, static_cast<int>(wanted)))
    return false;
  std::size_t n = 0;
  for (const auto& part : parts_) {
    if (part.is_variable) {
      const auto& piece = found[groups_[n++]];
      vars->add(part.name, {piece.data(), piece.size()});
    }
  }
  return true;
}

result<std::string> pattern::build(const value_map& values) const {
  std::string out;
  for (const auto& part : parts_) {
    if (!part.is_variable) {
      out += part.text;
      continue;
    }
    const auto it = values.find(part.name);
    if (it == values.end())
      return mux_error("missing route variable " + quoted(part.name));
    const bool fits = part.simple ? part.simple->matches(it->second)
                                  : re2::RE2::FullMatch(it->second, *part.full);
    if (!fits)
      return mux_error("variable " + quoted(it->second) + " doesn't match, expected " +
                       quoted("^" + part.text + "$"));
    out += it->second;
  }
  if (body().size() < text_.size())
    out += '/';
  if (!match(out, nullptr))
    return mux_error("built " + quoted(out) + ", which doesn't match " + quoted(regexp()));
  return out;
}

} // namespace gantry::mux
