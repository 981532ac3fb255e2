#pragma once

#include "protocol/error.hpp"
#include "protocol/mux/match.hpp"

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The route table: a request in, a route and its variables out. Bytes and values only: no
/// handlers, sockets, threads or clocks.
///
/// A `router` is built with the vocabulary of gorilla/mux and then frozen into a `table`. A
/// template is literal text with variables: `{name}` (in a path `[^/]+`, in a host `[^.]+`, in a
/// query `.*`) or `{name:regexp}`. Regular expressions are RE2's: the syntax is Go's, so templates
/// written for the original mean the same here, and a match takes time linear in the path, so that
/// no path, however long or malicious, holds up a thread. Single character classes with a
/// repetition
/// (`[0-9.]+`, `.*`, `[a-f0-9]{12}`) are matched without it and cost no compiled program. Bytes
/// that are not UTF-8 match `[^/]+` and `.*` as they do in Go; an expression left to RE2 refuses
/// them.
///
/// Where it departs from the original on purpose:
/// - a group inside a variable's own pattern does not shift the variables after it;
/// - nothing of a route that was tried and refused is left in the result;
/// - a name used twice among the variables of one route is an error of that route;
/// - a `%` in a template is text; a built URL that the template would not match is an error;
/// - a child's variables win over the same ones seen by its parent's prefix;
/// - only methods are forgiven for `method_mismatch`; a query that differs is a plain mismatch.
namespace gantry::mux {

class pattern;
class router;
class table;
struct route_data;
struct router_data;

/// Texts for a call: `methods({"GET", "HEAD"})`, or a span where they are computed.
using text_list = std::span<const std::string_view>;
/// Variable values by name, for building URLs.
using value_map = std::map<std::string, std::string, std::less<>>;

/// A predicate of the caller's. It may add variables and set the payload; both count only if the
/// route is taken. It runs after all other matchers of the route accepted, also for a route whose
/// method alone differs; it must be safe to call from several threads at once.
using matcher_function = std::function<bool(const request&, match_result&)>;
/// Changes the values given to `route::url` before they are used.
using build_vars_function = std::function<value_map(value_map)>;

/// A URL in parts, not yet encoded (the query is).
struct url {
  std::string scheme{}; ///< "" without a host
  std::string host{};
  std::string path{};
  std::string query{};

  /// The URL as text, each part percent-encoded as needed.
  std::string str() const;
};

/// One route: a conjunction of matchers, a payload, and the means to build URLs from it.
///
/// The first error sticks: later calls do nothing, and the route never matches. References stay
/// valid as long as the router, or the table made from it. Setters may be chained.
class route {
public:
  explicit route(std::unique_ptr<route_data> data);
  ~route();
  route(const route&) = delete;
  route& operator=(const route&) = delete;

  /// Matches the whole path. Below a subrouter, or called again, the template is appended to the
  /// one so far (less its final slashes). Errors: no leading slash, unbalanced braces, an empty
  /// name or pattern, a duplicated variable, a bad regular expression.
  route& path(std::string_view tpl);
  /// Matches the beginning of the path: `/foo` matches `/foobar` too. Strict slash has no effect.
  route& path_prefix(std::string_view tpl);
  /// Matches the whole host. The port of the request counts only if the literal text of the
  /// template has the colon before one. The case of letters counts.
  route& host(std::string_view tpl);
  /// Matches one of these methods exactly (they are upper-cased; HEAD is not GET). Called again, or
  /// below a subrouter that restricts methods, all the lists must agree.
  route& methods(text_list names);
  route& methods(std::initializer_list<std::string_view> names) { return methods(of(names)); }
  /// Matches one of these schemes; the first is used to build URLs.
  route& schemes(text_list names);
  route& schemes(std::initializer_list<std::string_view> names) { return schemes(of(names)); }
  /// Name, value, name, value ... All must be there; an empty value is satisfied by any. Names in
  /// either case. Errors: an odd number of texts.
  route& headers(text_list pairs);
  route& headers(std::initializer_list<std::string_view> pairs) { return headers(of(pairs)); }
  /// As `headers`, but the value is a regular expression to be found anywhere in the header's.
  route& headers_regexp(text_list pairs);
  route& headers_regexp(std::initializer_list<std::string_view> pairs) {
    return headers_regexp(of(pairs));
  }
  /// Key, template, key, template ... The first value of the key that the template matches counts;
  /// an empty template is satisfied by any. Errors: an odd number, and those of a template.
  route& queries(text_list pairs);
  route& queries(std::initializer_list<std::string_view> pairs) { return queries(of(pairs)); }
  /// Asks a function too.
  route& matcher(matcher_function accepts);
  /// Makes the route known to `router::get`; a later route of that name takes its place there.
  /// Errors: the route has a name.
  route& name(std::string_view name);
  /// The route never matches; it only builds URLs.
  route& build_only();
  /// Appends to the functions that change the values for building URLs. Children inherit them.
  route& build_vars(build_vars_function change);
  /// What the route leads to. Children without one lead there too.
  route& payload(payload_id id);
  /// Makes the route a parent: it matches if its own matchers accept and one of the router's routes
  /// does. They inherit its host, path, queries and settings as of now. Called again, the same.
  router& subrouter();

  /// The error that sticks, or null.
  const api_error* error() const noexcept;
  /// Position among all routes of the table, parents before children; 0 before it is frozen.
  std::size_t id() const noexcept;
  const std::string& name() const noexcept;
  std::optional<payload_id> payload() const noexcept;
  bool is_build_only() const noexcept;
  /// The router below, or null.
  const router* child() const noexcept;

  /// The path's template, with what was inherited: `/v{version:[0-9.]+}/info`.
  result<std::string> path_template() const;
  /// The regular expression that stands for it.
  result<std::string> path_regexp() const;
  result<std::string> host_template() const;
  /// `key=template` for each query, inherited ones first.
  result<std::vector<std::string>> queries_templates() const;
  result<std::vector<std::string>> queries_regexp() const;
  /// The first list of methods set on this very route.
  result<std::vector<std::string>> methods() const;
  /// Names of all variables: of the host, the path, the queries.
  result<std::vector<std::string>> variable_names() const;

  /// The URL for these values: name, value, name, value ... Every variable must be given and match.
  /// The scheme is set only with a host: the first of `schemes`, else `http`.
  result<mux::url> url(text_list pairs) const;
  result<mux::url> url(std::initializer_list<std::string_view> p) const { return url(of(p)); }
  /// Only scheme and host.
  result<mux::url> url_host(text_list pairs) const;
  result<mux::url> url_host(std::initializer_list<std::string_view> p) const {
    return url_host(of(p));
  }
  /// Only the path.
  result<mux::url> url_path(text_list pairs) const;
  result<mux::url> url_path(std::initializer_list<std::string_view> p) const {
    return url_path(of(p));
  }

  /// INTERNAL: for the table.
  const route_data& data() const noexcept { return *data_; }

private:
  friend class table;
  static text_list of(std::initializer_list<std::string_view> l) { return {l.begin(), l.size()}; }
  route& fail(std::string text);
  route& add_path(std::string_view tpl, bool prefix);
  result<value_map> values(text_list pairs) const;

  std::unique_ptr<route_data> data_;
};

/// What a walk does after a route.
enum class walk_step : std::uint8_t {
  proceed, ///< go on, into its subrouter first
  skip,    ///< go on, but not into its subrouter
  stop,    ///< no more
};

/// Called for each route with the router that holds it and the routes above, outermost first.
using walk_function =
    std::function<walk_step(const route&, const router&, std::span<const route* const>)>;

/// What `router::freeze` does about routes with an error.
enum class broken_routes : std::uint8_t {
  reject, ///< report the first error
  skip,   ///< leave them out of the matching
};

/// An ordered list of routes under construction. Not for use by several threads; freeze it first.
class router {
public:
  router();
  ~router();
  router(router&&) noexcept;
  router& operator=(router&&) noexcept;

  /// For routes added from now on: `/x/` is also reached as `/x`, and the other way round, by a 301
  /// to the template's form.
  router& strict_slash(bool on = true);
  /// For the whole table, on the root: paths are matched as they are instead of being answered with
  /// a 301 to their clean form.
  router& skip_clean(bool on = true);
  /// For routes added from now on: match the path as sent, so that `%2F` is no slash. Values stay
  /// encoded. On the root, it is the path as sent that has to be clean.
  router& use_encoded_path(bool on = true);
  /// What to report if nothing matches. On a subrouter: everything that its parent route accepts
  /// ends here if none of its own routes does, whatever comes after it.
  router& not_found(payload_id id);
  /// What to report if all but the method matches; on a subrouter as for `not_found`.
  router& method_not_allowed(payload_id id);

  /// An empty route: accepts everything until told otherwise.
  route& new_route();
  /// A new route with its first matcher, as in class `route`.
  route& path(std::string_view tpl);
  route& path_prefix(std::string_view tpl);
  route& host(std::string_view tpl);
  route& methods(std::initializer_list<std::string_view> names);
  route& schemes(std::initializer_list<std::string_view> names);
  route& headers(std::initializer_list<std::string_view> pairs);
  route& headers_regexp(std::initializer_list<std::string_view> pairs);
  route& queries(std::initializer_list<std::string_view> pairs);
  route& matcher(matcher_function accepts);
  route& name(std::string_view name);
  route& build_vars(build_vars_function change);
  /// A new route for a path and what it leads to.
  route& handle(std::string_view tpl, payload_id id);

  /// The route of that name anywhere in the tree, or null.
  route* get(std::string_view name) const noexcept;
  /// Visits all routes in order, parents before children. False if it was stopped.
  bool walk(const walk_function& visit) const;

  /// Turns the tree into a table and leaves this router empty. Only for the root. Errors: the first
  /// error of a route (unless skipped), more than 64 different methods.
  result<table> freeze(broken_routes broken = broken_routes::reject) &&;

private:
  friend class route;
  friend class table;
  explicit router(std::unique_ptr<router_data> data);
  bool walk(const walk_function& visit, std::vector<const route*>& above) const;

  std::unique_ptr<router_data> data_;
};

} // namespace gantry::mux
