#include "protocol/container/log_options.hpp"

#include "protocol/container/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

namespace gantry::container {

namespace {

using detail::invalid;

constexpr std::array<std::string_view, 8> file_options{
    "compress", "env", "env-regex", "labels", "labels-regex", "max-file", "max-size", "tag"};
constexpr std::array<std::string_view, 2> common_options{"max-buffer-size", "mode"};

template <std::size_t N>
bool is_among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

api_error unknown_option(const std::string& key, const std::string& driver) {
  if (driver == "local")
    return invalid("unknown log opt '" + key + "' for log driver local");
  return invalid("unknown log opt '" + key + "' for " + driver + " log driver");
}

const std::string* find(const log_config& config, const char* key) {
  if (!config.config)
    return nullptr;
  auto found = config.config->find(key);
  return found == config.config->end() ? nullptr : &found->second;
}

std::string value_of(const log_config& config, const char* key) {
  const auto* value = find(config, key);
  return value ? *value : std::string{};
}

result<void> check_mode(const log_config& config) {
  const auto mode = value_of(config, "mode");
  if (!mode.empty() && mode != "blocking" && mode != "non-blocking")
    return invalid("logger: logging mode not supported: " + mode);
  const auto* buffer = find(config, "max-buffer-size");
  if (!buffer)
    return {};
  if (mode != "non-blocking")
    return invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  if (auto size = parse_size(*buffer, 1024); !size)
    return invalid("error parsing option max-buffer-size: " + size.error().message);
  return {};
}

api_error invalid_syntax(const char* function, const std::string& text) {
  return invalid(std::string{"strconv."} + function + ": parsing \"" + text + "\": invalid syntax");
}

result<std::int64_t> parse_count(const std::string& text) {
  std::string_view digits = text;
  if (digits.starts_with('+'))
    digits.remove_prefix(1);
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size())
    return invalid_syntax("Atoi", text);
  return number;
}

} // namespace

void merge_log_config(log_config& config, const log_config& of_daemon) {
  if (config.type.empty())
    config.type = of_daemon.type;
  if (!config.config)
    config.config.emplace();
  if (config.type == of_daemon.type && of_daemon.config)
    config.config->insert(of_daemon.config->begin(), of_daemon.config->end());
}

result<void> check_log_config(const log_config& config, const std::set<std::string>& drivers) {
  if (config.type == "none")
    return {};
  if (auto mode = check_mode(config); !mode)
    return mode;
  if (!drivers.contains(config.type))
    return invalid("error looking up logging plugin " + config.type + ": plugin \"" + config.type +
                   "\" not found");
  if (config.config)
    for (const auto& [key, value] : *config.config)
      if (!is_among(common_options, key) && !is_among(file_options, key))
        return unknown_option(key, config.type);
  return {};
}

result<log_options> parse_log_options(const log_config& config) {
  log_options options;
  if (const auto* text = find(config, "max-size")) {
    auto size = parse_size(*text, 1000);
    if (!size)
      return size.error();
    if (*size <= 0)
      return invalid("max-size must be a positive number");
    options.max_size = *size;
  }
  if (const auto* text = find(config, "max-file")) {
    auto count = parse_count(*text);
    if (!count)
      return count.error();
    if (*count < 1)
      return invalid("max-file cannot be less than 1");
    options.max_files = *count;
  }
  if (const auto* text = find(config, "compress")) {
    const auto compress = detail::parse_bool(*text);
    if (!compress)
      return invalid_syntax("ParseBool", *text);
    if (*compress && options.max_files == 1)
      return invalid("compress cannot be true when max-file is less than 2 or max-size is not set");
    options.compress = *compress;
  }
  options.non_blocking = value_of(config, "mode") == "non-blocking";
  if (const auto* text = find(config, "max-buffer-size")) {
    auto size = parse_size(*text, 1024);
    if (!size)
      return invalid("error parsing option max-buffer-size: " + size.error().message);
    options.max_buffer_size = *size;
  }
  options.labels = value_of(config, "labels");
  options.labels_regex = value_of(config, "labels-regex");
  options.env = value_of(config, "env");
  options.env_regex = value_of(config, "env-regex");
  options.tag = value_of(config, "tag");
  return options;
}

result<std::int64_t> parse_size(std::string_view text, unsigned step) {
  const auto last = text.find_last_of("0123456789. ");
  if (last == text.npos)
    return invalid("invalid size: '" + std::string{text} + "'");
  const auto number = text.substr(0, text[last] == ' ' ? last : last + 1);
  std::string suffix{text.substr(last + 1)};
  double size = 0;
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), size);
  if (error != std::errc{} || end != number.data() + number.size() || !std::isfinite(size))
    return invalid_syntax("ParseFloat", std::string{number});
  if (size < 0)
    return invalid("invalid size: '" + std::string{text} + "'");
  std::transform(suffix.begin(), suffix.end(), suffix.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (!suffix.empty() && suffix != "b") {
    constexpr std::string_view units = "kmgtp";
    const auto unit = units.find(suffix.front());
    const auto rest = std::string_view{suffix}.substr(1);
    if (unit == units.npos || (!rest.empty() && rest != "b" && rest != "ib"))
      return invalid("invalid suffix: '" + suffix + "'");
    size *= std::pow(static_cast<double>(step), static_cast<double>(unit + 1));
  }
  constexpr double too_large = 9.2e18;
  if (size >= too_large)
    return invalid("invalid size: '" + std::string{text} + "'");
  return static_cast<std::int64_t>(size);
}

} // namespace gantry::container
