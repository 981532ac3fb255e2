#include "actors/store/compression.hpp"

#include <bzlib.h>
#include <isa-l/igzip_lib.h>
#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace gantry::store {

namespace {

constexpr int zstd_window_log = 27;                           // 128 MiB: what `zstd --long` makes
constexpr std::uint64_t xz_memory = std::uint64_t{128} << 20; // `xz -9` needs 65 MiB
constexpr std::size_t one_call = std::size_t{1} << 30; // several of the libraries count in 32 bits

api_error invalid(compression packed, std::string_view why) {
  return {errc::invalid_parameter,
          std::string{"invalid "} + to_string(packed) + " data: " + std::string{why}};
}

api_error cut_off(compression packed) {
  return {errc::invalid_parameter, std::string{"unexpected end of "} + to_string(packed) + " data"};
}

class copying final : public decompressor {
public:
  result<void> run(std::string_view& input, std::span<char>& output) override {
    const auto n = std::min(input.size(), output.size());
    if (n != 0)
      std::memcpy(output.data(), input.data(), n);
    input.remove_prefix(n);
    output = output.subspan(n);
    return {};
  }
  result<void> finish() override { return {}; }
};

// RFC 1952 by ISA-L. A stream is any number of members.
class gzip final : public decompressor {
public:
  gzip() : state_(std::make_unique<inflate_state>()) { start_member(); }

  result<void> run(std::string_view& input, std::span<char>& output) override {
    while (!output.empty()) {
      if (state_->block_state == ISAL_BLOCK_FINISH) {
        if (input.empty())
          return {};
        if (!begin_next_member(input)) {
          if (input.empty())
            continue;
          return invalid(compression::gzip, "something follows the last member");
        }
      }
      const auto given = std::min(input.size(), one_call);
      const auto room = std::min(output.size(), one_call);
      // NOTE: ISA-L does not write to its input; its type only does not say so.
      state_->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(input.data()));
      state_->avail_in = static_cast<std::uint32_t>(given);
      state_->next_out = reinterpret_cast<std::uint8_t*>(output.data());
      state_->avail_out = static_cast<std::uint32_t>(room);
      const int status = isal_inflate(state_.get());
      const auto taken = given - state_->avail_in;
      const auto made = room - state_->avail_out;
      input.remove_prefix(taken);
      output = output.subspan(made);
      if (status < 0)
        return invalid(compression::gzip, words(status));
      if (status == ISAL_NEED_DICT)
        return invalid(compression::gzip, "a preset dictionary");
      if (taken == 0 && made == 0 && state_->block_state != ISAL_BLOCK_FINISH)
        return {};
    }
    return {};
  }

  result<void> finish() override {
    if (state_->block_state != ISAL_BLOCK_FINISH)
      return cut_off(compression::gzip);
    return {};
  }

private:
  void start_member() {
    isal_inflate_init(state_.get());
    state_->crc_flag = ISAL_GZIP;
  }

  // Zeros after a member are padding, to the end of the stream. False if no member begins here.
  bool begin_next_member(std::string_view& input) {
    if (!padding_ && input.front() == '\x1f') {
      start_member();
      return true;
    }
    padding_ = true;
    const auto next = input.find_first_not_of('\0');
    input.remove_prefix(next == std::string_view::npos ? input.size() : next);
    return false;
  }

  static const char* words(int status) {
    switch (status) {
    case ISAL_INVALID_BLOCK:
      return "invalid block";
    case ISAL_INVALID_SYMBOL:
      return "invalid symbol";
    case ISAL_INVALID_LOOKBACK:
      return "invalid distance";
    case ISAL_INVALID_WRAPPER:
    case ISAL_UNSUPPORTED_METHOD:
      return "invalid header";
    case ISAL_INCORRECT_CHECKSUM:
      return "wrong checksum";
    default:
      return "corrupt";
    }
  }

  std::unique_ptr<inflate_state> state_;
  bool padding_ = false;
};

class bzip2 final : public decompressor {
public:
  ~bzip2() override { end(); }

  result<void> run(std::string_view& input, std::span<char>& output) override {
    while (!output.empty()) {
      if (!open_) {
        if (input.empty())
          return {};
        stream_ = {};
        if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK)
          throw std::bad_alloc{};
        open_ = true;
      }
      const auto given = std::min(input.size(), one_call);
      const auto room = std::min(output.size(), one_call);
      stream_.next_in = const_cast<char*>(input.data());
      stream_.avail_in = static_cast<unsigned>(given);
      stream_.next_out = output.data();
      stream_.avail_out = static_cast<unsigned>(room);
      const int status = BZ2_bzDecompress(&stream_);
      const auto taken = given - stream_.avail_in;
      const auto made = room - stream_.avail_out;
      input.remove_prefix(taken);
      output = output.subspan(made);
      if (status == BZ_STREAM_END) {
        end();
      } else if (status == BZ_MEM_ERROR) {
        throw std::bad_alloc{};
      } else if (status != BZ_OK) {
        return invalid(compression::bzip2,
                       status == BZ_DATA_ERROR_MAGIC ? "not bzip2" : "wrong checksum or corrupt");
      } else if (taken == 0 && made == 0) {
        return {};
      }
    }
    return {};
  }

  result<void> finish() override {
    if (open_)
      return cut_off(compression::bzip2);
    return {};
  }

private:
  void end() {
    if (std::exchange(open_, false))
      BZ2_bzDecompressEnd(&stream_);
  }

  bz_stream stream_{};
  bool open_ = false;
};

class xz final : public decompressor {
public:
  xz() {
    if (lzma_stream_decoder(&stream_, xz_memory, LZMA_CONCATENATED) != LZMA_OK)
      throw std::bad_alloc{};
  }
  ~xz() override { lzma_end(&stream_); }

  result<void> run(std::string_view& input, std::span<char>& output) override {
    while (!output.empty()) {
      const auto step = code(input, output, LZMA_RUN);
      if (!step.has_value())
        return step.error();
      if (!*step)
        return {};
    }
    return {};
  }

  // With LZMA_CONCATENATED only LZMA_FINISH says that the last stream is whole.
  result<void> finish() override {
    std::string_view no_input;
    char nothing = 0;
    std::span<char> room{&nothing, 1};
    for (;;) {
      const auto step = code(no_input, room, LZMA_FINISH);
      if (!step.has_value())
        return step.error();
      if (ended_)
        return {};
      if (!*step)
        return cut_off(compression::xz);
    }
  }

private:
  // True if something moved.
  result<bool> code(std::string_view& input, std::span<char>& output, lzma_action action) {
    const auto given = input.size();
    const auto room = output.size();
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
    stream_.avail_in = given;
    stream_.next_out = reinterpret_cast<std::uint8_t*>(output.data());
    stream_.avail_out = room;
    const auto status = lzma_code(&stream_, action);
    const auto taken = given - stream_.avail_in;
    const auto made = room - stream_.avail_out;
    input.remove_prefix(taken);
    output = output.subspan(made);
    switch (status) {
    case LZMA_OK:
      return taken != 0 || made != 0;
    case LZMA_STREAM_END:
      ended_ = true;
      return false;
    case LZMA_BUF_ERROR:
      return false;
    case LZMA_MEM_ERROR:
      throw std::bad_alloc{};
    case LZMA_MEMLIMIT_ERROR:
      return invalid(compression::xz, "the dictionary is larger than 128 MiB allow");
    case LZMA_FORMAT_ERROR:
      return invalid(compression::xz, "not xz");
    case LZMA_OPTIONS_ERROR:
      return invalid(compression::xz, "unsupported options");
    default:
      return invalid(compression::xz, "wrong checksum or corrupt");
    }
  }

  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool ended_ = false;
};

class zstd final : public decompressor {
public:
  zstd() : stream_(ZSTD_createDStream()) {
    if (!stream_)
      throw std::bad_alloc{};
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, zstd_window_log);
  }

  result<void> run(std::string_view& input, std::span<char>& output) override {
    while (!output.empty()) {
      ZSTD_inBuffer in{input.data(), input.size(), 0};
      ZSTD_outBuffer out{output.data(), output.size(), 0};
      const auto hint = ZSTD_decompressStream(stream_.get(), &out, &in);
      if (ZSTD_isError(hint))
        return invalid(compression::zstd, ZSTD_getErrorName(hint));
      input.remove_prefix(in.pos);
      output = output.subspan(out.pos);
      if (in.pos == 0 && out.pos == 0)
        return {};
      mid_frame_ = hint != 0;
    }
    return {};
  }

  result<void> finish() override {
    if (mid_frame_)
      return cut_off(compression::zstd);
    return {};
  }

private:
  struct free_stream {
    void operator()(ZSTD_DStream* s) const { ZSTD_freeDStream(s); }
  };
  std::unique_ptr<ZSTD_DStream, free_stream> stream_;
  bool mid_frame_ = true;
};

} // namespace

const char* to_string(compression packed) noexcept {
  switch (packed) {
  case compression::none:
    return "none";
  case compression::gzip:
    return "gzip";
  case compression::bzip2:
    return "bzip2";
  case compression::xz:
    return "xz";
  case compression::zstd:
    return "zstd";
  }
  return "unknown";
}

compression detect_compression(std::string_view first) noexcept {
  using namespace std::string_view_literals;
  if (first.starts_with("\x1f\x8b\x08"sv))
    return compression::gzip;
  if (first.starts_with("BZh"sv))
    return compression::bzip2;
  if (first.starts_with("\xfd"
                        "7zXZ\0"sv))
    return compression::xz;
  if (first.starts_with("\x28\xb5\x2f\xfd"sv))
    return compression::zstd;
  // A skippable frame (RFC 8878 §3.1.2) comes first, as parallel compressors write it.
  if (first.size() >= 4 && (first[0] & 0xf0) == 0x50 && first.substr(1, 3) == "\x2a\x4d\x18"sv)
    return compression::zstd;
  return compression::none;
}

std::unique_ptr<decompressor> decompressor::make(compression packed) {
  switch (packed) {
  case compression::gzip:
    return std::make_unique<gzip>();
  case compression::bzip2:
    return std::make_unique<bzip2>();
  case compression::xz:
    return std::make_unique<xz>();
  case compression::zstd:
    return std::make_unique<zstd>();
  case compression::none:
    break;
  }
  return std::make_unique<copying>();
}

} // namespace gantry::store
