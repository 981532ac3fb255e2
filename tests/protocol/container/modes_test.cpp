#include "protocol/container/modes.hpp"

#include "protocol/container/addresses.hpp"

#include <catch2/catch.hpp>

using namespace gantry::container;

TEST_CASE("modes: containers and networks", "[protocol][container]") {
  CHECK(container_of_mode("container:web") == "web");
  CHECK(container_of_mode("container:") == "");
  CHECK_FALSE(container_of_mode("container"));
  CHECK_FALSE(container_of_mode("host"));
  CHECK(is_user_network("mynet"));
  for (const char* mode : {"default", "bridge", "host", "none", "container:x"})
    CHECK_FALSE(is_user_network(mode));
}

TEST_CASE("addresses: what is one", "[protocol][container]") {
  CHECK(is_ipv4("1.2.3.4"));
  CHECK_FALSE(is_ipv4("1.2.3"));
  CHECK_FALSE(is_ipv4("::1"));
  CHECK(is_ipv6("::1"));
  CHECK_FALSE(is_ipv6("fe80::1%eth0"));
  for (const char* mac :
       {"02:42:ac:11:00:02", "02-42-AC-11-00-02", "0242.ac11.0002", "02:00:5e:10:00:00:00:01"})
    CHECK(is_mac_address(mac));
  for (const char* text : {"", "x", "02:42:ac:11:00", "02:42:ac:11:00:0", "02:42-ac:11:00:02",
                           "02:42:ac:11:00:02:", "0242ac110002", "02:42:ac:11:00:0g"})
    CHECK_FALSE(is_mac_address(text));
}
