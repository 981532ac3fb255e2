#include "actors/containers/container_services.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>

using namespace gantry::containers;

namespace {

setup_place::setup_ptr setup_with(const std::string& monitor) {
  auto made = std::make_shared<container_setup>();
  made->monitor_program = monitor;
  return made;
}

} // namespace

TEST_CASE("setup place: who waits is called when the setup is known", "[actors][containers]") {
  setup_place place;
  int called = 0;
  CHECK(place.get() == nullptr);
  CHECK(place.when_known([&] { ++called; }));
  CHECK(called == 0);
  place.set(setup_with("/first"));
  CHECK(called == 1);
  CHECK(place.when_known([&] { ++called; }));
  CHECK(called == 2);
}

TEST_CASE("setup place: a later setup takes the place, the earlier one can still be read",
          "[actors][containers]") {
  setup_place place;
  const setup_place copy = place;
  place.set(setup_with("/first"));
  const auto& first = *place;
  place.set(setup_with("/second"));
  CHECK(copy->monitor_program == "/second");
  CHECK(first.monitor_program == "/first");
}
