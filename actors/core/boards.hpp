#pragma once

#include "actors/core/messages.hpp"
#include "actors/runtime/ticks.hpp"
#include "protocol/http/message.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

/// What actors put up about themselves to be read by any thread, also while they, or all threads of
/// actors, are stuck.
namespace gantry::core {

/// A board of cards. Each card is on a `place` that its owner has; the board must outlive them.
/// Owners and readers take a lock for a moment.
template <class Card>
class board {
  struct shard;

public:
  board() = default;
  board(const board&) = delete;
  board& operator=(const board&) = delete;

  /// Where an owner's card hangs until the place goes. Its owner alone uses it.
  class place {
  public:
    place() = default;
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place() {
      if (!shard_)
        return;
      std::lock_guard guard{shard_->mutex};
      (previous_ ? previous_->next_ : shard_->first) = next_;
      if (next_)
        next_->previous_ = previous_;
    }

    /// Once. Does nothing without a board.
    void put_up(board* on, Card card) {
      if (!on)
        return;
      card_ = std::move(card);
      shard_ = &on->shards_[(reinterpret_cast<std::uintptr_t>(this) >> 6) % shards];
      std::lock_guard guard{shard_->mutex};
      next_ = shard_->first;
      if (next_)
        next_->previous_ = this;
      shard_->first = this;
    }

    /// `how(Card&)`, while nobody reads.
    template <class Change>
    void change(Change how) {
      if (!shard_)
        return;
      std::lock_guard guard{shard_->mutex};
      how(card_);
    }

  private:
    friend class board;
    shard* shard_ = nullptr; ///< null: on no board
    place* next_ = nullptr;
    place* previous_ = nullptr;
    Card card_;
  };

  /// `see(const Card&)` for each card, in no order. What a card points to holds for the length of
  /// the call.
  template <class See>
  void read(See see) const {
    for (auto& s : shards_) {
      std::lock_guard guard{s.mutex};
      for (auto* p = s.first; p; p = p->next_)
        see(p->card_);
    }
  }

private:
  static constexpr std::size_t shards = 8;
  struct alignas(64) shard {
    mutable std::mutex mutex;
    place* first = nullptr;
  };
  std::array<shard, shards> shards_;
};

/// A connection of the API. What it points to is its owner's.
struct connection_card {
  std::uint64_t actor = 0;
  std::shared_ptr<const std::string> listener; ///< `tcp://127.0.0.1:2375`
  std::shared_ptr<const client_info> client;
  std::chrono::steady_clock::time_point since;
  std::uint64_t requests = 0;          ///< that were answered
  request_id request = 0;              ///< at work now, 0 if none
  const http::request* head = nullptr; ///< of that request
  runtime::ticks moved = 0;            ///< when the client last had its part in it
  bool with_client = false;            ///< goes on when the client does: sends more, reads more
  runtime::ticks begun = 0;            ///< when that head was there
};

/// A job that runs.
struct job_card {
  request_id request = 0;
  const std::string* call = nullptr; ///< `containers_json(all=1)`
  std::uint64_t actor = 0;
  const client_info* client = nullptr; ///< null: the daemon itself
  std::chrono::steady_clock::time_point since;
  bool prompt = false; ///< its answer is one value that is due soon
};

/// A bounded stream between a client and a job or a process.
struct stream_card {
  std::uint64_t actor = 0; ///< that writes into it
  const char* what = "";   ///< `job output`, `attach input`
  request_id request = 0;
  std::uint64_t bytes = 0; ///< that went through
  std::int64_t credit = 0; ///< bytes that its reader takes now; none: it is held up
  std::chrono::steady_clock::time_point since; ///< without credit: since when there is none
};

using connection_board = board<connection_card>;
using job_board = board<job_card>;
using stream_board = board<stream_card>;

} // namespace gantry::core
