#include "protocol/mux/table.hpp"

#include <catch2/catch.hpp>
#include <re2/re2.h>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace gantry::mux;

namespace {

/// A path template, translated as literally as can be: every one a regular expression.
struct naive_pattern {
  std::unique_ptr<RE2> engine;
  std::vector<std::pair<std::string, int>> groups; ///< variable, number of its group

  naive_pattern(const std::string& tpl, bool prefix, bool strict) {
    std::string body = tpl;
    if (strict && !prefix && body.ends_with('/'))
      body.pop_back();
    std::string regexp;
    int group = 1;
    for (std::size_t i = 0; i < body.size(); ++i) {
      if (body[i] != '{') {
        regexp += RE2::QuoteMeta(body.substr(i, 1));
        continue;
      }
      std::size_t end = i;
      for (int level = 0; end < body.size(); ++end) {
        level += body[end] == '{' ? 1 : body[end] == '}' ? -1 : 0;
        if (level == 0)
          break;
      }
      const std::string inner = body.substr(i + 1, end - i - 1);
      const std::size_t colon = inner.find(':');
      const std::string part = colon == std::string::npos ? "[^/]+" : inner.substr(colon + 1);
      groups.emplace_back(inner.substr(0, colon), group);
      group += 1 + RE2{part}.NumberOfCapturingGroups();
      regexp += "(" + part + ")";
      i = end;
    }
    if (strict && !prefix)
      regexp += "/?";
    engine = std::make_unique<RE2>("^" + regexp + (prefix ? "" : "$"), RE2::Quiet);
    REQUIRE(engine->ok());
  }

  std::optional<std::string> match(const std::string& path) const {
    std::vector<re2::StringPiece> found(
        static_cast<std::size_t>(engine->NumberOfCapturingGroups()) + 1);
    if (!engine->Match(path, 0, path.size(), RE2::UNANCHORED, found.data(),
                       static_cast<int>(found.size())))
      return std::nullopt;
    std::string out;
    for (const auto& [name, group] : groups)
      out += " " + name + "=" + found[static_cast<std::size_t>(group)].as_string();
    return out;
  }
};

struct naive_route {
  std::vector<naive_pattern> paths; ///< all must match; the last one has the variables
  std::vector<std::vector<std::string>> methods;
  bool strict = false;
  bool final_slash = false;
  std::size_t payload = 0;
};

/// The answer of trying one route after the other.
std::string naive_match(const std::vector<naive_route>& routes, const std::string& method,
                        const std::string& path) {
  bool mismatch = false;
  for (const auto& r : routes) {
    std::string vars;
    bool accepted = true;
    for (const auto& p : r.paths) {
      const auto found = p.match(path);
      accepted = accepted && found;
      vars = found.value_or("");
    }
    if (!accepted)
      continue;
    bool method_fits = true;
    for (const auto& list : r.methods)
      method_fits = method_fits && std::find(list.begin(), list.end(), method) != list.end();
    if (!method_fits) {
      mismatch = true;
      continue;
    }
    if (r.strict && path.ends_with('/') != r.final_slash && path.size() > 1)
      return "301";
    return std::to_string(r.payload) + vars;
  }
  return mismatch ? "405" : "404";
}

std::string indexed_match(const table& t, const std::string& method, const std::string& path) {
  const auto m = t.match({.method = method, .path = path});
  if (m.result == outcome::redirect)
    return "301";
  if (m.result != outcome::found)
    return m.result == outcome::not_found ? "404" : "405";
  std::string out = std::to_string(*m.payload);
  for (const auto& v : m.vars)
    out += " " + std::string{v.name} + "=" + std::string{v.value};
  return out;
}

class generator {
public:
  explicit generator(unsigned seed) : rng_(seed) {}

  std::size_t below(std::size_t n) { return rng_() % n; }
  bool chance(std::size_t percent) { return below(100) < percent; }
  const std::string& pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

  std::string segment() {
    static const std::vector<std::string> words = {"a",          "b",        "ab",   "json", "v1",
                                                   "containers", "x.y",      "1",    "12",   "",
                                                   "a%",         "\xc3\xa9", "v1.2", "..",   "-"};
    return pick(words);
  }

  /// A segment of a template; variables get names that are new each time.
  std::string template_segment() {
    static const std::vector<std::string> patterns = {
        "",           "",       "",        ".*",   ".*",        "[0-9.]+", "[0-9]+", "[^.]+",
        "(x|y)",      "[a-c]*", "[a-z/]+", "a|ab", "[ab]{1,2}", "(a)(b)?", "\\d+",   "\\w*",
        "(?:a/b|c)",  "[^/a]+", ".+",      "a?.*", "[a-z]+?",   "json",    "[^/]*",  "(b|json/?)+",
        "[a-z.]{2,}", "(?i)AB", "[/]?",    "[^x]*"};
    std::string out;
    if (chance(55))
      return segment();
    if (chance(30))
      out += segment();
    for (int n = chance(15) ? 2 : 1; n > 0; --n) {
      const std::string& pattern = pick(patterns);
      out += "{n" + std::to_string(++names_) + (pattern.empty() ? "" : ":" + pattern) + "}";
    }
    if (chance(25))
      out += segment();
    return out;
  }

  std::string path_template(std::size_t most) {
    std::string out;
    for (std::size_t n = 1 + below(most); n > 0; --n)
      out += "/" + template_segment();
    if (chance(15))
      out += "/";
    return out;
  }

  /// A path that resembles a template: variables become random text.
  std::string path_like(const std::string& tpl) {
    std::string out;
    int level = 0;
    for (char c : tpl) {
      if (c == '{' && level++ == 0) {
        out += segment();
        while (chance(20))
          out += "/" + segment();
      } else if (c == '}') {
        --level;
      } else if (level == 0) {
        out += c;
      }
    }
    if (chance(10))
      out += "/";
    if (chance(5) && !out.empty() && (out.back() & 0x80) == 0) // keep it UTF-8
      out.pop_back();
    if (chance(5))
      out += segment();
    return out;
  }

  std::string random_path() {
    std::string out;
    for (std::size_t n = below(6); n > 0; --n)
      out += "/" + segment();
    return chance(3) ? "*" : out;
  }

private:
  std::mt19937 rng_;
  int names_ = 0;
};

std::string without_final_slashes(std::string s) {
  while (s.ends_with('/'))
    s.pop_back();
  return s;
}

/// Adds one random route to both; `above` are the parents' templates (prefixes) and methods.
void add_route(generator& g, router& r, std::vector<naive_route>& naive,
               std::vector<std::string>& templates, const std::vector<std::string>& above,
               const std::vector<std::vector<std::string>>& methods_above) {
  static const std::vector<std::string> methods = {"GET", "POST", "DELETE"};
  const bool strict = g.chance(20);
  const bool prefix = g.chance(20);
  const std::string own = g.path_template(above.empty() ? 4 : 3);
  const std::string whole = (above.empty() ? "" : without_final_slashes(above.back())) + own;
  templates.push_back(whole);
  r.strict_slash(strict);
  auto& made = prefix ? r.path_prefix(own) : r.path(own);
  REQUIRE(made.error() == nullptr);
  auto lists = methods_above;
  if (g.chance(50)) {
    std::vector<std::string> list = {g.pick(methods)};
    if (g.chance(30))
      list.push_back(g.pick(methods));
    lists.push_back(list);
    made.methods(text_list{std::vector<std::string_view>(list.begin(), list.end())});
  }
  if (prefix && above.size() < 2 && g.chance(50)) {
    auto chain = above;
    chain.push_back(whole);
    auto& sub = made.subrouter();
    for (std::size_t n = 1 + g.below(4); n > 0; --n)
      add_route(g, sub, naive, templates, chain, lists);
    return;
  }
  naive_route copy;
  for (const auto& tpl : above)
    copy.paths.emplace_back(tpl, true, false);
  copy.paths.emplace_back(whole, prefix, strict);
  copy.methods = lists;
  copy.strict = strict && !prefix;
  copy.final_slash = whole.ends_with('/');
  copy.payload = naive.size();
  made.payload(copy.payload);
  naive.push_back(std::move(copy));
}

} // namespace

TEST_CASE("table: the index gives the answer of trying all routes in order", "[protocol][mux]") {
  std::size_t compared = 0;
  std::size_t found = 0;
  for (unsigned seed = 1; seed <= 60; ++seed) {
    generator g{seed};
    router r;
    r.skip_clean();
    std::vector<naive_route> naive;
    std::vector<std::string> templates;
    for (std::size_t n = 1 + g.below(60); n > 0; --n)
      add_route(g, r, naive, templates, {}, {});
    auto t = std::move(r).freeze();
    REQUIRE(t.has_value());
    for (int i = 0; i < 300; ++i) {
      const std::string path = g.chance(80) ? g.path_like(g.pick(templates)) : g.random_path();
      const std::string method = g.chance(60) ? "GET" : g.chance(80) ? "POST" : "HEAD";
      const std::string expected = naive_match(naive, method, path);
      const std::string actual = indexed_match(*t, method, path);
      ++compared;
      found += expected != "404" && expected != "405";
      if (expected != actual) {
        CAPTURE(seed, method, path);
        REQUIRE(actual == expected);
      }
    }
  }
  CHECK(compared == 18'000);
  CHECK(found > 4'000); // the cases are not all misses
}
