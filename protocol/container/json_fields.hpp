#pragma once

#include "protocol/oci/json_reader.hpp"
#include "protocol/oci/json_writer.hpp"
#include "protocol/oci/time.hpp"

#include <boost/json/value.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

// Inside of protocol/container: structs whose members are told once, in a table, by which their
// JSON is read and written as Go does it.
namespace gantry::container::detail {

using oci::detail::decoder;
using oci::detail::object_writer;

/// When clients see a member.
enum class shown : std::uint8_t {
  always,
  if_set, ///< `omitempty`: unless it is 0, false, empty, null
  never,  ///< it is for the registry
};

/// Whom JSON is written for.
enum class reader : std::uint8_t {
  client,   ///< Docker's form
  registry, ///< all members, so that it reads back as it was
};

/// A member and its name in JSON.
template <class Owner, class T>
struct field {
  std::string_view name;
  T Owner::*member;
  shown when = shown::always;
};

/// A list of strings for which a single string may stand.
template <class Owner>
struct command_field {
  std::string_view name;
  std::optional<std::vector<std::string>> Owner::*member;
  shown when = shown::always;
};

/// A member whose own members stand among those of its owner.
template <class Owner, class T>
struct embedded_field {
  T Owner::*member;
};

template <class Owner, class T>
field(std::string_view, T Owner::*) -> field<Owner, T>;
template <class Owner, class T>
field(std::string_view, T Owner::*, shown) -> field<Owner, T>;
template <class Owner>
command_field(std::string_view, std::optional<std::vector<std::string>> Owner::*)
    -> command_field<Owner>;
template <class Owner>
command_field(std::string_view, std::optional<std::vector<std::string>> Owner::*, shown)
    -> command_field<Owner>;
template <class Owner, class T>
embedded_field(T Owner::*) -> embedded_field<Owner, T>;

/// The table of `T`: `type_name`, what Go calls it, and `fields`, a tuple in the order of writing.
template <class T>
struct description;

template <class T>
concept described = requires {
  description<T>::fields;
};

/// True if `name` is `lower` in any case. `lower` has no capitals.
constexpr bool same_name(std::string_view lower, std::string_view name) noexcept {
  if (lower.size() != name.size())
    return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
    if (c != lower[i])
      return false;
  }
  return true;
}

// --- reading ---

template <class T>
concept read_by_decoder = requires(decoder& d, const boost::json::value& v, T& out) {
  d.read(v, out);
};

template <class T>
void read(decoder& d, const boost::json::value& v, T& out);

template <std::unsigned_integral T>
void read_unsigned(decoder& d, const boost::json::value& v, T& out) {
  if (v.is_null() || d.failed())
    return;
  std::optional<std::uint64_t> number;
  if (const auto* n = v.if_int64(); n && *n >= 0)
    number = static_cast<std::uint64_t>(*n);
  else if (const auto* u = v.if_uint64())
    number = *u;
  if (!number || *number > std::numeric_limits<T>::max())
    return d.mismatch(v, "uint" + std::to_string(sizeof(T) * 8));
  out = static_cast<T>(*number);
}

/// Reads RFC 3339.
void read_instant(decoder& d, const boost::json::value& v, oci::instant& out);

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_map : std::false_type {};
template <class K, class T>
struct is_map<std::map<K, T>> : std::true_type {};
template <class T>
struct is_array : std::false_type {};
template <class T, std::size_t N>
struct is_array<std::array<T, N>> : std::true_type {};

/// Reads a member that has that name, false if there is none.
template <class Owner, class T>
bool read_field(decoder& d, std::string_view name, const boost::json::value& v, Owner& owner,
                const field<Owner, T>& f) {
  if (!same_name(name, f.name))
    return false;
  read(d, v, owner.*f.member);
  return true;
}

template <class Owner>
bool read_field(decoder& d, std::string_view name, const boost::json::value& v, Owner& owner,
                const command_field<Owner>& f) {
  if (!same_name(name, f.name))
    return false;
  d.read_command(v, owner.*f.member);
  return true;
}

template <class Owner>
bool read_member(decoder& d, std::string_view name, const boost::json::value& v, Owner& owner);

template <class Owner, class T>
bool read_field(decoder& d, std::string_view name, const boost::json::value& v, Owner& owner,
                const embedded_field<Owner, T>& f) {
  return read_member(d, name, v, owner.*f.member);
}

template <class Owner>
bool read_member(decoder& d, std::string_view name, const boost::json::value& v, Owner& owner) {
  return std::apply([&](const auto&... f) { return (read_field(d, name, v, owner, f) || ...); },
                    description<Owner>::fields);
}

/// What Go calls the type of a list.
template <class T>
std::string list_type() {
  if constexpr (described<T>)
    return "[]" + std::string{description<T>::type_name};
  else
    return "[][]string";
}

/// Reads any of what the tables hold. null empties an optional and leaves everything else.
template <class T>
void read(decoder& d, const boost::json::value& v, T& out) {
  if constexpr (read_by_decoder<T>) {
    d.read(v, out);
  } else if constexpr (std::unsigned_integral<T>) {
    read_unsigned(d, v, out);
  } else if constexpr (std::same_as<T, oci::instant>) {
    read_instant(d, v, out);
  } else if constexpr (described<T>) {
    d.object(v, description<T>::type_name,
             [&](std::string_view name, const boost::json::value& member) {
               read_member(d, name, member, out);
             });
  } else if constexpr (is_optional<T>::value) {
    out.reset();
    if (!v.is_null())
      read(d, v, out.emplace());
  } else if constexpr (is_vector<T>::value) {
    out.clear();
    d.array(v, list_type<typename T::value_type>(),
            [&](const boost::json::value& element) { read(d, element, out.emplace_back()); });
  } else if constexpr (is_map<T>::value) {
    d.object(v, "map", [&](std::string_view, const boost::json::value& member) {
      read(d, member, out[d.member_name()]);
    });
  } else {
    static_assert(is_array<T>::value);
    std::size_t i = 0;
    d.array(v, "[2]uint", [&](const boost::json::value& element) {
      if (i < out.size())
        read(d, element, out[i++]);
    });
  }
}

// --- writing ---

/// False for what `omitempty` leaves out. A number or boolean that may be null counts as soon as it
/// is there, so does a struct.
template <class T>
bool is_set(const T& x) {
  if constexpr (std::is_arithmetic_v<T>)
    return x != T{};
  else if constexpr (is_optional<T>::value)
    if constexpr (requires { x->empty(); })
      return x && !x->empty();
    else
      return x.has_value();
  else if constexpr (requires { x.empty(); })
    return !x.empty();
  else
    return true;
}

template <reader R = reader::client, class T>
void write(std::string& out, const T& x);

template <reader R, class T>
void write_member(object_writer& o, std::string_view name, shown when, const T& value) {
  if (R == reader::registry || when == shown::always || (when == shown::if_set && is_set(value)))
    write<R>(o.key(name), value);
}

template <reader R, class Owner, class T>
void write_field(object_writer& o, const Owner& owner, const field<Owner, T>& f) {
  write_member<R>(o, f.name, f.when, owner.*f.member);
}

template <reader R, class Owner>
void write_field(object_writer& o, const Owner& owner, const command_field<Owner>& f) {
  write_member<R>(o, f.name, f.when, owner.*f.member);
}

template <reader R, class Owner>
void write_members(object_writer& o, const Owner& owner);

template <reader R, class Owner, class T>
void write_field(object_writer& o, const Owner& owner, const embedded_field<Owner, T>& f) {
  write_members<R>(o, owner.*f.member);
}

/// Writes the members into an object that is begun.
template <reader R, class Owner>
void write_members(object_writer& o, const Owner& owner) {
  std::apply([&](const auto&... f) { (write_field<R>(o, owner, f), ...); },
             description<Owner>::fields);
}

/// Appends `[...]` with what `write_element(element)` appends for each element.
template <class List, class F>
void write_list(std::string& out, const List& list, F&& write_element) {
  out += '[';
  bool first = true;
  for (const auto& element : list) {
    if (!first)
      out += ',';
    first = false;
    write_element(element);
  }
  out += ']';
}

/// Appends the JSON of any of what the tables hold.
template <reader R, class T>
void write(std::string& out, const T& x) {
  if constexpr (is_optional<T>::value) {
    if (x)
      write<R>(out, *x);
    else
      out += "null";
  } else if constexpr (described<T>) {
    object_writer o{out};
    write_members<R>(o, x);
  } else if constexpr (std::unsigned_integral<T> && !std::same_as<T, bool>) {
    out += std::to_string(x);
  } else if constexpr (std::same_as<T, oci::instant>) {
    oci::detail::append(out, oci::to_string(x));
  } else if constexpr (requires { oci::detail::append(out, x); }) {
    oci::detail::append(out, x);
  } else if constexpr (is_map<T>::value) {
    object_writer o{out};
    for (const auto& [key, value] : x)
      write<R>(o.key(key), value);
  } else {
    static_assert(is_vector<T>::value || is_array<T>::value);
    write_list(out, x, [&](const auto& element) { write<R>(out, element); });
  }
}

/// Turns `\u003c`, `\u003e` and `\u0026` of a JSON text into `<`, `>` and `&`: replies have them as
/// they are.
void unescape_html(std::string& json);

} // namespace gantry::container::detail
