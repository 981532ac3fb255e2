#pragma once

#include "protocol/error.hpp"
#include "protocol/oci/digest.hpp"

#include <compare>
#include <string>
#include <string_view>
#include <variant>

namespace gantry::oci {

/// The name of an image in its full form: `docker.io/library/busybox:latest`. Made by
/// `parse_reference` and `with_tag`; its parts were checked there.
struct reference {
  std::string domain; ///< `docker.io`, `localhost:5000`; "" for a name whose front is no host
  std::string path;   ///< `library/busybox`
  std::string tag;    ///< `latest`; "" if there is none
  digest content;     ///< what follows `@`; empty if there is none

  /// `docker.io/library/busybox`.
  std::string name() const;

  /// `docker.io/library/busybox:1@sha256:HEX`, as far as there is such a part.
  std::string str() const;

  /// `busybox`: without `docker.io/` and `library/`.
  std::string familiar_name() const;

  /// `busybox:1@sha256:HEX`: what people see, and what `RepoTags` lists.
  std::string familiar() const;

  /// True if there is neither tag nor digest.
  bool is_name_only() const noexcept { return tag.empty() && content.empty(); }

  /// This with `:latest` if it is the name alone.
  reference with_default_tag() const;

  friend bool operator==(const reference&, const reference&) = default;
  friend std::strong_ordering operator<=>(const reference&, const reference&) = default;
};

/// Reads a name as people write it: `busybox`, `localhost:5000/a/b:1`, `a@sha256:HEX`. Errors
/// (invalid_parameter): `invalid reference format`, `invalid reference format: repository name (x)
/// must be lowercase`, `repository name must be lowercase`, `repository name must not be more than
/// 255 characters`, `invalid repository name (x), cannot specify 64-byte hexadecimal strings`, and
/// those of `digest::parse`. Source: section 4.
result<reference> parse_reference(std::string_view text);

/// What may stand for an image: a whole id, or a name.
using any_reference = std::variant<digest, reference>;

/// Reads 64 hex digits or `sha256:HEX` as an id, everything else as `parse_reference`. NOTE: a part
/// of an id reads as a name; who looks up tries it as a name first and then as `id_prefix`.
result<any_reference> parse_any_reference(std::string_view text);

/// The familiar form, with `:latest` where there is neither tag nor digest: the name by which an
/// image is missed (`No such image: busybox:latest`).
std::string familiar(const any_reference& ref);

/// `name` with that tag in place of its own. Errors: invalid_parameter `invalid tag format`.
result<reference> with_tag(reference name, std::string_view tag);

/// The name that the parameters `repo` and `tag` of the API stand for, `:latest` if there is no
/// tag; nothing (name "") if `repo` is empty. Errors: as `parse_reference` and `with_tag`,
/// `cannot import digest reference`.
result<reference> repo_tag_reference(std::string_view repo, std::string_view tag);

/// Refuses names that no image may be given. Errors: invalid_parameter `refusing to create a tag
/// with a digest reference`, `refusing to create an ambiguous tag using digest algorithm as name`.
result<void> check_new_tag(const reference& ref);

/// The `reference` filter: true if the glob matches the familiar form, or the familiar form without
/// tag and digest. Errors: invalid_parameter `syntax error in pattern`.
result<bool> matches_reference(std::string_view pattern, const reference& ref);

} // namespace gantry::oci
