#pragma once

#include "protocol/http/message.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::mux {

class route;

/// What a route leads to: an index, an enum or a pointer of the caller's choice. The table only
/// carries it.
using payload_id = std::uintptr_t;

/// What a table looks at. All views must outlive the `match_result` made from them.
struct request {
  std::string_view method{};   ///< as sent: `GET`; compared exactly
  std::string_view scheme{};   ///< `http` or `https`, lower case; "" never satisfies `schemes`
  std::string_view host{};     ///< authority, with or without port; compared in its own case
  std::string_view path{};     ///< percent-decoded, not cleaned
  std::string_view raw_path{}; ///< as sent, still encoded; "" means the same as `path`
  std::string_view query{};    ///< as sent, without the `?`
  std::span<const http::field> headers{};
};

/// A variable of a template with the text it stood for.
struct variable {
  std::string_view name;  ///< view into the table
  std::string_view value; ///< view into the request, or into the result that holds it
};

/// The variables of a match, in the order found. Up to four need no memory of their own.
class variables {
public:
  const variable* begin() const noexcept { return more_.empty() ? few_.data() : more_.data(); }
  const variable* end() const noexcept { return begin() + size(); }
  std::size_t size() const noexcept { return more_.empty() ? few_size_ : more_.size(); }
  bool empty() const noexcept { return size() == 0; }
  const variable& operator[](std::size_t i) const noexcept { return begin()[i]; }

  /// True if a variable of that name was matched, be its value empty or not.
  bool contains(std::string_view name) const noexcept { return lookup(name) != nullptr; }
  /// The value of that name, or "" if there is none.
  std::string_view get(std::string_view name) const noexcept {
    const variable* v = lookup(name);
    return v ? v->value : std::string_view{};
  }

  /// Appends; nothing is copied, so both must stay valid for as long as this object is used.
  void add(std::string_view name, std::string_view value);
  /// Takes over a text that nobody else keeps; the view is good for this object and its copies.
  std::string_view keep(std::string text);
  /// Forgets everything.
  void clear() noexcept;

private:
  const variable* lookup(std::string_view name) const noexcept;

  std::size_t few_size_ = 0;
  std::array<variable, 4> few_{};
  std::vector<variable> more_; ///< all of them, as soon as they are more than `few_` can hold
  std::vector<std::shared_ptr<const std::string>> kept_;
};

/// How a match ended.
enum class outcome : std::uint8_t {
  found,           ///< `route`, `payload` and `vars` say what was found
  not_found,       ///< no route accepts, or the one that does has no payload
  method_mismatch, ///< no route accepts, but one would if the method were another
  redirect,        ///< answer 301 with `location`
};

/// `found`, `not_found`, `method_mismatch` or `redirect`.
const char* to_string(outcome o) noexcept;

/// The answer of a table. Valid as long as the table and the request's bytes are.
struct match_result {
  outcome result = outcome::not_found;
  /// The route that accepted: set if `found`, after a strict-slash redirect, and if the route that
  /// accepts has no payload (`not_found`). Otherwise null.
  const mux::route* route = nullptr;
  /// Of the route or its nearest ancestor that has one. If `not_found` or `method_mismatch`: what
  /// the router in charge was told to use then, if anything. Always set if `found`.
  std::optional<payload_id> payload;
  variables vars;
  /// Value for Location: an absolute path, percent-encoded, with the query of the request.
  std::string location;
};

/// The methods with which some route would accept a request.
struct method_list {
  std::vector<std::string_view>
      names;        ///< each once, in the order in which the routes named them first
  bool any = false; ///< a route that takes every method accepts too
};

} // namespace gantry::mux
