#include "protocol/container/names.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace gantry;
using namespace gantry::container;

TEST_CASE("names: which are good", "[protocol][container]") {
  for (const char* name : {"web", "/web", "a1", "0a", "A_.-", "a--"}) {
    INFO(name);
    auto checked = checked_name(name);
    REQUIRE(checked.has_value());
    CHECK(*checked == (*name == '/' ? std::string{name} : "/" + std::string{name}));
  }
  for (const char* name : {"", "/", "a", "/a", "_a", "-a", ".a", "a b", "a/b", "//ab", "\xc3\xa9x"})
    CHECK(checked_name(name).error() ==
          api_error{errc::invalid_parameter, std::string{"Invalid container name ("} + name +
                                                 "), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"});
}

TEST_CASE("names: generated ones are good, and many", "[protocol][container]") {
  std::set<std::string> names;
  std::uint64_t random = 88172645463325252;
  for (int i = 0; i < 2000; ++i) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    auto name = generated_name(random, 0);
    REQUIRE(*checked_name(name) == name);
    CHECK(name.find('_') != name.npos);
    CHECK(name.find_first_of("0123456789") == name.npos);
    names.insert(name);
  }
  CHECK(names.size() > 1500);
}

TEST_CASE("names: later attempts end with a digit", "[protocol][container]") {
  auto name = generated_name(12345678901234567, 1);
  CHECK(std::isdigit(static_cast<unsigned char>(name.back())));
  CHECK(name.substr(0, name.size() - 1) == generated_name(12345678901234567, 0));
}

TEST_CASE("names: one that is taken", "[protocol][container]") {
  CHECK(
      name_in_use("/x", "01ab") ==
      api_error{errc::conflict,
                "Conflict. The container name \"/x\" is already in use by container \"01ab\". You "
                "have to remove (or rename) that container to be able to reuse that name."});
}

TEST_CASE("names: ids that could be numbers", "[protocol][container]") {
  CHECK(is_usable_id("01234567890a" + std::string(52, '0')));
  CHECK_FALSE(is_usable_id("012345678901a" + std::string(51, '0')));
}
