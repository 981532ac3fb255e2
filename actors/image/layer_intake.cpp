#include "actors/image/layer_intake.hpp"

#include "actors/host/unique_fd.hpp"
#include "actors/store/digest_stream.hpp"
#include "actors/store/file_steps.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace gantry::image {

namespace {

/// So long an operation that makes what others want may stand still before they do it themselves.
constexpr std::chrono::seconds patience{3};

constexpr std::size_t spool_piece = std::size_t{256} * 1024;

std::filesystem::path spool_in(const scratch_directory& directory) {
  return directory.path() / "spool";
}

result<void> write_all(int fd, const std::filesystem::path& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return store::file_error("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

/// Such an error may only mean that a file is no layer, which matters if an image has it.
bool is_client_error(const api_error& e) { return e.kind == errc::invalid_parameter; }

oci::archive_layer describe(const store::imported_layer& layer) {
  return {layer.diff_id, static_cast<std::int64_t>(layer.diff_size), layer.digest,
          static_cast<std::int64_t>(layer.size)};
}

} // namespace

result<std::optional<store::layer_info>> layer_intake::hold(const oci::digest& diff_id) {
  return ask_store_blocking(
      services_.store, "hold layer", [lease = lease_, diff_id](store::image_store& s) {
        return result<std::optional<store::layer_info>>{s.hold_layer(lease, diff_id)};
      });
}

result<void> layer_intake::take(std::string path, const oci::digest& claimed,
                                const contents& read) {
  const auto number = layers_.size();
  layers_.push_back({std::move(path), {}, {}});
  if (claimed.empty())
    return make(number, std::nullopt, read);
  auto held = hold(claimed);
  if (!held)
    return held.error();
  if (*held) {
    const auto size = static_cast<std::int64_t>((*held)->tar_size);
    layers_[number].what = {claimed, size, claimed, size};
    return {}; // the reader passes over the rest
  }
  auto [claim, other] = services_.in_progress->join(claimed, pulse_);
  if (!other)
    return make(number, std::move(claim), read);
  auto directory = scratch_directory::make(*services_.layers);
  if (!directory)
    return directory.error();
  auto size = spool(*directory, read);
  if (!size)
    return size.error();
  layers_[number].what.content_size = *size;
  awaited_.push_back({number, std::move(*directory), std::move(other), claimed});
  return {};
}

bool layer_intake::may_have(std::int64_t size) const {
  return services_.catalog->get()->has_layer_of(static_cast<std::uint64_t>(size));
}

result<void> layer_intake::identify(std::string path, const contents& read) {
  const auto number = layers_.size();
  layers_.push_back({std::move(path), {}, {}});
  auto directory = scratch_directory::make(*services_.layers);
  if (!directory)
    return directory.error();
  store::digest_stream stream;
  auto size = spool(*directory, [&]() -> result<std::optional<std::string_view>> {
    auto piece = read();
    if (piece && *piece)
      stream.update(**piece);
    return piece;
  });
  if (!size)
    return size.error();
  const auto digest = stream.finish();
  auto held = hold(digest);
  if (!held)
    return held.error();
  if (!*held)
    return make_from_spool(number, *directory);
  layers_[number].what = {digest, *size, digest, *size};
  return {};
}

result<store::imported_layer> layer_intake::import(const scratch_directory& into,
                                                   const contents& read) {
  store::layer_import layer{into.path(), services_.layers->whiteouts()};
  for (;;) {
    auto piece = read();
    if (!piece)
      return piece.error();
    if (!*piece)
      break;
    wait_for_room();
    pulse_->fetch_add(1);
    services_.unpacking->note();
    if (auto taken = layer.write(**piece); !taken)
      return taken.error();
  }
  const unpack_activity::step last{*services_.unpacking};
  return layer.finish();
}

result<void> layer_intake::make(std::size_t number, std::optional<layers_in_progress::claim> claim,
                                const contents& read) {
  if (!barrier_) {
    auto barrier = services_.layers->barrier();
    if (!barrier)
      return barrier.error();
    barrier_ = std::move(*barrier);
  }
  auto directory = scratch_directory::make(*services_.layers);
  if (!directory)
    return directory.error();
  bool of_reader = false;
  auto imported = import(*directory, [&]() -> result<std::optional<std::string_view>> {
    auto piece = read();
    of_reader = !piece;
    return piece;
  });
  if (!imported) {
    if (of_reader || !is_client_error(imported.error()))
      return imported.error();
    layers_[number].broken = imported.error(); // that may be no layer at all
    return {};
  }
  layers_[number].what = describe(*imported);
  // Others may only rely on what is what it was said to be.
  if (claim && claim->claimed() != imported->digest && claim->claimed() != imported->diff_id)
    claim.reset();
  made_.push_back({std::move(*directory), std::move(*imported), std::move(claim)});
  return {};
}

result<std::int64_t> layer_intake::spool(const scratch_directory& into, const contents& read) {
  const auto path = spool_in(into);
  const host::unique_fd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!file)
    return store::file_error("open", path, errno);
  std::int64_t size = 0;
  for (;;) {
    auto piece = read();
    if (!piece)
      return piece.error();
    if (!*piece)
      return size;
    wait_for_room();
    pulse_->fetch_add(1);
    size += static_cast<std::int64_t>((*piece)->size());
    if (auto written = write_all(file.get(), path, **piece); !written)
      return written.error();
  }
}

void layer_intake::wait_for_room() {
  if (!room_)
    room_.emplace(*services_.layers);
  room_->wait_blocking([this] { return io_.gone(); });
}

result<void> layer_intake::settle() {
  if (auto stored = store_made(); !stored)
    return stored;
  // What others wait for is there now: they can wait for each other without end no more.
  for (auto& layer : awaited_)
    if (auto settled = await(layer); !settled)
      return settled;
  awaited_.clear();
  return store_made();
}

result<void> layer_intake::store_made() {
  if (made_.empty())
    return {};
  const unpack_activity::step last{*services_.unpacking};
  if (auto flushed = barrier_->flush(); !flushed)
    return flushed;
  for (auto& layer : made_) {
    if (auto stored = store_one(layer); !stored)
      return stored;
    pulse_->fetch_add(1);
  }
  made_.clear();
  return {};
}

result<void> layer_intake::store_one(made_layer& layer) {
  const auto& imported = layer.imported;
  const store::layer_info info{imported.diff_id, to_string(services_.layers->driver()),
                               imported.diff_size, imported.tree_size};
  auto added =
      ask_store_blocking(services_.store, "add layer",
                         [lease = lease_, path = layer.directory.path(),
                          info](store::image_store& s) { return s.add_layer(lease, path, info); });
  if (!added)
    return added.error();
  layer.directory.release();
  if (layer.claim)
    layer.claim->done(imported.diff_id);
  return {};
}

result<void> layer_intake::await(awaited_layer& layer) {
  auto diff_id = layer.other->wait(patience, [this] { return io_.gone(); });
  if (io_.gone())
    return api_error{errc::unavailable, "the client has left"};
  if (diff_id) {
    auto held = hold(*diff_id);
    if (!held)
      return held.error();
    if (*held) {
      auto& what = layers_[layer.number].what;
      what.diff_id = *diff_id;
      what.size = static_cast<std::int64_t>((*held)->tar_size);
      what.content = layer.claimed;
      return {};
    }
  }
  // The other one failed, or what it brought has gone again.
  return make_from_spool(layer.number, layer.directory);
}

result<void> layer_intake::make_from_spool(std::size_t number, const scratch_directory& directory) {
  const auto path = spool_in(directory);
  const host::unique_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file)
    return store::file_error("open", path, errno);
  std::string buffer(spool_piece, '\0');
  return make(number, std::nullopt, [&]() -> result<std::optional<std::string_view>> {
    if (io_.gone())
      return api_error{errc::unavailable, "the client has left"};
    for (;;) {
      const auto n = ::read(file.get(), buffer.data(), buffer.size());
      if (n > 0)
        return std::optional{std::string_view{buffer}.substr(0, static_cast<std::size_t>(n))};
      if (n == 0)
        return std::optional<std::string_view>{};
      if (errno != EINTR)
        return store::file_error("read", path, errno);
    }
  });
}

} // namespace gantry::image
