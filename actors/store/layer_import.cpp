#include "actors/store/layer_import.hpp"

#include "actors/store/block_queue.hpp"
#include "actors/store/digest_stream.hpp"
#include "actors/store/file_steps.hpp"
#include "actors/store/layer_unpacker.hpp"
#include "actors/store/tar_reader.hpp"
#include "actors/store/tar_record.hpp"

#include <pthread.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace gantry::store {

namespace {

// Enough that a stage rarely waits for one that was held up for a moment.
constexpr std::size_t input_blocks = 8;
constexpr std::size_t tar_blocks = 12;

} // namespace

class layer_import::pipeline {
public:
  pipeline(std::filesystem::path directory, whiteout_form whiteouts)
      : directory_(std::move(directory)), whiteouts_(whiteouts) {}
  ~pipeline() {
    fail({errc::system, "layer import was cancelled"});
    join();
  }

  result<void> write(std::string_view bytes) {
    while (!bytes.empty()) {
      if (!filling_ && !(filling_ = input_.take()))
        return error();
      auto room = filling_->room();
      const auto n = std::min(room.size(), bytes.size());
      std::memcpy(room.data(), bytes.data(), n);
      filling_->filled(n);
      bytes.remove_prefix(n);
      if (n == room.size())
        send();
    }
    return {};
  }

  result<imported_layer> finish() {
    send();
    if (made_.packed == compression::none) {
      tar_queue_.end();
      tar_digest_queue_.end();
    } else {
      packed_queue_.end();
      packed_digest_queue_.end();
    }
    join();
    const std::lock_guard lock{mutex_};
    if (failure_)
      return *failure_;
    return made_;
  }

  // The first failure is the one that counts; it ends all stages.
  void fail(api_error why) noexcept {
    {
      const std::lock_guard lock{mutex_};
      if (!failure_)
        failure_ = std::move(why);
    }
    input_.stop();
    tar_.stop();
    for (auto* queue : {&packed_queue_, &packed_digest_queue_, &tar_queue_, &tar_digest_queue_})
      queue->stop();
  }

private:
  api_error error() {
    const std::lock_guard lock{mutex_};
    return failure_.value_or(api_error{errc::system, "layer import was cancelled"});
  }

  // Hands on what was filled. The first time it is known what the stream is.
  void send() {
    if (threads_.empty())
      start(detect_compression(filling_ ? filling_->view() : std::string_view{}));
    if (!filling_)
      return;
    if (made_.packed == compression::none) {
      tar_digest_queue_.push(filling_);
      tar_queue_.push(std::move(filling_));
    } else {
      packed_digest_queue_.push(filling_);
      packed_queue_.push(std::move(filling_));
    }
    filling_ = nullptr;
  }

  void start(compression packed) {
    made_.packed = packed;
    threads_.reserve(4);
    run("layer-tar", [this] { unpack(); });
    run("layer-digest", [this] { digest(tar_digest_queue_, made_.diff_id, made_.diff_size); });
    if (packed == compression::none)
      return;
    run("layer-inflate", [this] { inflate(); });
    run("blob-digest", [this] { digest(packed_digest_queue_, made_.digest, made_.size); });
  }

  template <class Stage>
  void run(const char* name, Stage stage) {
    threads_.emplace_back([this, name, stage] {
      ::pthread_setname_np(::pthread_self(), name);
      try {
        stage();
      } catch (const std::exception& e) {
        fail({errc::system, std::string{"failed to import a layer: "} + e.what()});
      }
    });
  }

  void join() {
    for (auto& thread : threads_)
      thread.join();
    threads_.clear();
    if (made_.packed == compression::none) {
      made_.digest = made_.diff_id;
      made_.size = made_.diff_size;
    }
  }

  static void digest(block_queue& queue, oci::digest& digest, std::uint64_t& size) {
    digest_stream stream;
    while (const auto piece = queue.pop())
      stream.update(piece->view());
    size = stream.size();
    digest = stream.finish();
  }

  void inflate() {
    if (auto done = inflate_all(); !done.has_value())
      return fail(done.error());
    tar_queue_.end();
    tar_digest_queue_.end();
  }

  result<void> inflate_all() {
    const auto inflater = decompressor::make(made_.packed);
    block_ptr plain;
    const auto hand_on = [&] {
      tar_digest_queue_.push(plain);
      tar_queue_.push(std::move(plain));
      plain = nullptr;
    };
    while (const auto packed = packed_queue_.pop()) {
      auto bytes = packed->view();
      for (;;) {
        if (!plain && !(plain = tar_.take()))
          return error();
        auto room = plain->room();
        const auto before = room.size();
        if (auto done = inflater->run(bytes, room); !done.has_value())
          return done;
        plain->filled(before - room.size());
        if (!room.empty())
          break; // needs input
        hand_on();
      }
    }
    if (packed_queue_.stopped())
      return error();
    if (plain && !plain->view().empty())
      hand_on();
    return inflater->finish();
  }

  void unpack() {
    if (auto done = unpack_all(); !done.has_value())
      fail(done.error());
  }

  result<void> unpack_all() {
    const auto tree = directory_ / "diff";
    // 0755: what a layer without an entry for its root gets.
    if (::mkdir(tree.c_str(), 0755) != 0 || ::chmod(tree.c_str(), 0755) != 0)
      return file_error("mkdir", tree.string(), errno);
    const auto record_path = directory_ / "record";
    auto record = tar_record_writer::create(record_path);
    if (!record.has_value())
      return record.error();
    auto unpacker = layer_unpacker::open(directory_, whiteouts_);
    if (!unpacker.has_value())
      return unpacker.error();

    block_ptr piece;
    tar_reader reader{[&]() -> result<std::string_view> {
                        piece = nullptr; // first: there may be no other free one
                        piece = tar_queue_.pop();
                        if (piece)
                          return piece->view();
                        if (tar_queue_.stopped())
                          return error();
                        return std::string_view{};
                      },
                      *record};
    if (auto done = unpack_tar(reader, *unpacker); !done.has_value())
      return done;
    if (auto done = record->finish(); !done.has_value())
      return done;
    if (auto done = unpacker->finish(record_path); !done.has_value())
      return done;
    made_.tree_size = unpacker->tree_size();
    made_.entries = unpacker->entries();
    made_.skipped_entries = unpacker->skipped_entries();
    made_.skipped_xattrs = unpacker->skipped_xattrs();
    return {};
  }

  const std::filesystem::path directory_;
  const whiteout_form whiteouts_;

  // Pools before queues: they outlive their blocks.
  block_pool input_{input_blocks};
  block_pool tar_{tar_blocks};
  block_ptr filling_;
  block_queue packed_queue_;
  block_queue packed_digest_queue_;
  block_queue tar_queue_;
  block_queue tar_digest_queue_;
  std::vector<std::thread> threads_;

  imported_layer made_; // each stage writes its own fields; read when all have ended
  std::mutex mutex_;
  std::optional<api_error> failure_;
};

layer_import::layer_import(std::filesystem::path directory, whiteout_form whiteouts)
    : pipeline_(std::make_unique<pipeline>(std::move(directory), whiteouts)) {}
layer_import::~layer_import() = default;

result<void> layer_import::write(std::string_view bytes) { return pipeline_->write(bytes); }

result<imported_layer> layer_import::finish() { return pipeline_->finish(); }

void layer_import::cancel() noexcept {
  pipeline_->fail({errc::system, "layer import was cancelled"});
}

} // namespace gantry::store
