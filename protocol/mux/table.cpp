#include "protocol/mux/table.hpp"

#include "protocol/mux/clean_path.hpp"
#include "protocol/mux/route_data.hpp"
#include "protocol/mux/route_index.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

namespace gantry::mux {

namespace {

/// What a route demands beyond method and path. Most demand nothing.
struct demands {
  std::vector<const pattern*> paths; ///< other than the one with the variables
  std::vector<const pattern*> hosts; ///< the one in force first
  std::vector<const pattern*> queries;
  std::vector<const std::vector<std::string>*> schemes;
  std::vector<const header_rule*> headers;
  std::vector<const matcher_function*> matchers;

  bool empty() const {
    return paths.empty() && hosts.empty() && queries.empty() && schemes.empty() &&
           headers.empty() && matchers.empty();
  }
};

/// A route with what it has from its parents: one thing to be tried.
struct candidate {
  const route* leads_to = nullptr; ///< null: the end of a subrouter, where `not_found` may wait
  std::optional<payload_id> payload;
  std::optional<payload_id> mismatch_payload; ///< of the end of a subrouter
  bool any_method = true;
  std::uint64_t methods = 0; ///< bits of `core::method_names`
  const pattern* path = nullptr;
  std::unique_ptr<const demands> more;
};

/// A request and what is derived from it for all candidates.
struct subject {
  const request& r;
  std::string_view raw_path;
  std::string_view bare_host; ///< without port

  explicit subject(const request& from)
      : r(from), raw_path(from.raw_path.empty() ? from.path : from.raw_path), bare_host(from.host) {
    // In `[::1]:80` the port's colon is the one after the bracket.
    const std::size_t bracket = bare_host.rfind(']');
    bare_host =
        bare_host.substr(0, bare_host.find(':', bracket == std::string_view::npos ? 0 : bracket));
  }
  std::string_view path(bool encoded) const { return encoded ? raw_path : r.path; }
};

/// True if all that the first matches, the second was going to accept too: it is its beginning.
bool implies(const pattern& path, const pattern& prefix) {
  return prefix.kind() == pattern_kind::prefix && prefix.encoded() == path.encoded() &&
         path.body().starts_with(prefix.text());
}

bool accepts(const header_rule& rule, std::span<const http::field> fields) {
  return std::any_of(fields.begin(), fields.end(), [&rule](const http::field& f) {
    if (!http::iequals(f.name, rule.name))
      return false;
    if (rule.regex)
      return re2::RE2::PartialMatch(f.value, *rule.regex);
    return rule.value.empty() || rule.value == f.value;
  });
}

bool accepts_query(const pattern& p, std::string_view query, variables& vars) {
  std::string decoded;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (pair.empty() || !unescape_query(pair.substr(0, equals), decoded) || decoded != p.key())
      continue;
    std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    const bool escaped = value.find_first_of("%+") != std::string_view::npos;
    if (escaped) {
      if (!unescape_query(value, decoded))
        continue;
      value = decoded;
    }
    if (!p.match(value, nullptr))
      continue;
    if (p.variable_count() > 0)
      p.match(escaped ? vars.keep(std::move(decoded)) : value, &vars);
    return true;
  }
  return false;
}

bool accepts_host(const pattern& p, const subject& s, variables& vars) {
  const std::string_view host = p.names_port() ? s.r.host : s.bare_host;
  if (p.variable_count() == 0)
    return p.match(host, nullptr);
  variables found;
  if (!p.match(host, &found))
    return false;
  for (const auto& v : found)
    if (!vars.contains(v.name)) // the host in force came first
      vars.add(v.name, v.value);
  return true;
}

/// True if everything but the method is right. `m` gets the variables, also if it is not.
bool accepts(const candidate& c, const subject& s, match_result& m) {
  if (c.path && !c.path->match(s.path(c.path->encoded()), &m.vars))
    return false;
  if (!c.more)
    return true;
  for (const auto* p : c.more->paths)
    if (!p->match(s.path(p->encoded()), nullptr))
      return false;
  for (const auto* p : c.more->hosts)
    if (!accepts_host(*p, s, m.vars))
      return false;
  for (const auto* names : c.more->schemes)
    if (std::find(names->begin(), names->end(), s.r.scheme) == names->end())
      return false;
  for (const auto* rule : c.more->headers)
    if (!accepts(*rule, s.r.headers))
      return false;
  for (const auto* p : c.more->queries)
    if (!accepts_query(*p, s.r.query, m.vars))
      return false;
  for (const auto* ask : c.more->matchers)
    if (!(*ask)(s.r, m))
      return false;
  return true;
}

void forget(match_result& m) {
  m.result = outcome::not_found;
  m.route = nullptr;
  m.payload.reset();
  m.vars.clear();
  m.location.clear();
}

} // namespace

struct table::core {
  static constexpr std::size_t max_methods = 64;

  router root;
  std::vector<const route*> routes;
  std::vector<candidate> order; ///< in the order of trying
  std::vector<std::string> method_names;
  route_index decoded;
  route_index encoded;
  bool has_encoded = false;

  std::optional<api_error> flatten(const router& level, std::vector<const route_data*>& above,
                                   bool dead, broken_routes broken);
  bool restrict_methods(candidate& c, const std::vector<std::string>& names);
  std::optional<api_error> add(candidate c, const std::vector<const route_data*>& chain);
  candidates find(const subject& s) const;
  std::uint64_t method_bit(std::string_view method) const noexcept;
  void settle(const candidate& c, const subject& s, match_result& m) const;
};

/// Makes candidates of a router's routes, parents last in `above`. `dead`: they can never match.
std::optional<api_error> table::core::flatten(const router& level,
                                              std::vector<const route_data*>& above, bool dead,
                                              broken_routes broken) {
  for (const auto& r : level.data_->routes) {
    route_data& data = *r->data_;
    data.id = routes.size();
    routes.push_back(r.get());
    if (data.error && broken == broken_routes::reject)
      return data.error;
    const bool gone = dead || data.error || data.build_only;
    above.push_back(&data);
    candidate c;
    if (data.child) {
      if (auto error = flatten(*data.child, above, gone, broken))
        return error;
      const auto& below = *data.child->data_;
      c.payload = below.not_found;
      c.mismatch_payload = below.method_not_allowed;
    } else {
      c.leads_to = r.get();
      for (const auto* d : above)
        if (d->payload)
          c.payload = d->payload;
    }
    if (!gone && (c.leads_to || c.payload || c.mismatch_payload))
      if (auto error = add(std::move(c), above))
        return error;
    above.pop_back();
  }
  return std::nullopt;
}

/// Leaves only these methods to the candidate. False if there are too many different ones.
bool table::core::restrict_methods(candidate& c, const std::vector<std::string>& names) {
  std::uint64_t bits = 0;
  for (const auto& name : names) {
    auto it = std::find(method_names.begin(), method_names.end(), name);
    if (it == method_names.end()) {
      if (method_names.size() == max_methods)
        return false;
      it = method_names.insert(it, name);
    }
    bits |= std::uint64_t{1} << (it - method_names.begin());
  }
  c.methods = c.any_method ? bits : c.methods & bits;
  c.any_method = false;
  return true;
}

/// Gives a candidate the matchers of a chain of routes, and a place in the order.
std::optional<api_error> table::core::add(candidate c,
                                          const std::vector<const route_data*>& chain) {
  demands more;
  std::vector<const pattern*> paths;
  for (const auto* d : chain) {
    for (const auto& names : d->methods)
      if (!restrict_methods(c, names))
        return mux_error("more than 64 different methods");
    for (const auto& p : d->paths)
      paths.push_back(p.get());
    for (const auto& p : d->hosts)
      more.hosts.insert(more.hosts.begin(), p.get());
    for (const auto& p : d->queries)
      more.queries.push_back(p.get());
    for (const auto& names : d->schemes)
      more.schemes.push_back(&names);
    for (const auto& rule : d->headers)
      more.headers.push_back(&rule);
    for (const auto& ask : d->matchers)
      more.matchers.push_back(&ask);
  }
  const auto place = static_cast<rank>(order.size());
  if (paths.empty()) {
    decoded.add_for_all(place);
  } else {
    c.path = paths.back(); // contains the templates of the others
    for (const auto* p : paths)
      if (p != c.path && !implies(*c.path, *p))
        more.paths.push_back(p);
    has_encoded = has_encoded || c.path->encoded();
    (c.path->encoded() ? encoded : decoded).add(*c.path, place);
  }
  if (!more.empty())
    c.more = std::make_unique<const demands>(std::move(more));
  order.push_back(std::move(c));
  return std::nullopt;
}

candidates table::core::find(const subject& s) const {
  candidates out;
  decoded.find(s.r.path, out);
  if (has_encoded)
    encoded.find(s.raw_path, out);
  return out;
}

/// 0 for a method that no route names.
std::uint64_t table::core::method_bit(std::string_view method) const noexcept {
  for (std::size_t i = 0; i < method_names.size(); ++i)
    if (method_names[i] == method)
      return std::uint64_t{1} << i;
  return 0;
}

/// The candidate accepted, method and all: says what follows from that.
void table::core::settle(const candidate& c, const subject& s, match_result& m) const {
  m.route = c.leads_to;
  if (c.path && c.path->strict_slash()) {
    std::string_view path = s.path(c.path->encoded());
    const bool wanted = c.path->text().ends_with('/');
    if (wanted != path.ends_with('/') && path.size() > 1) {
      if (!wanted)
        path.remove_suffix(1);
      std::string target = c.path->encoded() ? std::string{path} : escape_path(path);
      if (wanted)
        target += '/';
      m.result = outcome::redirect;
      m.location = redirect_location(target, s.r.query);
      return;
    }
  }
  if (!m.payload)
    m.payload = c.payload;
  m.result = m.payload ? outcome::found : outcome::not_found;
  if (!m.payload)
    m.payload = root.data_->not_found;
}

table::table(std::unique_ptr<core> c) noexcept : core_(std::move(c)) {}
table::table(table&&) noexcept = default;
table& table::operator=(table&&) noexcept = default;
table::~table() = default;

result<table> table::build(router root, broken_routes broken) {
  auto made = std::make_unique<core>();
  made->root = std::move(root);
  std::vector<const route_data*> above;
  if (auto error = made->flatten(made->root, above, false, broken))
    return *std::move(error);
  return table{std::move(made)};
}

match_result table::match(const request& r) const {
  match_result m;
  const subject s{r};
  const auto& top = *core_->root.data_;
  const std::string_view path = s.path(top.settings.encoded);
  if (!top.skip_clean && path != "*" && !is_clean_path(path)) {
    const std::string clean = clean_path(path);
    m.result = outcome::redirect;
    m.location = redirect_location(top.settings.encoded ? clean : escape_path(clean), r.query);
    return m;
  }
  const std::uint64_t bit = core_->method_bit(r.method);
  bool mismatch = false;
  candidates todo = core_->find(s);
  for (rank at = 0; todo.next(at);) {
    const candidate& c = core_->order[at];
    const bool method_fits = c.any_method || (c.methods & bit) != 0;
    if (!c.leads_to) { // the end of a subrouter
      const auto& payload = mismatch ? c.mismatch_payload : c.payload;
      if (!payload || !method_fits)
        continue;
      const bool inside = accepts(c, s, m);
      forget(m);
      if (!inside)
        continue;
      m.result = mismatch ? outcome::method_mismatch : outcome::not_found;
      m.payload = payload;
      return m;
    }
    if (!method_fits && mismatch)
      continue; // could tell us nothing new
    if (accepts(c, s, m)) {
      if (method_fits) {
        core_->settle(c, s, m);
        return m;
      }
      mismatch = true;
    }
    forget(m);
  }
  m.result = mismatch ? outcome::method_mismatch : outcome::not_found;
  m.payload = mismatch ? top.method_not_allowed : top.not_found;
  return m;
}

method_list table::methods_for(const request& r) const {
  method_list out;
  std::uint64_t bits = 0;
  const subject s{r};
  match_result m;
  candidates todo = core_->find(s);
  for (rank at = 0; todo.next(at);) {
    const candidate& c = core_->order[at];
    if (c.leads_to && accepts(c, s, m)) {
      bits |= c.methods;
      out.any = out.any || c.any_method;
    }
    forget(m);
  }
  for (std::size_t i = 0; i < core_->method_names.size(); ++i)
    if ((bits >> i & 1) != 0)
      out.names.emplace_back(core_->method_names[i]);
  return out;
}

const route* table::get(std::string_view name) const noexcept { return core_->root.get(name); }

std::span<const route* const> table::routes() const noexcept { return core_->routes; }

bool table::walk(const walk_function& visit) const { return core_->root.walk(visit); }

} // namespace gantry::mux
