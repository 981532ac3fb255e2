#include "protocol/container/change.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

using namespace gantry::container;

TEST_CASE("change: no changes are null", "[container][files]") {
  CHECK(boost::json::serialize(to_value({})) == "null");
}

TEST_CASE("change: kinds are numbers", "[container][files]") {
  CHECK(boost::json::serialize(to_value({{"/bin", change_kind::modified},
                                         {"/bin/new", change_kind::added},
                                         {"/tmp", change_kind::removed}})) ==
        R"([{"Path":"/bin","Kind":0},{"Path":"/bin/new","Kind":1},{"Path":"/tmp","Kind":2}])");
}
