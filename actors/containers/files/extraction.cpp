#include "actors/containers/files/extraction.hpp"

#include "actors/containers/files/path_lookup.hpp"
#include "actors/containers/process_files.hpp"
#include "actors/store/confined_root.hpp"
#include "actors/store/file_steps.hpp"
#include "actors/store/layer_unpacker.hpp"
#include "actors/store/tar_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace gantry::containers {

namespace {

using store::confined_root;

/// Where the directory is, below the root.
result<std::string> find_base(const confined_root& root, const extract_request& request) {
  const auto path = container::parse_container_path(request.path).text();
  const auto found = root.open_inside(path, O_PATH);
  struct stat facts {};
  if (!found && found.error().kind == errc::not_found)
    return no_such_file(request.path, request.container);
  if (!found || ::fstat(found->get(), &facts) != 0 || !S_ISDIR(facts.st_mode))
    return invalid("extraction point is not a directory");
  return root.path_of(found->get());
}

result<std::pair<std::uint32_t, std::uint32_t>> user_of(confined_root& root,
                                                        const std::string& user) {
  const auto found = find_root_user(root, user, {});
  if (!found)
    return found.error();
  return std::pair{found->uid, found->gid};
}

result<void> unpack(store::layer_unpacker unpacker, const image::byte_source& tar) {
  const auto plain = image::unpacked(tar);
  std::string piece;
  store::tar_reader reader{[&]() -> result<std::string_view> {
    auto next = plain();
    if (!next)
      return next.error();
    piece = std::move(*next);
    return std::string_view{piece};
  }};
  if (auto done = unpack_tar(reader, unpacker); !done)
    return done;
  return unpacker.finish();
}

} // namespace

result<void> extract_blocking(const files_of_container& container, const extract_request& request,
                              image::byte_source tar) {
  const auto view = file_view::open_blocking(container);
  if (!view)
    return view.error();
  confined_root root{host::duplicate(view->root())};
  auto base = find_base(root, request);
  if (!base)
    return base.error();
  if (auto writable = check_writable(container.view, '/' + *base); !writable)
    return writable;
  store::extraction how{.base = std::move(*base), .keep_kinds = request.keep_kinds, .owner = {}};
  if (const auto& user = container.view.config->user; request.as_user && !user.empty()) {
    const auto owner = user_of(root, user);
    if (!owner)
      return owner.error();
    how.owner = *owner;
  }
  auto done =
      unpack(store::layer_unpacker::extract(host::duplicate(view->root()), std::move(how)), tar);
  // NOTE: what the file system objects to is neither missing nor a conflict for clients.
  if (!done && done.error().kind != errc::invalid_parameter &&
      done.error().kind != errc::unavailable)
    return api_error{errc::system, done.error().message};
  return done;
}

} // namespace gantry::containers
