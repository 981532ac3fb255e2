#pragma once

#include "protocol/error.hpp"
#include "protocol/inspect/model.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string_view>
#include <vector>

/// The model as JSON: members are called as those of the structs, durations end in `_ns`. What is
/// optional and unknown is left out, everything else is there. `facts` is an object in the order of
/// the answer (of a name that is there twice the first counts), `buckets` a list of pairs.
namespace gantry::inspect {

/// One struct of the model as an object, in `memory`: with a boost::json::monotonic_resource ten
/// thousand actors take a few milliseconds. Exists for every struct of model.hpp. Texts are taken
/// as they are: what is not UTF-8 is for the writer to mend.
template <class T>
boost::json::object to_json(const T& x, boost::json::storage_ptr memory = {});

/// The same for each of a list.
template <class T>
boost::json::array to_json(const std::vector<T>& list, boost::json::storage_ptr memory = {}) {
  boost::json::array out(memory);
  out.reserve(list.size());
  for (const T& x : list)
    out.emplace_back(to_json(x, memory));
  return out;
}

/// Reads one struct. Unknown members are passed over and most may be missing, so that programs of
/// different ages understand each other. Errors (invalid_parameter) name the member:
/// `actor.age_ns: not a number of nanoseconds`, `"id" is missing`.
template <class T>
result<T> from_json(const boost::json::value& v);

/// The same for a list: `[3].id: not a natural number`.
template <class T>
result<std::vector<T>> list_from_json(const boost::json::value& v);

/// Reads one JSON value and nothing after it, at most 200 deep. Errors (invalid_parameter): what is
/// wrong and at which byte.
result<boost::json::value> parse_json(std::string_view text);

/// Reads what `GET /v1/dump` answers and `gantryctl dump` writes. Errors (invalid_parameter):
/// `not a dump: invalid character ... `, `not a dump: actors[3].age_ns: ...`.
result<system_view> read_dump(std::string_view text);

} // namespace gantry::inspect
