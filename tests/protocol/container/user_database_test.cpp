#include "protocol/container/user_database.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace gantry::container {
namespace {

constexpr std::string_view passwd = "root:x:0:0:root:/root:/bin/sh\n"
                                    "daemon:x:1:1:daemon:/usr/sbin:/bin/sh\n"
                                    "\n"
                                    "broken\n"
                                    "odd:x:one:1::/:\n"
                                    "bob:x:1000:1000:Bob:/home/bob:/bin/sh\r\n"
                                    "77:x:2000:2000::/home/number:\n"
                                    "homeless:x:3000:3000\n"
                                    "bob:x:4000:4000:again::";
constexpr std::string_view group = "root:x:0:\n"
                                   "daemon:x:1:\n"
                                   "bob:x:1000:\n"
                                   "video:x:44:bob\n"
                                   "wheel:x:10:bob,root\n"
                                   "broken:x\n"
                                   "odd:x:ten:bob\n"
                                   "bobby:x:55:bobby,notbob\n"
                                   "short:x:66";

process_user found(std::string_view user, const std::vector<std::string>& added = {}) {
  return find_user(user, added, {passwd, group}).value();
}

std::string refused(std::string_view user, const std::vector<std::string>& added = {}) {
  const auto result = find_user(user, added, {passwd, group});
  REQUIRE(result.has_error());
  CHECK(result.error().kind == errc::invalid_parameter);
  return result.error().message;
}

} // namespace

TEST_CASE("user_database: users by name and number", "[protocol][container]") {
  CHECK(found("") == process_user{0, 0, {0, 10}, "/root"});
  CHECK(found("root") == found(""));
  CHECK(found("bob") == process_user{1000, 1000, {1000, 10, 44}, "/home/bob"});
  CHECK(found("1000") == found("bob"));
  CHECK(found("+1000") == found("bob"));
  CHECK(found("bob:") == found("bob"));
  CHECK(found("homeless") == process_user{3000, 3000, {3000}, "/"});
  // A number is a number, whoever is called so.
  CHECK(found("77") == process_user{77, 0, {0}, "/"});
}

TEST_CASE("user_database: a group of its own choice is the only one", "[protocol][container]") {
  CHECK(found("bob:wheel") == process_user{1000, 10, {10}, "/home/bob"});
  CHECK(found("1000:wheel") == found("bob:wheel"));
  CHECK(found("bob:44") == process_user{1000, 44, {44}, "/home/bob"});
  CHECK(found("bob:short") == process_user{1000, 66, {66}, "/home/bob"});
  CHECK(found(":wheel") == process_user{0, 10, {10}, "/root"});
  CHECK(found("bob:wheel:more") == found("bob:wheel"));
}

TEST_CASE("user_database: numbers that nobody has", "[protocol][container]") {
  CHECK(found("1234") == process_user{1234, 0, {0}, "/"});
  CHECK(found("1234:4321") == process_user{1234, 4321, {4321}, "/"});
  CHECK(found("2147483647:2147483647").uid == 2147483647);
  CHECK(find_user("", {}, {}).value() == process_user{0, 0, {0}, "/"});
  CHECK(find_user("5:6", {}, {}).value() == process_user{5, 6, {6}, "/"});
}

TEST_CASE("user_database: groups that are added", "[protocol][container]") {
  CHECK(found("daemon", {"wheel", "77"}).additional_gids == std::vector<std::uint32_t>{1, 10, 77});
  CHECK(found("bob", {"44", "video"}).additional_gids == std::vector<std::uint32_t>{1000, 10, 44});
  CHECK(found("bob:wheel", {"1000"}).additional_gids == std::vector<std::uint32_t>{10, 1000});
  CHECK(found("daemon", {"1"}).additional_gids == std::vector<std::uint32_t>{1});
}

TEST_CASE("user_database: who is not to be found is refused in Docker's words",
          "[protocol][container]") {
  const std::string range = "uids and gids must be in range 0-2147483647";
  CHECK(refused("nobody") == "unable to find user nobody: no matching entries in passwd file");
  CHECK(refused("a:b:c") == "unable to find user a: no matching entries in passwd file");
  CHECK(refused("odd") == "unable to find user odd: no matching entries in passwd file");
  CHECK(refused(" bob") == "unable to find user  bob: no matching entries in passwd file");
  CHECK(refused("bob:x") == "unable to find group x: no matching entries in group file");
  CHECK(refused("bob", {"x"}) == "Unable to find group x: no matching entries in group file");
  CHECK(refused("bob", {""}) == "Unable to find group : no matching entries in group file");
  CHECK(refused("-1") == range);
  CHECK(refused("2147483648") == range);
  CHECK(refused("4294967296") == range);
  CHECK(refused("1:99999999999") == range);
  CHECK(refused("1:-1") == range);
  CHECK(refused("bob", {"99999999999"}) == range);
  // Beyond what a number can be it is a name.
  CHECK(refused("99999999999999999999") ==
        "unable to find user 99999999999999999999: no matching entries in passwd file");
  CHECK(find_user("root", {}, {}).error().message ==
        "unable to find user root: no matching entries in passwd file");
}

} // namespace gantry::container
