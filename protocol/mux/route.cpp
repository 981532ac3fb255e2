#include "protocol/mux/clean_path.hpp"
#include "protocol/mux/route_data.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <utility>

namespace gantry::mux {

namespace {

std::vector<std::string> lettered(text_list texts, char first, char last) {
  std::vector<std::string> out(texts.begin(), texts.end());
  for (auto& text : out)
    for (auto& c : text)
      if (c >= first && c <= last)
        c = static_cast<char>(c ^ 0x20); // the other case
  return out;
}

std::optional<api_error> check_pairs(text_list pairs) {
  if (pairs.size() % 2 == 0)
    return std::nullopt;
  std::string list;
  for (const auto& text : pairs)
    (list += list.empty() ? "" : " ") += text;
  return mux_error("number of parameters must be multiple of 2, got [" + list + "]");
}

/// The first name that both templates use, or none.
const std::string* shared_variable(const pattern& a, const pattern* b) {
  if (b)
    for (const auto& part : a.parts())
      if (part.is_variable && b->has_variable(part.name))
        return &part.name;
  return nullptr;
}

std::optional<api_error> check_unique(const pattern& p, const route_settings& in_force) {
  const std::string* twice = nullptr;
  // A new path stands in for the one in force, which it contains; a new host replaces it.
  const bool is_path = p.kind() == pattern_kind::path || p.kind() == pattern_kind::prefix;
  if (p.kind() != pattern_kind::host)
    twice = shared_variable(p, in_force.host.get());
  if (!twice && !is_path)
    twice = shared_variable(p, in_force.path.get());
  for (const auto& query : in_force.queries)
    if (!twice)
      twice = shared_variable(p, query.get());
  if (!twice)
    return std::nullopt;
  return mux_error("duplicated route variable " + quoted(*twice));
}

void append_names(std::vector<std::string>& out, const pattern* p) {
  if (p)
    for (const auto& part : p->parts())
      if (part.is_variable)
        out.push_back(part.name);
}

api_error without(std::string_view what) {
  return mux_error("route doesn't have " + std::string{what});
}

} // namespace

route::route(std::unique_ptr<route_data> data) : data_(std::move(data)) {}
route::~route() = default;

route& route::fail(std::string text) {
  if (!data_->error)
    data_->error = api_error{errc::invalid_parameter, std::move(text)};
  return *this;
}

route& route::add_path(std::string_view tpl, bool prefix) {
  if (data_->error)
    return *this;
  auto& in_force = data_->settings;
  if (!tpl.empty() && tpl[0] != '/')
    return fail("mux: path must start with a slash, got " + quoted(tpl));
  std::string whole;
  if (in_force.path) {
    std::string_view above = in_force.path->text();
    while (above.ends_with('/'))
      above.remove_suffix(1);
    whole = above;
  }
  whole += tpl;
  auto parsed = pattern::parse(whole, {.kind = prefix ? pattern_kind::prefix : pattern_kind::path,
                                       .strict_slash = in_force.strict_slash,
                                       .encoded = in_force.encoded});
  if (!parsed)
    return fail(std::move(parsed.error().message));
  if (auto error = check_unique(**parsed, in_force))
    return fail(std::move(error->message));
  in_force.path = *parsed;
  data_->paths.push_back(*std::move(parsed));
  return *this;
}

route& route::path(std::string_view tpl) { return add_path(tpl, false); }
route& route::path_prefix(std::string_view tpl) { return add_path(tpl, true); }

route& route::host(std::string_view tpl) {
  if (data_->error)
    return *this;
  auto parsed = pattern::parse(tpl, {.kind = pattern_kind::host});
  if (!parsed)
    return fail(std::move(parsed.error().message));
  if (auto error = check_unique(**parsed, data_->settings))
    return fail(std::move(error->message));
  data_->settings.host = *parsed;
  data_->hosts.push_back(*std::move(parsed));
  return *this;
}

route& route::methods(text_list names) {
  if (!data_->error)
    data_->methods.push_back(lettered(names, 'a', 'z'));
  return *this;
}

route& route::schemes(text_list names) {
  if (data_->error)
    return *this;
  data_->schemes.push_back(lettered(names, 'A', 'Z'));
  if (!names.empty())
    data_->settings.build_scheme = data_->schemes.back().front();
  return *this;
}

route& route::headers(text_list pairs) {
  if (data_->error)
    return *this;
  if (auto error = check_pairs(pairs))
    return fail(std::move(error->message));
  for (std::size_t i = 0; i < pairs.size(); i += 2)
    data_->headers.push_back({std::string{pairs[i]}, std::string{pairs[i + 1]}, nullptr});
  return *this;
}

route& route::headers_regexp(text_list pairs) {
  if (data_->error)
    return *this;
  if (auto error = check_pairs(pairs))
    return fail(std::move(error->message));
  std::vector<header_rule> rules;
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    auto compiled = compile_regexp(pairs[i + 1]);
    if (!compiled)
      return fail("mux: error compiling regex for header " + quoted(pairs[i]) + ": " +
                  compiled.error().message);
    rules.push_back({std::string{pairs[i]}, {}, *std::move(compiled)});
  }
  std::move(rules.begin(), rules.end(), std::back_inserter(data_->headers));
  return *this;
}

route& route::queries(text_list pairs) {
  if (data_->error)
    return *this;
  if (auto error = check_pairs(pairs))
    return fail(std::move(error->message));
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    auto parsed =
        pattern::parse(pairs[i + 1], {.kind = pattern_kind::query, .key = std::string{pairs[i]}});
    if (!parsed)
      return fail(std::move(parsed.error().message));
    if (auto error = check_unique(**parsed, data_->settings))
      return fail(std::move(error->message));
    data_->settings.queries.push_back(*parsed);
    data_->queries.push_back(*std::move(parsed));
  }
  return *this;
}

route& route::matcher(matcher_function accepts) {
  if (!data_->error)
    data_->matchers.push_back(std::move(accepts));
  return *this;
}

route& route::name(std::string_view name) {
  if (!data_->name.empty())
    return fail("mux: route already has name " + quoted(data_->name) + ", can't set " +
                quoted(name));
  if (data_->error)
    return *this;
  data_->name = name;
  data_->names->insert_or_assign(data_->name, this);
  return *this;
}

route& route::build_only() {
  data_->build_only = true;
  return *this;
}

route& route::build_vars(build_vars_function change) {
  auto& present = data_->settings.build_vars;
  if (present)
    change = [first = std::move(present), then = std::move(change)](value_map values) {
      return then(first(std::move(values)));
    };
  present = std::move(change);
  return *this;
}

route& route::payload(payload_id id) {
  if (!data_->error)
    data_->payload = id;
  return *this;
}

router& route::subrouter() {
  if (!data_->child) {
    auto below = std::make_unique<router_data>();
    below->settings = data_->settings;
    below->names = data_->names;
    below->is_root = false;
    data_->child.reset(new router(std::move(below)));
  }
  return *data_->child;
}

const api_error* route::error() const noexcept { return data_->error ? &*data_->error : nullptr; }
std::size_t route::id() const noexcept { return data_->id; }
const std::string& route::name() const noexcept { return data_->name; }
std::optional<payload_id> route::payload() const noexcept { return data_->payload; }
bool route::is_build_only() const noexcept { return data_->build_only; }
const router* route::child() const noexcept { return data_->child.get(); }

result<std::string> route::path_template() const {
  if (data_->error)
    return *data_->error;
  if (!data_->settings.path)
    return without("a path");
  return data_->settings.path->text();
}

result<std::string> route::path_regexp() const {
  if (data_->error)
    return *data_->error;
  if (!data_->settings.path)
    return without("a path");
  return data_->settings.path->regexp();
}

result<std::string> route::host_template() const {
  if (data_->error)
    return *data_->error;
  if (!data_->settings.host)
    return without("a host");
  return data_->settings.host->text();
}

result<std::vector<std::string>> route::queries_templates() const {
  if (data_->error)
    return *data_->error;
  if (data_->settings.queries.empty())
    return without("queries");
  std::vector<std::string> out;
  for (const auto& query : data_->settings.queries)
    out.push_back(query->key() + "=" + query->text());
  return out;
}

result<std::vector<std::string>> route::queries_regexp() const {
  if (data_->error)
    return *data_->error;
  if (data_->settings.queries.empty())
    return without("queries");
  std::vector<std::string> out;
  for (const auto& query : data_->settings.queries)
    out.push_back(query->regexp());
  return out;
}

result<std::vector<std::string>> route::methods() const {
  if (data_->error)
    return *data_->error;
  if (data_->methods.empty())
    return without("methods");
  return data_->methods.front();
}

result<std::vector<std::string>> route::variable_names() const {
  if (data_->error)
    return *data_->error;
  std::vector<std::string> out;
  append_names(out, data_->settings.host.get());
  append_names(out, data_->settings.path.get());
  for (const auto& query : data_->settings.queries)
    append_names(out, query.get());
  return out;
}

result<value_map> route::values(text_list pairs) const {
  if (auto error = check_pairs(pairs))
    return *std::move(error);
  value_map out;
  for (std::size_t i = 0; i < pairs.size(); i += 2)
    out.insert_or_assign(std::string{pairs[i]}, std::string{pairs[i + 1]});
  if (data_->settings.build_vars)
    out = data_->settings.build_vars(std::move(out));
  return out;
}

result<mux::url> route::url(text_list pairs) const {
  const auto& in_force = data_->settings;
  if (data_->error)
    return *data_->error;
  if (!in_force.host && !in_force.path)
    return without("a host or path");
  const auto given = values(pairs);
  if (!given)
    return given.error();
  mux::url out;
  if (in_force.host) {
    auto host = in_force.host->build(*given);
    if (!host)
      return std::move(host).error();
    out.host = *std::move(host);
    out.scheme = in_force.build_scheme.empty() ? "http" : in_force.build_scheme;
  }
  if (in_force.path) {
    auto path = in_force.path->build(*given);
    if (!path)
      return std::move(path).error();
    out.path = *std::move(path);
  }
  for (const auto& query : in_force.queries) {
    auto value = query->build(*given);
    if (!value)
      return std::move(value).error();
    out.query += out.query.empty() ? "" : "&";
    out.query += escape_query(query->key()) + "=" + escape_query(*value);
  }
  return out;
}

result<mux::url> route::url_host(text_list pairs) const {
  if (data_->error)
    return *data_->error;
  if (!data_->settings.host)
    return without("a host");
  const auto given = values(pairs);
  if (!given)
    return given.error();
  auto host = data_->settings.host->build(*given);
  if (!host)
    return std::move(host).error();
  const auto& scheme = data_->settings.build_scheme;
  return mux::url{.scheme = scheme.empty() ? "http" : scheme, .host = *std::move(host)};
}

result<mux::url> route::url_path(text_list pairs) const {
  if (data_->error)
    return *data_->error;
  if (!data_->settings.path)
    return without("a path");
  const auto given = values(pairs);
  if (!given)
    return given.error();
  auto path = data_->settings.path->build(*given);
  if (!path)
    return std::move(path).error();
  return mux::url{.path = *std::move(path)};
}

std::string url::str() const {
  if (host.empty())
    return redirect_location(escape_path(path), query);
  std::string out = scheme.empty() ? "//" : scheme + "://";
  out += escape_host(host);
  if (!path.empty() && path[0] != '/')
    out += '/';
  out += escape_path(path);
  if (!query.empty())
    (out += '?') += query;
  return out;
}

} // namespace gantry::mux
