#pragma once

#include "protocol/error.hpp"
#include "protocol/mux/match.hpp"
#include "protocol/mux/repeat.hpp"
#include "protocol/mux/router.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace gantry::mux {

/// What a template describes; decides the default for a variable and how the match is anchored.
enum class pattern_kind : std::uint8_t { path, prefix, host, query };

/// A piece of a template: literal text, or a variable.
struct pattern_part {
  bool is_variable = false;
  std::string text;                     ///< the literal, or the variable's regular expression
  std::string name;                     ///< of the variable
  std::optional<repeat> simple;         ///< the variable's expression if it is that simple
  std::shared_ptr<const re2::RE2> full; ///< otherwise: the expression, compiled
};

/// A template, ready to match and to build. Immutable.
class pattern {
public:
  struct options {
    pattern_kind kind = pattern_kind::path;
    bool strict_slash = false; ///< only for paths: the final slash is optional
    bool encoded = false;      ///< to be compared with the path as sent
    std::string key{};         ///< of a query
  };

  /// Errors: unbalanced braces, empty name or pattern, duplicated variable, bad expression.
  static result<std::shared_ptr<const pattern>> parse(std::string_view tpl, options o);

  pattern(const pattern&) = delete;
  pattern& operator=(const pattern&) = delete;
  ~pattern();

  /// Tries to match; appends the variables to `vars` unless it is null. If it fails, variables may
  /// have been appended all the same.
  bool match(std::string_view subject, variables* vars) const;

  /// The template with the values filled in. Errors: a value is missing or does not match.
  result<std::string> build(const value_map& values) const;

  /// The template as given.
  const std::string& text() const noexcept { return text_; }
  /// The template less the final slash that strict slash makes optional.
  std::string_view body() const noexcept;
  pattern_kind kind() const noexcept { return options_.kind; }
  bool strict_slash() const noexcept { return options_.strict_slash; }
  bool encoded() const noexcept { return options_.encoded; }
  const std::string& key() const noexcept { return options_.key; }
  std::span<const pattern_part> parts() const noexcept { return parts_; }
  std::size_t variable_count() const noexcept { return variable_count_; }
  bool has_variable(std::string_view name) const noexcept;
  /// True if the literal text of a host has a port, or the colon before one.
  bool names_port() const noexcept { return names_port_; }
  /// The regular expression for the whole; for a query with the key in front: `^key=.*$`.
  std::string regexp() const;
  /// True if it is matched without a regular expression engine.
  bool is_simple() const noexcept { return !program_; }

private:
  explicit pattern(std::string_view tpl, options o);
  std::optional<std::string> split();
  std::optional<std::string> compile();
  std::string expression() const;
  bool decide_simple() const;
  bool match_simple(std::string_view subject, variables* vars) const;
  bool match_program(std::string_view subject, variables* vars) const;
  bool at_end(std::string_view rest) const noexcept;

  std::string text_;
  options options_;
  std::vector<pattern_part> parts_;
  std::size_t variable_count_ = 0;
  bool names_port_ = false;
  std::shared_ptr<const re2::RE2> program_; ///< the whole template, unless it is simple
  std::vector<int> groups_;                 ///< for each variable its group in `program_`
};

/// Compiles an expression. Errors: the engine's own text.
result<std::shared_ptr<const re2::RE2>> compile_regexp(std::string_view regexp);

/// A failure of the kind `invalid_parameter`.
api_error mux_error(std::string text);

} // namespace gantry::mux
