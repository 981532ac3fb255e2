#include "actors/jobs/image_reference.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <optional>

namespace gantry::jobs {

namespace {

constexpr std::string_view default_domain = "docker.io";

api_error invalid(std::string text) { return {errc::invalid_parameter, std::move(text)}; }

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool has_upper(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// What is wrong with `ALGORITHM:HEX`; nothing if it is a digest.
std::optional<std::string> digest_fault(std::string_view digest) {
  auto colon = digest.find(':');
  if (colon == std::string_view::npos)
    return "invalid checksum digest format";
  auto algorithm = digest.substr(0, colon);
  auto hex = digest.substr(colon + 1);
  std::size_t size = 0;
  if (algorithm == "sha256")
    size = 64;
  else if (algorithm == "sha384")
    size = 96;
  else if (algorithm == "sha512")
    size = 128;
  else
    return "unsupported digest algorithm";
  if (hex.size() != size)
    return "invalid checksum digest length";
  if (!is_lower_hex(hex))
    return "invalid checksum digest format";
  return std::nullopt;
}

/// Name, tag and digest after the domain (distribution/reference grammar).
const re2::RE2& grammar() {
  static const re2::RE2 expression{
      R"(((?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)"
      R"(|\[[a-fA-F0-9:]+\])(?::[0-9]+)?)/)"
      R"(([a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*))"
      R"((?::([\w][\w.-]{0,127}))?)"
      R"((?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?)"};
  return expression;
}

} // namespace

result<std::string> familiar_image_name(std::string_view reference) {
  if (reference.size() == 64 && is_lower_hex(reference))
    return "sha256:" + std::string{reference};
  if (!digest_fault(reference))
    return std::string{reference};

  std::string domain{default_domain};
  std::string rest{reference};
  auto slash = reference.find('/');
  auto first = reference.substr(0, slash);
  if (slash != std::string_view::npos && (first.find_first_of(".:") != std::string_view::npos ||
                                          first == "localhost" || has_upper(first))) {
    domain = first == "index.docker.io" ? default_domain : first;
    rest = reference.substr(slash + 1);
  }
  if (domain == default_domain && rest.find('/') == std::string::npos)
    rest.insert(0, "library/");
  if (auto name = rest.substr(0, rest.find(':')); has_upper(name))
    return invalid("invalid reference format: repository name (" + name + ") must be lowercase");

  std::string path;
  std::string tag;
  std::string digest;
  if (!re2::RE2::FullMatch(domain + '/' + rest, grammar(), &domain, &path, &tag, &digest))
    return invalid("invalid reference format");
  if (domain.size() + 1 + path.size() > 255)
    return invalid("repository name must not be more than 255 characters");
  if (!digest.empty())
    if (auto fault = digest_fault(digest))
      return invalid(*fault);

  constexpr std::string_view official = "library/";
  std::string name = domain + '/' + path;
  if (domain == default_domain) {
    bool plain = path.starts_with(official) && path.find('/', official.size()) == std::string::npos;
    name = plain ? path.substr(official.size()) : path;
  }
  if (tag.empty() && digest.empty())
    tag = "latest";
  if (!tag.empty())
    name += ':' + tag;
  if (!digest.empty())
    name += '@' + digest;
  return name;
}

} // namespace gantry::jobs
