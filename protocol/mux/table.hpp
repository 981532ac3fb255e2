#pragma once

#include "protocol/mux/router.hpp"

#include <memory>
#include <span>
#include <string_view>

namespace gantry::mux {

/// A frozen router. Immutable: any number of threads may read it at once.
///
/// The answer is that of trying the routes in the order they were added and taking the first whose
/// matchers all accept. An index over the segments of the templates finds the few routes worth
/// trying, so the time does not grow with the number of routes.
class table {
public:
  table(table&&) noexcept;
  table& operator=(table&&) noexcept;
  ~table();

  /// Finds what a request leads to.
  ///
  /// A path that is not clean (W10) is a redirect before any route is looked at, whatever the
  /// method; `*` is left alone.
  match_result match(const request& r) const;

  /// The methods that routes accepting everything else of the request are for: what belongs into
  /// Allow and Access-Control-Allow-Methods.
  method_list methods_for(const request& r) const;

  /// The route of that name, or null.
  const route* get(std::string_view name) const noexcept;
  /// All routes, by `route::id`.
  std::span<const route* const> routes() const noexcept;
  /// As `router::walk`.
  bool walk(const walk_function& visit) const;

private:
  friend class router;
  struct core;
  explicit table(std::unique_ptr<core> c) noexcept;
  static result<table> build(router root, broken_routes broken);

  std::unique_ptr<core> core_;
};

} // namespace gantry::mux
