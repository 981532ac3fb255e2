#include "protocol/inspect/json.hpp"

#include "protocol/inspect/json_fields.hpp"
#include "protocol/read_json.hpp"

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace gantry::inspect {

namespace json = boost::json;

namespace {

using detail::described;
using detail::description;
using detail::need;

using bucket = std::pair<nanoseconds, std::uint64_t>;
using fact = std::pair<std::string, std::string>;

// --- writing ---

json::value written(const std::string& text, const json::storage_ptr& memory) {
  return json::value(json::string_view{text.data(), text.size()}, memory);
}
json::value written(bool value, const json::storage_ptr& memory) {
  return json::value(value, memory);
}
json::value written(std::int64_t n, const json::storage_ptr& memory) {
  return json::value(n, memory);
}
json::value written(double n, const json::storage_ptr& memory) { return json::value(n, memory); }
json::value written(nanoseconds d, const json::storage_ptr& memory) {
  return json::value(std::int64_t{d.count()}, memory);
}

/// NOTE: what was written and read again is to be the same value, and the parser takes whatever
/// fits for signed.
json::value written(std::uint64_t n, const json::storage_ptr& memory) {
  if (std::in_range<std::int64_t>(n))
    return json::value(static_cast<std::int64_t>(n), memory);
  return json::value(n, memory);
}

json::value written(const std::vector<bucket>& buckets, const json::storage_ptr& memory) {
  json::array out(memory);
  out.reserve(buckets.size());
  for (const auto& [upper, count] : buckets) {
    json::array pair(memory);
    pair.reserve(2);
    pair.push_back(written(upper, memory));
    pair.push_back(written(count, memory));
    out.push_back(std::move(pair));
  }
  return out;
}

json::value written(const std::vector<fact>& facts, const json::storage_ptr& memory) {
  json::object out(memory);
  for (const auto& [name, value] : facts)
    out.emplace(name, written(value, memory));
  return out;
}

template <described T>
json::value written(const T& x, const json::storage_ptr& memory) {
  return to_json(x, memory);
}

template <class T>
json::value written(const std::vector<T>& list, const json::storage_ptr& memory) {
  json::array out(memory);
  out.reserve(list.size());
  for (const auto& x : list)
    out.push_back(written(x, memory));
  return out;
}

template <class T>
void write_member(json::object& out, std::string_view name, const T& value) {
  out.emplace(json::string_view{name.data(), name.size()}, written(value, out.storage()));
}

template <class T>
void write_member(json::object& out, std::string_view name, const std::optional<T>& value) {
  if (value)
    write_member(out, name, static_cast<std::int64_t>(*value));
}

// --- reading ---

/// The first mistake and where it is: `actors[3].age_ns`.
class reader {
public:
  template <described T>
  void read(const json::value& v, T& out);
  template <class T>
  void read(const json::value& v, std::vector<T>& out);
  template <std::integral T>
  void read(const json::value& v, T& out);
  template <class T>
  void read(const json::value& v, std::optional<T>& out) {
    read(v, out.emplace());
  }
  void read(const json::value& v, bool& out);
  void read(const json::value& v, double& out);
  void read(const json::value& v, std::string& out);
  void read(const json::value& v, nanoseconds& out);
  void read(const json::value& v, bucket& out);
  void read(const json::value& v, std::vector<fact>& out);

  bool failed() const noexcept { return !error_.empty(); }
  api_error error() const { return invalid(error_); }

private:
  template <class T>
  void member(const json::object& object, const T& field_of, auto& out);
  void fail(std::string reason) {
    if (!failed())
      error_ = path_.empty() ? std::move(reason) : path_ + ": " + reason;
  }

  std::string path_; // of the value in hand
  std::string error_;
};

template <class T>
void reader::member(const json::object& object, const T& field_of, auto& out) {
  if (failed())
    return;
  const auto* value = object.if_contains({field_of.name.data(), field_of.name.size()});
  if (!value) {
    if (field_of.when == need::required)
      fail('"' + std::string{field_of.name} + "\" is missing");
    return;
  }
  const auto before = path_.size();
  if (before > 0)
    path_ += '.';
  path_ += field_of.name;
  read(*value, out.*field_of.member);
  path_.resize(before);
}

template <described T>
void reader::read(const json::value& v, T& out) {
  const auto* object = v.if_object();
  if (!object)
    return fail("not an object");
  std::apply([&](const auto&... field_of) { (member(*object, field_of, out), ...); },
             description<T>::fields);
}

template <class T>
void reader::read(const json::value& v, std::vector<T>& out) {
  const auto* list = v.if_array();
  if (!list)
    return fail("not a list");
  const auto before = path_.size();
  for (std::size_t i = 0; i < list->size() && !failed(); ++i) {
    path_ += '[' + std::to_string(i) + ']';
    read((*list)[i], out.emplace_back());
    path_.resize(before);
  }
}

template <std::integral T>
void reader::read(const json::value& v, T& out) {
  const auto* small = v.if_int64();
  const auto* large = v.if_uint64();
  if (small && std::in_range<T>(*small))
    out = static_cast<T>(*small);
  else if (large && std::in_range<T>(*large))
    out = static_cast<T>(*large);
  else if (!small && !large)
    fail("not a whole number");
  else
    fail("out of range");
}

void reader::read(const json::value& v, bool& out) {
  if (const auto* value = v.if_bool())
    out = *value;
  else
    fail("neither true nor false");
}

void reader::read(const json::value& v, double& out) {
  if (!v.is_number())
    return fail("not a number");
  out = v.to_number<double>();
}

void reader::read(const json::value& v, std::string& out) {
  if (const auto* text = v.if_string())
    out.assign(text->data(), text->size());
  else
    fail("not a text");
}

void reader::read(const json::value& v, nanoseconds& out) {
  const auto* n = v.if_int64();
  if (!n || *n < 0)
    return fail("not a number of nanoseconds");
  out = nanoseconds{*n};
}

void reader::read(const json::value& v, bucket& out) {
  const auto* pair = v.if_array();
  if (!pair || pair->size() != 2)
    return fail("not a bound and a count");
  read((*pair)[0], out.first);
  read((*pair)[1], out.second);
}

void reader::read(const json::value& v, std::vector<fact>& out) {
  const auto* object = v.if_object();
  if (!object)
    return fail("not an object");
  const auto before = path_.size();
  for (const auto& each : *object) {
    auto& [name, value] = out.emplace_back(std::string{each.key()}, std::string{});
    path_ += '.' + name;
    read(each.value(), value);
    path_.resize(before);
  }
}

} // namespace

template <class T>
json::object to_json(const T& x, json::storage_ptr memory) {
  json::object out(std::move(memory));
  out.reserve(std::tuple_size_v<std::remove_cvref_t<decltype(description<T>::fields)>>);
  std::apply(
      [&](const auto&... field_of) { (write_member(out, field_of.name, x.*field_of.member), ...); },
      description<T>::fields);
  return out;
}

template <class T>
result<T> from_json(const json::value& v) {
  reader from;
  T out;
  from.read(v, out);
  if (from.failed())
    return from.error();
  return out;
}

template <class T>
result<std::vector<T>> list_from_json(const json::value& v) {
  reader from;
  std::vector<T> out;
  from.read(v, out);
  if (from.failed())
    return from.error();
  return out;
}

#define GANTRY_INSPECT_JSON(T)                                                                     \
  template json::object to_json<T>(const T&, json::storage_ptr);                                   \
  template result<T> from_json<T>(const json::value&);                                             \
  template result<std::vector<T>> list_from_json<T>(const json::value&);

GANTRY_INSPECT_JSON(latency)
GANTRY_INSPECT_JSON(actor_view)
GANTRY_INSPECT_JSON(traced_message)
GANTRY_INSPECT_JSON(actor_detail)
GANTRY_INSPECT_JSON(kind_view)
GANTRY_INSPECT_JSON(thread_view)
GANTRY_INSPECT_JSON(task_view)
GANTRY_INSPECT_JSON(pool_view)
GANTRY_INSPECT_JSON(job_view)
GANTRY_INSPECT_JSON(connection_view)
GANTRY_INSPECT_JSON(dead_letter_view)
GANTRY_INSPECT_JSON(death_view)
GANTRY_INSPECT_JSON(stall_view)
GANTRY_INSPECT_JSON(request_view)
GANTRY_INSPECT_JSON(span_view)
GANTRY_INSPECT_JSON(request_trace)
GANTRY_INSPECT_JSON(stream_view)
GANTRY_INSPECT_JSON(pressure_view)
GANTRY_INSPECT_JSON(container_view)
GANTRY_INSPECT_JSON(system_view)

#undef GANTRY_INSPECT_JSON

result<json::value> parse_json(std::string_view text) {
  json_reading how;
  how.max_depth = 200; // a tree of actors is an object in a list for each level
  auto [value, error, used] = read_json(text, how);
  if (!error)
    return std::move(value);
  return invalid("not JSON: " + error.message() + " at byte " + std::to_string(used));
}

result<system_view> read_dump(std::string_view text) {
  auto value = parse_json(text);
  if (!value)
    return invalid("not a dump: " + value.error().message);
  auto view = from_json<system_view>(*value);
  if (!view)
    return invalid("not a dump: " + view.error().message);
  return view;
}

} // namespace gantry::inspect
