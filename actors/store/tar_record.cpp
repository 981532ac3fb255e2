#include "actors/store/tar_record.hpp"

#include "actors/host/unique_fd.hpp"
#include "actors/store/file_steps.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <new>
#include <utility>
#include <vector>

namespace gantry::store {

namespace {

constexpr std::string_view magic{"GANTRYTR\x01", 9};
constexpr int level = 1; // headers are so regular that more effort gains little
constexpr std::size_t buffer_size = std::size_t{64} * 1024;
constexpr std::size_t longest_number = 10;

void append_number(std::string& out, std::uint64_t n) {
  for (; n >= 0x80; n >>= 7)
    out += static_cast<char>(n | 0x80);
  out += static_cast<char>(n);
}

result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR)
        continue;
      return file_error("write", path, errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

} // namespace

struct tar_record_writer::state {
  ~state() { ZSTD_freeCCtx(zstd); }

  result<void> compress(std::string_view bytes, ZSTD_EndDirective how) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (;;) {
      ZSTD_outBuffer out{packed.data(), packed.size(), 0};
      const auto left = ZSTD_compressStream2(zstd, &out, &in, how);
      if (ZSTD_isError(left))
        return api_error{errc::system, path + ": " + ZSTD_getErrorName(left)};
      if (auto written = write_all(fd.get(), {packed.data(), out.pos}, path); !written.has_value())
        return written;
      if (how == ZSTD_e_end ? left == 0 : in.pos == in.size)
        return {};
    }
  }

  // What is known is put into words as late as possible, so that pieces become one operation.
  result<void> flush_data() {
    if (const auto n = std::exchange(data_size, 0)) {
      operations += 'D';
      append_number(operations, data_offset);
      append_number(operations, n);
    }
    return flush_if_full();
  }
  result<void> flush_literal() {
    if (!literal.empty()) {
      operations += 'L';
      append_number(operations, literal.size());
      operations += literal;
      literal.clear();
    }
    return flush_if_full();
  }
  result<void> flush_if_full() {
    if (operations.size() < buffer_size)
      return {};
    auto done = compress(operations, ZSTD_e_continue);
    operations.clear();
    return done;
  }

  host::unique_fd fd;
  std::string path;
  ZSTD_CCtx* zstd = nullptr;
  std::vector<char> packed = std::vector<char>(ZSTD_CStreamOutSize());
  std::string operations;
  std::string literal;
  std::uint64_t data_offset = 0;
  std::uint64_t data_size = 0;
  std::uint64_t total = 0;
};

tar_record_writer::tar_record_writer(std::unique_ptr<state> s) : state_(std::move(s)) {}
tar_record_writer::tar_record_writer(tar_record_writer&&) noexcept = default;
tar_record_writer& tar_record_writer::operator=(tar_record_writer&&) noexcept = default;
tar_record_writer::~tar_record_writer() = default;

result<tar_record_writer> tar_record_writer::create(const std::filesystem::path& path) {
  auto s = std::make_unique<state>();
  s->path = path.string();
  s->fd.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!s->fd)
    return file_error("open", s->path, errno);
  s->zstd = ZSTD_createCCtx();
  if (s->zstd == nullptr)
    throw std::bad_alloc{};
  ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_checksumFlag, 1);
  s->operations.reserve(2 * buffer_size);
  s->literal.reserve(buffer_size);
  if (auto written = write_all(s->fd.get(), magic, s->path); !written.has_value())
    return written.error();
  return tar_record_writer{std::move(s)};
}

result<void> tar_record_writer::literal(std::string_view bytes) {
  auto& s = *state_;
  s.total += bytes.size();
  if (s.data_size != 0) {
    if (auto done = s.flush_data(); !done.has_value())
      return done;
  }
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, buffer_size - s.literal.size());
    s.literal += part;
    bytes.remove_prefix(part.size());
    if (s.literal.size() == buffer_size) {
      if (auto done = s.flush_literal(); !done.has_value())
        return done;
    }
  }
  return {};
}

result<void> tar_record_writer::file(std::string_view path, std::uint64_t size) {
  auto& s = *state_;
  if (auto done = s.flush_data(); !done.has_value())
    return done;
  if (auto done = s.flush_literal(); !done.has_value())
    return done;
  s.operations += 'F';
  append_number(s.operations, size);
  append_number(s.operations, path.size());
  s.operations += path;
  return {};
}

result<void> tar_record_writer::data(std::uint64_t offset, std::uint64_t n) {
  auto& s = *state_;
  s.total += n;
  if (auto done = s.flush_literal(); !done.has_value())
    return done;
  if (s.data_size != 0 && s.data_offset + s.data_size == offset) {
    s.data_size += n;
    return {};
  }
  if (auto done = s.flush_data(); !done.has_value())
    return done;
  s.data_offset = offset;
  s.data_size = n;
  return {};
}

result<void> tar_record_writer::finish() {
  auto& s = *state_;
  if (auto done = s.flush_data(); !done.has_value())
    return done;
  if (auto done = s.flush_literal(); !done.has_value())
    return done;
  s.operations += 'E';
  append_number(s.operations, s.total);
  return s.compress(s.operations, ZSTD_e_end);
}

struct tar_record_reader::state {
  ~state() { ZSTD_freeDCtx(zstd); }

  api_error truncated() const { return {errc::system, "record '" + path + "' is truncated"}; }
  api_error corrupt(std::string_view why) const {
    return {errc::system, "record '" + path + "' is corrupt: " + std::string{why}};
  }

  // Makes at least `want` unread bytes available, or all that there are. `want` fits the buffer.
  result<void> fill(std::size_t want) {
    if (window.size() >= want)
      return {};
    plain.erase(plain.begin(), plain.end() - static_cast<std::ptrdiff_t>(window.size()));
    auto have = plain.size();
    plain.resize(have + buffer_size);
    while (have < want && !frame_ended) {
      if (packed_at.pos == packed_at.size) {
        const auto n = ::read(fd.get(), packed.data(), packed.size());
        if (n < 0) {
          if (errno == EINTR)
            continue;
          return file_error("read", path, errno);
        }
        if (n == 0)
          return truncated();
        packed_at = {packed.data(), static_cast<std::size_t>(n), 0};
      }
      ZSTD_outBuffer out{plain.data() + have, plain.size() - have, 0};
      const auto left = ZSTD_decompressStream(zstd, &out, &packed_at);
      if (ZSTD_isError(left))
        return corrupt(ZSTD_getErrorName(left));
      have += out.pos;
      frame_ended = left == 0;
    }
    plain.resize(have);
    window = plain;
    return {};
  }

  // All numbers of an operation are in the window when this is called; an end in the middle is
  // seen here.
  result<std::uint64_t> number() {
    std::uint64_t n = 0;
    for (unsigned shift = 0; !window.empty() && shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(window.front());
      window.remove_prefix(1);
      if (shift == 63 && byte > 1)
        break;
      n |= std::uint64_t{byte & 0x7fU} << shift;
      if ((byte & 0x80U) == 0)
        return n;
    }
    return corrupt("a number that is none");
  }

  result<std::string_view> text(std::uint64_t size) {
    if (size > buffer_size)
      return corrupt("an operation that is too long");
    if (auto filled = fill(size); !filled.has_value())
      return filled.error();
    if (window.size() < size)
      return corrupt("it ends in an operation");
    const auto found = window.substr(0, size);
    window.remove_prefix(size);
    return found;
  }

  result<void> add(std::uint64_t n) {
    if (n > INT64_MAX - total)
      return corrupt("more bytes than a tar can have");
    total += n;
    return {};
  }

  host::unique_fd fd;
  std::string path;
  ZSTD_DCtx* zstd = nullptr;
  std::vector<char> packed = std::vector<char>(ZSTD_DStreamInSize());
  ZSTD_inBuffer packed_at{nullptr, 0, 0};
  std::string plain;       // the unread operations are its end ...
  std::string_view window; // ... here
  bool frame_ended = false;
  bool in_file = false;
  std::uint64_t total = 0;
};

tar_record_reader::tar_record_reader(std::unique_ptr<state> s) : state_(std::move(s)) {}
tar_record_reader::tar_record_reader(tar_record_reader&&) noexcept = default;
tar_record_reader& tar_record_reader::operator=(tar_record_reader&&) noexcept = default;
tar_record_reader::~tar_record_reader() = default;

result<tar_record_reader> tar_record_reader::open(const std::filesystem::path& path) {
  auto s = std::make_unique<state>();
  s->path = path.string();
  s->fd.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!s->fd)
    return file_error("open", s->path, errno);
  s->zstd = ZSTD_createDCtx();
  if (s->zstd == nullptr)
    throw std::bad_alloc{};

  std::array<char, magic.size()> head{};
  std::size_t have = 0;
  while (have < head.size()) {
    const auto n = ::read(s->fd.get(), head.data() + have, head.size() - have);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return file_error("read", s->path, errno);
    if (n == 0)
      return s->truncated();
    have += static_cast<std::size_t>(n);
  }
  const std::string_view found{head.data(), head.size()};
  if (!found.starts_with(magic.substr(0, magic.size() - 1)))
    return s->corrupt("it is no record of a tar");
  if (found != magic)
    return api_error{errc::system, "record '" + s->path + "' has version " +
                                       std::to_string(static_cast<unsigned char>(found.back())) +
                                       ", which is not known here"};
  return tar_record_reader{std::move(s)};
}

result<record::operation> tar_record_reader::next() {
  auto& s = *state_;
  if (auto filled = s.fill(1 + 2 * longest_number); !filled.has_value())
    return filled.error();
  if (s.window.empty())
    return s.corrupt("it has no end");
  const char kind = s.window.front();
  s.window.remove_prefix(1);
  const auto first = s.number();
  if (!first.has_value())
    return first.error();
  switch (kind) {
  case 'L': {
    const auto bytes = s.text(*first);
    if (!bytes.has_value())
      return bytes.error();
    if (auto added = s.add(*first); !added.has_value())
      return added.error();
    return record::operation{record::literal{*bytes}};
  }
  case 'F': {
    const auto length = s.number();
    if (!length.has_value())
      return length.error();
    const auto path = s.text(*length);
    if (!path.has_value())
      return path.error();
    s.in_file = true;
    return record::operation{record::file{*path, *first}};
  }
  case 'D': {
    const auto size = s.number();
    if (!size.has_value())
      return size.error();
    if (!s.in_file)
      return s.corrupt("contents of no file");
    if (auto added = s.add(*size); !added.has_value())
      return added.error();
    return record::operation{record::data{*first, *size}};
  }
  case 'E': {
    // The checksum comes last: it was only looked at if the frame was read to its end.
    if (auto filled = s.fill(1); !filled.has_value())
      return filled.error();
    char one = 0;
    if (!s.window.empty() || s.packed_at.pos != s.packed_at.size ||
        ::read(s.fd.get(), &one, 1) != 0)
      return s.corrupt("something follows its end");
    if (*first != s.total)
      return s.corrupt("it does not add up");
    return record::operation{record::end{s.total}};
  }
  default:
    return s.corrupt("an unknown operation");
  }
}

} // namespace gantry::store
