#include "tests/actors/jobs/job_fixture.hpp"

#include <boost/json/object.hpp>
#include <catch2/catch.hpp>

using namespace gantry;
using test::job_fixture;

TEST_CASE_METHOD(job_fixture, "prune: there is no build cache that could go", "[actors][jobs]") {
  CHECK(value("build_prune") ==
        boost::json::object{{"CachesDeleted", nullptr}, {"SpaceReclaimed", 0}});
}
