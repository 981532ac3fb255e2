// The one place where Catch2's own code is compiled; every test program links it.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
