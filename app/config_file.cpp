#include "app/config_file.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/host/unique_fd.hpp"
#include "app/json_outline.hpp"
#include "app/option_table.hpp"
#include "protocol/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace gantry::app {
namespace {

namespace json = boost::json;

std::string_view kind_of(const json::value& value) {
  switch (value.kind()) {
  case json::kind::null:
    return "null";
  case json::kind::bool_:
    return "a boolean";
  case json::kind::int64:
  case json::kind::uint64:
  case json::kind::double_:
    return "a number";
  case json::kind::string:
    return "a string";
  case json::kind::array:
    return "an array";
  case json::kind::object:
    return "an object";
  }
  return "something else";
}

api_error expected(std::string_view what, const json::value& got) {
  return invalid("expected " + std::string(what) + ", got " + std::string(kind_of(got)));
}

result<std::string> read_string(const json::value& value, text_check check = nullptr) {
  if (!value.is_string())
    return expected("a string", value);
  std::string text(value.get_string());
  if (text.find('\0') != std::string::npos)
    return invalid("a null character is not allowed");
  return check != nullptr ? check(text) : result<std::string>(std::move(text));
}

result<std::int64_t> read_integer(const json::value& value) {
  if (!value.is_int64())
    return expected("a whole number", value);
  return value.get_int64();
}

result<std::vector<std::string>> read_strings(const json::value& value,
                                              text_check check = nullptr) {
  if (!value.is_array())
    return expected("an array of strings", value);
  std::vector<std::string> out;
  for (const json::value& item : value.get_array()) {
    auto text = read_string(item, check);
    if (!text)
      return invalid("item " + std::to_string(out.size() + 1) + ": " + text.error().message);
    out.push_back(std::move(*text));
  }
  return out;
}

bool same_word(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x | 0x20) : x) == y;
  });
}

/// `{"Name": "nofile", "Soft": 1024, "Hard": 2048}`, keys in any case; one limit stands for both.
result<ulimit> read_ulimit(std::string_view name, const json::value& value) {
  if (!value.is_object())
    return expected("an object", value);
  std::optional<std::int64_t> soft;
  std::optional<std::int64_t> hard;
  for (const auto& [key, item] : value.get_object()) {
    if (same_word(key, "name")) {
      auto text = read_string(item);
      if (!text)
        return invalid(quoted(key) + ": " + text.error().message);
      if (*text != name)
        return invalid("the name is " + quoted(*text) + " inside");
      continue;
    }
    bool is_soft = same_word(key, "soft");
    if (!is_soft && !same_word(key, "hard"))
      return invalid("unknown key " + quoted(key));
    auto number = read_integer(item);
    if (!number)
      return invalid(quoted(key) + ": " + number.error().message);
    (is_soft ? soft : hard) = *number;
  }
  if (!soft && !hard)
    return invalid("neither \"Soft\" nor \"Hard\" is given");
  ulimit out{soft.value_or(hard.value_or(0)), hard.value_or(soft.value_or(0))};
  if (auto checked = check_ulimit(name, out); !checked)
    return checked.error();
  return out;
}

/// `{"path": "/usr/bin/x", "runtimeArgs": ["--flag"]}`.
result<oci_runtime> read_runtime(std::string_view name, const json::value& value) {
  if (!value.is_object())
    return expected("an object", value);
  oci_runtime out;
  for (const auto& [key, item] : value.get_object()) {
    if (key == "path") {
      auto path = read_string(item);
      if (!path)
        return invalid("\"path\": " + path.error().message);
      out.path = std::move(*path);
    } else if (key == "runtimeArgs") {
      auto args = read_strings(item);
      if (!args)
        return invalid("\"runtimeArgs\": " + args.error().message);
      out.args = std::move(*args);
    } else {
      return invalid("unknown key " + quoted(key));
    }
  }
  if (auto checked = check_runtime(name, out); !checked)
    return checked.error();
  return out;
}

/// `{"base": "10.10.0.0/16", "size": 24}`.
result<address_pool> read_pool(const json::value& value) {
  if (!value.is_object())
    return expected("an object", value);
  address_pool out;
  for (const auto& [key, item] : value.get_object()) {
    if (key == "base") {
      auto base = read_string(item);
      if (!base)
        return invalid("\"base\": " + base.error().message);
      out.base = std::move(*base);
    } else if (key == "size") {
      auto size = read_integer(item);
      if (!size)
        return invalid("\"size\": " + size.error().message);
      out.size = *size;
    } else {
      return invalid("unknown key " + quoted(key));
    }
  }
  if (auto checked = check_address_pool(out); !checked)
    return checked.error();
  return out;
}

/// One overload per type of `member`: JSON in, value out.
struct json_assigner {
  settings& to;
  const option_spec& option;
  const json::value& value;

  /// Stores what was read, or hands on why nothing was.
  template <class Value>
  result<void> store(Value settings::*where, result<Value> read) const {
    if (!read)
      return read.error();
    to.*where = std::move(*read);
    return {};
  }

  /// For those that are written as in a flag.
  result<void> store_text() const {
    auto text = read_string(value);
    return text ? assign_text(to, option, *text) : result<void>(text.error());
  }

  /// An object whose members are read one by one.
  template <class Value, class Read>
  result<void> store_map(std::map<std::string, Value, std::less<>> settings::*where,
                         Read read) const {
    if (!value.is_object())
      return expected("an object", value);
    std::map<std::string, Value, std::less<>> out;
    for (const auto& [key, item] : value.get_object()) {
      result<Value> read_item = read(std::string_view(key), item);
      if (!read_item)
        return invalid(quoted(key) + ": " + read_item.error().message);
      out.emplace(key, std::move(*read_item));
    }
    to.*where = std::move(out);
    return {};
  }

  result<void> operator()(bool settings::*where) const {
    if (!value.is_bool())
      return expected("a boolean", value);
    to.*where = value.get_bool();
    return {};
  }
  result<void> operator()(std::int64_t settings::*where) const {
    auto number = read_integer(value);
    return store(where, number ? check_range(option, *number) : number);
  }
  result<void> operator()(std::string settings::*where) const {
    return store(where, read_string(value, option.check));
  }
  result<void> operator()(std::vector<std::string> settings::*where) const {
    return store(where, read_strings(value, option.check));
  }
  result<void> operator()(log::level settings::*) const { return store_text(); }
  result<void> operator()(log_format settings::*) const { return store_text(); }
  result<void> operator()(byte_count settings::*where) const {
    if (value.is_int64() && value.get_int64() >= 0)
      return store<byte_count>(where, byte_count{value.get_int64()});
    if (!value.is_string())
      return expected("a size such as \"64m\"", value);
    return store_text();
  }
  result<void> operator()(string_map settings::*where) const {
    return store_map(where,
                     [](std::string_view, const json::value& item) { return read_string(item); });
  }
  result<void> operator()(ulimit_map settings::*where) const {
    return store_map(where, read_ulimit);
  }
  result<void> operator()(runtime_map settings::*where) const {
    return store_map(where, read_runtime);
  }
  result<void> operator()(std::vector<address_pool> settings::*where) const {
    if (!value.is_array())
      return expected("an array of objects", value);
    std::vector<address_pool> out;
    for (const json::value& item : value.get_array()) {
      auto pool = read_pool(item);
      if (!pool)
        return invalid("item " + std::to_string(out.size() + 1) + ": " + pool.error().message);
      out.push_back(std::move(*pool));
    }
    to.*where = std::move(out);
    return {};
  }
};

bool is_ignored(std::string_view key) {
  auto list = ignored_options();
  return std::any_of(list.begin(), list.end(),
                     [key](const ignored_option& each) { return each.key == key; });
}

/// The key's option; "graph" is the name that data-root once had.
const option_spec* option_of(std::string_view key) {
  return find_key(key == "graph" ? "data-root" : key);
}

/// Refuses all keys that nothing is known of in one message.
result<void> check_keys(const json::object& object) {
  std::string unknown;
  for (const auto& [key, value] : object) {
    if (option_of(key) == nullptr && !is_ignored(key)) {
      unknown += unknown.empty() ? "" : ", ";
      unknown += std::string_view(key);
    }
  }
  if (unknown.empty())
    return {};
  return invalid("the following directives don't match any configuration option: " + unknown);
}

} // namespace

result<config_file> parse_config(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.substr(0, byte_order_mark.size()) == byte_order_mark)
    text.remove_prefix(byte_order_mark.size());
  config_file out;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return out;
  if (auto checked = check_json_object(text); !checked)
    return checked.error();
  json::error_code ec;
  auto document = json::parse(text, ec);
  if (ec)
    return invalid(ec.message());
  const json::object& object = document.get_object();
  if (auto checked = check_keys(object); !checked)
    return checked.error();

  for (const auto& [key, value] : object) {
    const option_spec* option = option_of(key);
    if (option == nullptr) {
      out.warnings.push_back("the configuration key " + quoted(key) + " has no effect here");
      continue;
    }
    if (value.is_null()) // as if absent, like dockerd
      continue;
    if (key != option->key)
      out.warnings.push_back("The " + quoted(key) +
                             " config file option is deprecated. Please use " +
                             quoted(option->key) + " instead.");
    if (!out.given.emplace(option->key).second)
      return invalid("\"graph\" and \"data-root\" are the same: give only one");
    if (auto stored = std::visit(json_assigner{out.values, *option, value}, option->target);
        !stored)
      return invalid("invalid value for " + quoted(key) + ": " + stored.error().message);
  }
  return out;
}

result<std::string> read_config(const std::string& path) {
  host::unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd)
    return host::errno_error("open", path, errno);
  std::string out;
  char chunk[16384];
  for (;;) {
    auto n = ::read(fd.get(), chunk, sizeof chunk);
    if (n == 0)
      return out;
    if (n < 0 && errno != EINTR)
      return host::errno_error("read", path, errno);
    if (n > 0)
      out.append(chunk, static_cast<std::size_t>(n));
    if (out.size() > max_config_size)
      return api_error{errc::system, "read '" + path + "': larger than 1 MiB"};
  }
}

} // namespace gantry::app
