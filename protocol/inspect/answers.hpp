#pragma once

#include "protocol/error.hpp"
#include "protocol/http/form.hpp"
#include "protocol/inspect/model.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <string_view>
#include <vector>

/// What the inspection API answers to a GET, made of what is known. Pure.
namespace gantry::inspect {

/// `GET /v1/actors`: `{"time","total","actors"}` of those that were asked for. Errors as
/// `parse_actor_query`.
result<boost::json::object> actors_answer(std::string_view time, std::vector<actor_view> actors,
                                          const http::form_values& query,
                                          boost::json::storage_ptr memory = {});

/// `GET /v1/tree`: `{"roots"}`.
boost::json::object tree_answer(std::vector<actor_view> actors,
                                boost::json::storage_ptr memory = {});

/// What one answers to `GET TARGET` who has nothing but `view`, as `gantryctl --file` has: all of
/// them but events and the document. Of an actor there are its figures and children, not its facts.
/// `path` is decoded: `/v1/actors/12`. Errors: not_found `no such actor: 12` or `no such page:
/// ...`, invalid_parameter for a query that is none.
result<boost::json::object> answer_from(const system_view& view, std::string_view path,
                                        const http::form_values& query);

} // namespace gantry::inspect
