#include "actors/store/block_queue.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

using namespace gantry::store;

namespace {

block_ptr filled(block_pool& pool, std::string_view text) {
  auto b = pool.take();
  REQUIRE(b);
  std::copy(text.begin(), text.end(), b->room().begin());
  b->filled(text.size());
  return b;
}

} // namespace

TEST_CASE("block_queue: blocks come out in order, then the end", "[actors][store]") {
  block_pool pool{2};
  block_queue queue;
  queue.push(filled(pool, "a"));
  queue.push(filled(pool, "b"));
  queue.end();
  CHECK(queue.pop()->view() == "a");
  CHECK(queue.pop()->view() == "b");
  CHECK(queue.pop() == nullptr);
  CHECK_FALSE(queue.stopped());
}

TEST_CASE("block_queue: a block is reused when its last reader is done", "[actors][store]") {
  block_pool pool{1};
  auto first = filled(pool, "a");
  const auto* bytes = first->view().data();
  auto second = first;
  first = nullptr;
  block_ptr third;
  std::thread waiting{[&] { third = pool.take(); }};
  second = nullptr;
  waiting.join();
  REQUIRE(third);
  CHECK(third->view().empty());
  CHECK(third->room().data() == bytes);
  CHECK(third->room().size() == block::capacity);
}

TEST_CASE("block_queue: stop wakes who waits and drops the rest", "[actors][store]") {
  block_pool pool{1};
  block_queue full;
  full.push(filled(pool, "a"));
  block_queue empty;
  block_ptr read = std::make_shared<block>();
  block_ptr taken = read;
  std::thread reader{[&] { read = empty.pop(); }};
  std::thread writer{[&] { taken = pool.take(); }};
  pool.stop();
  empty.stop();
  reader.join();
  writer.join();
  CHECK(read == nullptr);
  CHECK(taken == nullptr);
  full.stop();
  CHECK(full.stopped());
  CHECK(full.pop() == nullptr);
  full.push(nullptr);
  CHECK(full.pop() == nullptr);
}

TEST_CASE("block_queue: two readers each see every byte of a long stream", "[actors][store]") {
  block_pool pool{3};
  block_queue queues[2];
  std::uint64_t sums[2] = {0, 0};
  std::thread readers[2];
  for (int i = 0; i < 2; ++i) {
    readers[i] = std::thread{[&queue = queues[i], &sum = sums[i]] {
      while (const auto b = queue.pop())
        for (const char c : b->view())
          sum = sum * 31 + static_cast<unsigned char>(c);
    }};
  }
  std::uint64_t expected = 0;
  for (int i = 0; i < 5000; ++i) {
    const auto text = std::to_string(i);
    for (const char c : text)
      expected = expected * 31 + static_cast<unsigned char>(c);
    auto b = filled(pool, text);
    queues[0].push(b);
    queues[1].push(std::move(b));
  }
  for (int i = 0; i < 2; ++i) {
    queues[i].end();
    readers[i].join();
    CHECK(sums[i] == expected);
  }
}
