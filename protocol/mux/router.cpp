#include "protocol/mux/route_data.hpp"
#include "protocol/mux/table.hpp"

#include <utility>

namespace gantry::mux {

router::router() : router(std::make_unique<router_data>()) {
  data_->names = std::make_shared<named_routes>();
}

router::router(std::unique_ptr<router_data> data) : data_(std::move(data)) {}
router::~router() = default;
router::router(router&&) noexcept = default;
router& router::operator=(router&&) noexcept = default;

router& router::strict_slash(bool on) {
  data_->settings.strict_slash = on;
  return *this;
}

router& router::skip_clean(bool on) {
  data_->skip_clean = on;
  return *this;
}

router& router::use_encoded_path(bool on) {
  data_->settings.encoded = on;
  return *this;
}

router& router::not_found(payload_id id) {
  data_->not_found = id;
  return *this;
}

router& router::method_not_allowed(payload_id id) {
  data_->method_not_allowed = id;
  return *this;
}

route& router::new_route() {
  auto made = std::make_unique<route_data>();
  made->settings = data_->settings;
  made->names = data_->names;
  data_->routes.push_back(std::make_unique<route>(std::move(made)));
  return *data_->routes.back();
}

route& router::path(std::string_view tpl) { return new_route().path(tpl); }
route& router::path_prefix(std::string_view tpl) { return new_route().path_prefix(tpl); }
route& router::host(std::string_view tpl) { return new_route().host(tpl); }
route& router::methods(std::initializer_list<std::string_view> names) {
  return new_route().methods(names);
}
route& router::schemes(std::initializer_list<std::string_view> names) {
  return new_route().schemes(names);
}
route& router::headers(std::initializer_list<std::string_view> pairs) {
  return new_route().headers(pairs);
}
route& router::headers_regexp(std::initializer_list<std::string_view> pairs) {
  return new_route().headers_regexp(pairs);
}
route& router::queries(std::initializer_list<std::string_view> pairs) {
  return new_route().queries(pairs);
}
route& router::matcher(matcher_function accepts) { return new_route().matcher(std::move(accepts)); }
route& router::name(std::string_view name) { return new_route().name(name); }
route& router::build_vars(build_vars_function change) {
  return new_route().build_vars(std::move(change));
}
route& router::handle(std::string_view tpl, payload_id id) { return path(tpl).payload(id); }

route* router::get(std::string_view name) const noexcept {
  const auto it = data_->names->find(name);
  return it == data_->names->end() ? nullptr : it->second;
}

bool router::walk(const walk_function& visit) const {
  std::vector<const route*> above;
  return walk(visit, above);
}

bool router::walk(const walk_function& visit, std::vector<const route*>& above) const {
  for (const auto& r : data_->routes) {
    const walk_step step = visit(*r, *this, above);
    if (step == walk_step::stop)
      return false;
    if (step == walk_step::skip || !r->child())
      continue;
    above.push_back(r.get());
    const bool finished = r->child()->walk(visit, above);
    above.pop_back();
    if (!finished)
      return false;
  }
  return true;
}

result<table> router::freeze(broken_routes broken) && {
  if (!data_->is_root)
    return mux_error("only the root router can be frozen");
  router taken = std::exchange(*this, router{});
  return table::build(std::move(taken), broken);
}

} // namespace gantry::mux
