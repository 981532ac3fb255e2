#include "actors/image/archive_reader.hpp"

#include "actors/store/compression.hpp"
#include "actors/store/tar_parsing.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <span>
#include <string_view>
#include <utility>

namespace gantry::image {

namespace {

constexpr std::size_t unpacked_piece = std::size_t{256} * 1024;

/// Unpacks a stream whose packing is known.
class unpacking_source {
public:
  unpacking_source(store::compression packing, std::string first, byte_source packed)
      : packed_(std::move(packed)), piece_(std::move(first)), rest_(piece_),
        unpacker_(store::decompressor::make(packing)) {}
  unpacking_source(const unpacking_source&) = delete;
  unpacking_source& operator=(const unpacking_source&) = delete;

  result<std::string> read() {
    std::string made;
    if (over_)
      return made;
    made.resize(unpacked_piece);
    std::span<char> room{made};
    while (!room.empty()) {
      if (auto done = unpacker_->run(rest_, room); !done)
        return done.error();
      if (room.empty())
        break;
      auto more = packed_();
      if (!more)
        return more.error();
      if (more->empty()) {
        over_ = true;
        if (auto done = unpacker_->finish(); !done)
          return done.error();
        break;
      }
      piece_ = std::move(*more);
      rest_ = piece_;
    }
    made.resize(made.size() - room.size());
    return made;
  }

private:
  byte_source packed_;
  std::string piece_;
  std::string_view rest_;
  std::unique_ptr<store::decompressor> unpacker_;
  bool over_ = false;
};

/// Looks at the first bytes, then gives them and the rest, unpacked.
class detecting_source {
public:
  explicit detecting_source(byte_source packed) : packed_(std::move(packed)) {}

  result<std::string> read() {
    if (unpacking_)
      return unpacking_->read();
    if (plain_)
      return packed_();
    std::string first;
    while (first.size() < store::compression_magic_size) {
      auto piece = packed_();
      if (!piece)
        return piece.error();
      if (piece->empty())
        break;
      first += *piece;
    }
    const auto packing = store::detect_compression(first);
    if (packing == store::compression::none) {
      plain_ = true;
      return first;
    }
    unpacking_ = std::make_unique<unpacking_source>(packing, std::move(first), std::move(packed_));
    return unpacking_->read();
  }

private:
  byte_source packed_;
  bool plain_ = false;
  std::unique_ptr<unpacking_source> unpacking_;
};

std::string_view view(const char* text) {
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

} // namespace

byte_source unpacked(byte_source packed) {
  auto source = std::make_shared<detecting_source>(std::move(packed));
  return [source] { return source->read(); };
}

struct archive_reader::state {
  explicit state(byte_source from) : source(std::move(from)), archive(::archive_read_new()) {
    if (archive == nullptr)
      throw std::bad_alloc{};
    ::archive_read_support_format_tar(archive);
    ::archive_read_support_format_empty(archive);
  }
  ~state() { ::archive_read_free(archive); }

  static la_ssize_t read_piece(::archive*, void* self, const void** bytes) {
    return static_cast<state*>(self)->next_piece(bytes);
  }

  la_ssize_t next_piece(const void** bytes) {
    if (failure)
      return -1;
    auto got = source();
    if (!got) {
      failure = got.error();
      return -1;
    }
    source_over = got->empty();
    piece = std::move(*got);
    *bytes = piece.data();
    return static_cast<la_ssize_t>(piece.size());
  }

  api_error error() {
    if (!failure)
      failure = store::broken_tar(source_over);
    return *failure;
  }

  void fill_entry();

  byte_source source;
  std::string piece;
  ::archive* archive;
  ::archive_entry* header = nullptr;
  bool opened = false;
  bool over = false;
  bool source_over = false;
  std::optional<api_error> failure;
  store::tar_entry entry;
};

void archive_reader::state::fill_entry() {
  entry = {};
  entry.path = view(::archive_entry_pathname(header));
  entry.size = static_cast<std::uint64_t>(std::max<la_int64_t>(0, ::archive_entry_size(header)));
  if (const char* target = ::archive_entry_hardlink(header)) {
    entry.kind = store::entry_kind::hard_link;
    entry.link = target;
    return;
  }
  switch (::archive_entry_filetype(header)) {
  case AE_IFREG:
    entry.kind = store::entry_kind::file;
    break;
  case AE_IFDIR:
    entry.kind = store::entry_kind::directory;
    break;
  case AE_IFLNK:
    entry.kind = store::entry_kind::symbolic_link;
    entry.link = view(::archive_entry_symlink(header));
    break;
  default: // nothing that an archive of images has a use for
    entry.kind = store::entry_kind::other;
  }
}

archive_reader::archive_reader(byte_source source)
    : state_(std::make_unique<state>(std::move(source))) {}
archive_reader::~archive_reader() = default;

result<const store::tar_entry*> archive_reader::next() {
  auto& s = *state_;
  if (s.failure)
    return *s.failure;
  if (s.over)
    return nullptr;
  const store::utf8_names locale;
  if (!std::exchange(s.opened, true) &&
      ::archive_read_open(s.archive, &s, nullptr, state::read_piece, nullptr) != ARCHIVE_OK)
    return s.error();
  if (s.header != nullptr && ::archive_read_data_skip(s.archive) < ARCHIVE_WARN)
    return s.error();
  const int status = ::archive_read_next_header(s.archive, &s.header);
  if (s.failure || (status != ARCHIVE_OK && status != ARCHIVE_WARN && status != ARCHIVE_EOF))
    return s.error();
  if (status != ARCHIVE_EOF) {
    s.fill_entry();
    return &s.entry;
  }
  s.over = true;
  // What follows is padding; a client that still sends it is to be heard to the end.
  while (!s.source_over) {
    const void* ignored = nullptr;
    if (s.next_piece(&ignored) < 0)
      return s.error();
  }
  return nullptr;
}

result<std::optional<store::tar_data>> archive_reader::data() {
  auto& s = *state_;
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int status = ::archive_read_data_block(s.archive, &bytes, &size, &offset);
  if (s.failure)
    return *s.failure;
  if (status == ARCHIVE_EOF)
    return std::optional<store::tar_data>{};
  if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
    return s.error();
  return std::optional{
      store::tar_data{static_cast<std::uint64_t>(offset), {static_cast<const char*>(bytes), size}}};
}

} // namespace gantry::image
