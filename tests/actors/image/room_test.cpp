#include "actors/image/room.hpp"

#include "actors/store/trash.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <limits>
#include <memory>

using namespace gantry;
using namespace std::chrono_literals;

namespace {

/// A disk that has too little room whatever there is, and something that is being deleted from it.
struct room_fixture {
  room_fixture() {
    std::filesystem::create_directories(dir.file("trash"));
    bin = std::make_shared<store::trash>(dir.file("trash"));
    files = store::layer_files::open(store::paths{dir.path()}, store::layer_driver::copy, bin);
    dir.write("item/file", "x");
    REQUIRE(bin->take(dir.file("item")).has_value());
    terms.bytes = std::numeric_limits<std::uint64_t>::max();
    terms.look = 1ms;
  }
  void empty_trash() const {
    for (const auto& item : std::filesystem::directory_iterator{dir.file("trash")})
      std::filesystem::remove_all(item);
  }

  test::temp_dir dir;
  std::shared_ptr<store::trash> bin;
  result<store::layer_files> files = api_error{};
  image::room_terms terms;
  int looks = 0;
};

} // namespace

TEST_CASE_METHOD(room_fixture, "room: waits until the trash is empty", "[actors][image]") {
  image::room room{*files, terms};
  CHECK(files->is_deleting());
  room.wait_blocking([this] {
    if (++looks == 3)
      empty_trash();
    return false;
  });
  CHECK(looks == 3);
  CHECK_FALSE(files->is_deleting());
  room.wait_blocking([this] { return ++looks != 0; });
  CHECK(looks == 3);
}

TEST_CASE_METHOD(room_fixture, "room: waits for nobody who has left", "[actors][image]") {
  image::room room{*files, terms};
  room.wait_blocking([this] { return ++looks == 2; });
  CHECK(looks == 2);
}

TEST_CASE_METHOD(room_fixture, "room: does not wait where there is enough", "[actors][image]") {
  terms.bytes = 0;
  terms.files = 0;
  image::room room{*files, terms};
  room.wait_blocking([this] { return ++looks != 0; });
  CHECK(looks == 0);
}

TEST_CASE_METHOD(room_fixture, "room: gives up once where nothing comes free", "[actors][image]") {
  terms.patience = 0ms;
  image::room room{*files, terms};
  for (int i = 0; i < 3; ++i)
    room.wait_blocking([this] {
      ++looks;
      return false;
    });
  CHECK(looks >= 1);
  CHECK(looks < 3); // not at all the last time, whatever came free meanwhile
  CHECK(files->is_deleting());
}
