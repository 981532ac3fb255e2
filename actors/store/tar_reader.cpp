#include "actors/store/tar_reader.hpp"

#include "actors/store/tar_parsing.hpp"
#include "protocol/stream/pax.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <new>
#include <string>
#include <utility>

namespace gantry::store {

namespace {

constexpr std::array<char, stream::tar_block_size> zeros{};

// More than any headers of one entry that libarchive accepts; what is beyond is not looked at.
constexpr std::size_t most_header_bytes = std::size_t{4} << 20;

std::string_view view(const char* text) {
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

} // namespace

struct tar_reader::state {
  state(piece_source from, tar_record_writer* to)
      : source(std::move(from)), record(to), archive(::archive_read_new()) {
    if (archive == nullptr)
      throw std::bad_alloc{};
    ::archive_read_support_format_tar(archive);
    ::archive_read_support_format_empty(archive);
  }
  ~state() { ::archive_read_free(archive); }

  static la_ssize_t read_piece(::archive*, void* self, const void** bytes) {
    return static_cast<state*>(self)->next_piece(bytes);
  }

  // Called when libarchive has used up what it had and needs more. All of that belongs to what it
  // is reading, and what was not handed out is to be kept.
  la_ssize_t next_piece(const void** bytes) {
    if (failure || !pass_until(position + piece.size()))
      return -1;
    position += piece.size();
    piece = {};
    auto got = source();
    if (!got.has_value()) {
      failure = got.error();
      return -1;
    }
    piece = *got;
    *bytes = piece.data();
    if (piece.empty() && !ended) {
      ended = true;
      // NOTE: umoci leaves out the last file's padding and the end of the archive. Go's reader
      // takes that; for libarchive there have to be zeros, which the record does not get.
      if (const auto used = position % stream::tar_block_size; used != 0 && !in_headers) {
        *bytes = zeros.data();
        return static_cast<la_ssize_t>(zeros.size() - used);
      }
    }
    return static_cast<la_ssize_t>(piece.size());
  }

  // Everything before `end` that the record does not have yet is kept.
  bool pass_until(std::uint64_t end) {
    if (end <= recorded)
      return true;
    const auto bytes = piece.substr(recorded - position, end - recorded);
    recorded += bytes.size();
    if (in_headers && headers.size() < most_header_bytes)
      headers += bytes;
    return record == nullptr || keep(record->literal(bytes));
  }

  bool keep(result<void> done) {
    if (!done.has_value())
      failure = done.error();
    return done.has_value();
  }

  api_error error() {
    if (!failure) {
      const char* text = ::archive_error_string(archive);
      failure = broken_tar(text != nullptr && std::string_view{text}.starts_with("Truncated"));
    }
    return *failure;
  }

  // Bytes that libarchive took from the stream: where it is in it.
  std::uint64_t taken() const {
    return static_cast<std::uint64_t>(std::max<la_int64_t>(::archive_filter_bytes(archive, 0), 0));
  }

  result<bool> read_header();
  void fill_entry();
  result<void> drain();

  piece_source source;
  tar_record_writer* record; // null: none is wanted
  ::archive* archive;
  ::archive_entry* header = nullptr;
  bool opened = false;
  bool ended = false; // the stream
  bool over = false;  // the archive

  std::string_view piece;     // what libarchive was given last ...
  std::uint64_t position = 0; // ... which begins here in the stream
  std::uint64_t recorded = 0; // the record has everything before this
  bool in_headers = true;
  std::string headers; // of the present entry, as they are in the stream
  bool referring = false;
  std::optional<api_error> failure;

  tar_entry entry;
  std::string pax_path;
  std::string pax_link;
};

tar_reader::tar_reader(piece_source source, tar_record_writer& record)
    : state_(std::make_unique<state>(std::move(source), &record)) {}
tar_reader::tar_reader(piece_source source)
    : state_(std::make_unique<state>(std::move(source), nullptr)) {}
tar_reader::~tar_reader() = default;

// False at the end of the archive.
result<bool> tar_reader::state::read_header() {
  const utf8_names locale;
  if (!opened) {
    opened = true;
    if (::archive_read_open(archive, this, nullptr, read_piece, nullptr) != ARCHIVE_OK)
      return error();
  }
  if (header != nullptr && ::archive_read_data_skip(archive) < ARCHIVE_WARN)
    return error();
  referring = false;
  if (!pass_until(std::min(taken(), position + piece.size())))
    return error();
  headers.clear();
  in_headers = true;
  const int status = ::archive_read_next_header(archive, &header);
  if (failure)
    return error();
  if (status == ARCHIVE_EOF)
    return false;
  if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
    return error();
  if (!pass_until(std::min(taken(), position + piece.size())))
    return error();
  in_headers = false;
  fill_entry();
  // NOTE: what is not UTF-8 in a pax header's name, libarchive replaces and warns. Names are bytes.
  if (status == ARCHIVE_WARN) {
    pax_path = stream::pax_value(headers, "path");
    pax_link = stream::pax_value(headers, "linkpath");
    if (!pax_path.empty() && stream::pax_value(headers, "GNU.sparse.name").empty())
      entry.path = pax_path;
    if (!pax_link.empty() && !entry.link.empty())
      entry.link = pax_link;
  }
  if (entry.path.empty() ||
      (::archive_entry_filetype(header) == 0 && entry.kind != entry_kind::hard_link))
    return error();
  return true;
}

void tar_reader::state::fill_entry() {
  entry = {};
  entry.path = view(::archive_entry_pathname(header));
  entry.mode = ::archive_entry_perm(header) & 07777U;
  entry.uid = ::archive_entry_uid(header);
  entry.gid = ::archive_entry_gid(header);
  entry.modified = {::archive_entry_mtime(header), ::archive_entry_mtime_nsec(header)};
  if (::archive_entry_atime_is_set(header) != 0)
    entry.accessed = timespec{::archive_entry_atime(header), ::archive_entry_atime_nsec(header)};
  if (const char* target = ::archive_entry_hardlink(header)) {
    entry.kind = entry_kind::hard_link;
    entry.link = target;
  } else {
    switch (::archive_entry_filetype(header)) {
    case AE_IFREG:
      entry.kind = entry_kind::file;
      entry.size =
          static_cast<std::uint64_t>(std::max<la_int64_t>(0, ::archive_entry_size(header)));
      break;
    case AE_IFDIR:
      entry.kind = entry_kind::directory;
      break;
    case AE_IFLNK:
      entry.kind = entry_kind::symbolic_link;
      entry.link = view(::archive_entry_symlink(header));
      break;
    case AE_IFCHR:
      entry.kind = entry_kind::character_device;
      entry.device = ::archive_entry_rdev(header);
      break;
    case AE_IFBLK:
      entry.kind = entry_kind::block_device;
      entry.device = ::archive_entry_rdev(header);
      break;
    case AE_IFIFO:
      entry.kind = entry_kind::fifo;
      break;
    default:
      entry.kind = entry_kind::other;
    }
  }
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  ::archive_entry_xattr_reset(header);
  while (::archive_entry_xattr_next(header, &name, &value, &size) == ARCHIVE_OK)
    entry.xattrs.push_back({view(name), {static_cast<const char*>(value), size}});
}

// Keeps what comes behind the end of the archive: padding, mostly.
result<void> tar_reader::state::drain() {
  in_headers = false;
  const void* bytes = nullptr;
  for (;;) {
    const auto n = next_piece(&bytes);
    if (n < 0)
      return error();
    if (n == 0)
      return {};
  }
}

result<const tar_entry*> tar_reader::next() {
  auto& s = *state_;
  if (s.failure)
    return *s.failure;
  if (s.over)
    return nullptr;
  const auto found = s.read_header();
  if (!found.has_value())
    return found.error();
  if (*found)
    return &s.entry;
  s.over = true;
  if (auto drained = s.drain(); !drained.has_value())
    return drained.error();
  return nullptr;
}

result<void> tar_reader::refer_to(std::string_view path) {
  auto& s = *state_;
  if (s.record == nullptr)
    return {};
  s.referring = true;
  if (!s.keep(s.record->file(path, s.entry.size)))
    return *s.failure;
  return {};
}

result<std::optional<tar_data>> tar_reader::data() {
  auto& s = *state_;
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int status = ::archive_read_data_block(s.archive, &bytes, &size, &offset);
  if (s.failure)
    return *s.failure;
  if (status == ARCHIVE_EOF)
    return std::optional<tar_data>{};
  if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
    return s.error();
  const tar_data part{static_cast<std::uint64_t>(offset), {static_cast<const char*>(bytes), size}};
  // What libarchive gives out it takes with the next call only.
  const auto begin = s.taken();
  if (s.ended && begin + size > s.position + s.piece.size())
    return broken_tar(true);
  if (s.referring) {
    if (!s.pass_until(std::min<std::uint64_t>(begin, s.position + s.piece.size())))
      return *s.failure;
    const auto end = begin + size;
    // Some bytes may have been kept when libarchive looked ahead.
    if (const auto from = std::max(begin, s.recorded); from < end) {
      s.recorded = end;
      if (!s.keep(s.record->data(part.offset + (from - begin), end - from)))
        return *s.failure;
    }
  }
  return std::optional{part};
}

} // namespace gantry::store
