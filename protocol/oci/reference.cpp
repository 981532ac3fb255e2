#include "protocol/oci/reference.hpp"

#include "protocol/oci/path_match.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace gantry::oci {

namespace {

constexpr std::string_view default_domain = "docker.io";
constexpr std::string_view legacy_default_domain = "index.docker.io";
constexpr std::string_view official_prefix = "library/";
constexpr std::string_view default_tag = "latest";
constexpr std::size_t max_path = 255;
constexpr std::size_t max_tag = 128;
constexpr std::size_t min_digest_digits = 32;

api_error invalid_format() { return invalid("invalid reference format"); }

bool is_lower_alnum(char c) noexcept { return (c >= 'a' && c <= 'z') || is_digit(c); }

bool has_upper(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), is_upper);
}

// Calls `good` for each part of `text` between separators; false if one is bad.
template <class Good>
bool all_parts(std::string_view text, char separator, Good good) {
  for (;;) {
    auto end = text.find(separator);
    if (!good(text.substr(0, end)))
      return false;
    if (end == std::string_view::npos)
      return true;
    text.remove_prefix(end + 1);
  }
}

// Letters, digits and, inside only, hyphens.
bool is_host_part(std::string_view text) noexcept {
  return !text.empty() && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

// HOST[:PORT] or [IPV6][:PORT]
bool is_domain(std::string_view text) noexcept {
  std::string_view host = text;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    auto end = text.find(']');
    if (end == std::string_view::npos || end == 1)
      return false;
    auto address = text.substr(1, end - 1);
    if (!std::all_of(address.begin(), address.end(), [](char c) {
          return is_digit(c) || c == ':' || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        }))
      return false;
    auto rest = text.substr(end + 1);
    has_port = !rest.empty();
    if (has_port && rest.front() != ':')
      return false;
    port = has_port ? rest.substr(1) : rest;
  } else {
    auto colon = text.find(':');
    has_port = colon != std::string_view::npos;
    host = text.substr(0, colon);
    if (has_port)
      port = text.substr(colon + 1);
    if (!all_parts(host, '.', is_host_part))
      return false;
  }
  return !has_port || (!port.empty() && std::all_of(port.begin(), port.end(), is_digit));
}

// Lower case letters and digits, joined by `.`, `_`, `__` or hyphens.
bool is_path_part(std::string_view text) noexcept {
  if (text.empty() || !is_lower_alnum(text.front()) || !is_lower_alnum(text.back()))
    return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_lower_alnum(text[i]))
      continue;
    auto end = i;
    while (!is_lower_alnum(text[end])) // the last byte is one
      ++end;
    auto separator = text.substr(i, end - i);
    if (separator != "." && separator != "_" && separator != "__" &&
        separator.find_first_not_of('-') != std::string_view::npos)
      return false;
    i = end;
  }
  return true;
}

bool is_path(std::string_view text) { return all_parts(text, '/', is_path_part); }

bool is_tag(std::string_view text) noexcept {
  return !text.empty() && text.size() <= max_tag && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

// Looks like a digest; whether it is one is for `digest::parse` to say.
bool is_digest_form(std::string_view text) noexcept {
  auto colon = text.find(':');
  if (colon == std::string_view::npos)
    return false;
  auto hex = text.substr(colon + 1);
  if (hex.size() < min_digest_digits || !std::all_of(hex.begin(), hex.end(), [](char c) {
        return std::isxdigit(static_cast<unsigned char>(c)) != 0;
      }))
    return false;
  bool start = true; // of a part: only a letter may stand here
  for (char c : text.substr(0, colon)) {
    if (start ? !is_alpha(c) : !is_alnum(c)) {
      if (start || (c != '-' && c != '_' && c != '+' && c != '.'))
        return false;
      start = true;
    } else {
      start = false;
    }
  }
  return !start;
}

struct parts {
  std::string_view domain;
  std::string_view path;
  std::string_view tag;
  std::string_view content;
};

// Cuts a full name up; nothing if it is not of that form.
std::optional<parts> split(std::string_view text) {
  parts found;
  if (auto at = text.find('@'); at != std::string_view::npos) {
    found.content = text.substr(at + 1);
    text = text.substr(0, at);
    if (!is_digest_form(found.content))
      return std::nullopt;
  }
  auto slash = text.find('/');
  auto colon = text.find(':', slash == std::string_view::npos ? 0 : text.rfind('/'));
  if (colon != std::string_view::npos) {
    found.tag = text.substr(colon + 1);
    text = text.substr(0, colon);
    if (!is_tag(found.tag))
      return std::nullopt;
  }
  if (slash != std::string_view::npos && is_domain(text.substr(0, slash)) &&
      is_path(text.substr(slash + 1))) {
    found.domain = text.substr(0, slash);
    found.path = text.substr(slash + 1);
    return found;
  }
  // NOTE: a front that can be no host, such as `my_host.com`, is part of the path.
  if (!is_path(text))
    return std::nullopt;
  found.path = text;
  return found;
}

result<reference> parse_full(std::string_view text) {
  auto found = split(text);
  if (!found) {
    if (has_upper(text) && split(lower(text)))
      return invalid("repository name must be lowercase");
    return invalid_format();
  }
  if (found->path.size() > max_path)
    return invalid("repository name must not be more than 255 characters");
  reference ref{std::string{found->domain}, std::string{found->path}, std::string{found->tag}, {}};
  if (!found->content.empty()) {
    auto content = digest::parse(found->content);
    if (!content)
      return content.error();
    ref.content = std::move(*content);
  }
  return ref;
}

} // namespace

std::string reference::name() const { return domain.empty() ? path : domain + '/' + path; }

namespace {

std::string with_suffixes(std::string name, const reference& ref) {
  if (!ref.tag.empty())
    name.append(1, ':').append(ref.tag);
  if (!ref.content.empty())
    name.append(1, '@').append(ref.content.str());
  return name;
}

} // namespace

std::string reference::str() const { return with_suffixes(name(), *this); }

std::string reference::familiar_name() const {
  if (domain != default_domain)
    return name();
  bool official = path.starts_with(official_prefix) &&
                  path.find('/', official_prefix.size()) == std::string::npos;
  return official ? path.substr(official_prefix.size()) : path;
}

std::string reference::familiar() const { return with_suffixes(familiar_name(), *this); }

reference reference::with_default_tag() const {
  reference ref{*this};
  if (is_name_only())
    ref.tag = default_tag;
  return ref;
}

result<reference> parse_reference(std::string_view text) {
  if (is_full_id(text))
    return invalid("invalid repository name (" + std::string{text} +
                   "), cannot specify 64-byte hexadecimal strings");
  std::string_view domain = default_domain;
  std::string remainder{text};
  auto slash = text.find('/');
  if (auto first = text.substr(0, slash);
      slash != std::string_view::npos && (first.find_first_of(".:") != std::string_view::npos ||
                                          first == "localhost" || has_upper(first))) {
    domain = first == legacy_default_domain ? default_domain : first;
    remainder.erase(0, slash + 1);
  }
  if (domain == default_domain && remainder.find('/') == std::string::npos)
    remainder.insert(0, official_prefix);
  if (auto name = remainder.substr(0, remainder.find(':')); has_upper(name))
    return invalid("invalid reference format: repository name (" + name + ") must be lowercase");
  return parse_full(std::string{domain} + '/' + remainder);
}

result<any_reference> parse_any_reference(std::string_view text) {
  if (is_full_id(text))
    return any_reference{*digest::from_hex(text)};
  if (auto id = digest::parse(text))
    return any_reference{std::move(*id)};
  auto name = parse_reference(text);
  if (!name)
    return name.error();
  return any_reference{std::move(*name)};
}

std::string familiar(const any_reference& ref) {
  if (const auto* id = std::get_if<digest>(&ref))
    return id->str();
  return std::get<reference>(ref).with_default_tag().familiar();
}

result<reference> with_tag(reference name, std::string_view tag) {
  if (!is_tag(tag))
    return invalid("invalid tag format");
  name.tag = tag;
  return name;
}

result<reference> repo_tag_reference(std::string_view repo, std::string_view tag) {
  if (repo.empty())
    return reference{};
  auto ref = parse_reference(repo);
  if (!ref)
    return ref;
  if (!ref->content.empty())
    return invalid("cannot import digest reference");
  if (!tag.empty())
    return with_tag(std::move(*ref), tag);
  return ref->with_default_tag();
}

result<void> check_new_tag(const reference& ref) {
  if (!ref.content.empty())
    return invalid("refusing to create a tag with a digest reference");
  if (ref.familiar_name() == "sha256")
    return invalid("refusing to create an ambiguous tag using digest algorithm as name");
  return {};
}

result<bool> matches_reference(std::string_view pattern, const reference& ref) {
  auto matched = path_match(pattern, ref.familiar());
  if (!matched || *matched)
    return matched;
  return path_match(pattern, ref.familiar_name());
}

} // namespace gantry::oci
