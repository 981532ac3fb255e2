#include "actors/inspect/pprof.hpp"
#include "actors/inspect/symbols.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

using namespace gantry;

namespace {

/// Not exported, so only the program's own symbol table knows it.
[[gnu::noinline]] int a_static_function(int x) { return x * 3 + 1; }

std::uintptr_t address_of(int (*f)(int)) { return reinterpret_cast<std::uintptr_t>(f); }

std::string in_base(std::uintptr_t value, std::ios_base& (*base)(std::ios_base&)) {
  std::ostringstream out;
  out << base << std::showbase << value;
  return out.str();
}

} // namespace

TEST_CASE("symbols: finds functions of the program and of libraries", "[actors][inspect]") {
  CHECK(a_static_function(1) == 4);
  inspect::symbolizer symbols;
  auto own = symbols.find(address_of(a_static_function) + 2);
  REQUIRE(own);
  CHECK(own->name == "(anonymous namespace)::a_static_function(int)");
  CHECK(own->offset == 2);
  auto exported = symbols.find(reinterpret_cast<std::uintptr_t>(&inspect::thread_count));
  REQUIRE(exported);
  CHECK(exported->name.starts_with("gantry::inspect::thread_count("));
  void (*library_function)(void*) = &std::free;
  CHECK(symbols.find(reinterpret_cast<std::uintptr_t>(library_function)));
}

TEST_CASE("symbols: what is no function has no name", "[actors][inspect]") {
  inspect::symbolizer symbols;
  CHECK(!symbols.find(0));
  CHECK(!symbols.find(0x10));
  CHECK(!symbols.find(UINTPTR_MAX));
  int local = 0;
  CHECK(!symbols.find(reinterpret_cast<std::uintptr_t>(&local)));
}

TEST_CASE("symbol page: DB1, takes every base and skips the rest", "[actors][inspect]") {
  auto address = address_of(a_static_function);
  auto line = in_base(address, std::hex) + " (anonymous namespace)::a_static_function(int)\n";
  auto decimal = in_base(address, std::dec);
  auto octal = in_base(address, std::oct);
  CHECK(inspect::pprof_symbols("") == "num_symbols: 1\n");
  CHECK(inspect::pprof_symbols(in_base(address, std::hex)) == "num_symbols: 1\n" + line);
  CHECK(inspect::pprof_symbols(decimal + "+" + octal) == "num_symbols: 1\n" + line + line);
  CHECK(inspect::pprof_symbols("0x10+x++0x+" + decimal + "\n+0xffffffffffffffffff") ==
        "num_symbols: 1\n" + line);
}

TEST_CASE("index: DB1, a page with a link for each profile", "[actors][inspect]") {
  auto page = inspect::pprof_index({{"goroutine", 12}, {"heap", 0}});
  CHECK(page.starts_with("<html>\n<head>\n<title>/debug/pprof/</title>"));
  CHECK(page.find("<tr><td align=right>12<td><a href=\"goroutine?debug=1\">goroutine</a>") !=
        std::string::npos);
  CHECK(page.find("<tr><td align=right>0<td><a href=\"heap?debug=1\">heap</a>") !=
        std::string::npos);
}

TEST_CASE("cmdline: DB1, K-34, arguments as they are, joined by NUL", "[actors][inspect]") {
  test::temp_dir root;
  using namespace std::string_literals;
  root.write("proc/self/cmdline", "gantryd\0-H\0unix://%s\0\0last\0"s);
  auto arguments = inspect::read_arguments(root.path());
  CHECK(arguments == std::vector<std::string>{"gantryd", "-H", "unix://%s", "", "last"});
  CHECK(inspect::pprof_cmdline(arguments) == "gantryd\0-H\0unix://%s\0\0last"s);
  CHECK(inspect::pprof_cmdline({}).empty());
  CHECK(!inspect::read_arguments().empty());
}

TEST_CASE("threadcreate: DB1, threads by name", "[actors][inspect]") {
  test::temp_dir root;
  root.write("proc/self/task/10/comm", "gantryd\n");
  root.write("proc/self/task/11/comm", "gantry-io-0\n");
  root.write("proc/self/task/12/comm", "gantry-worker\n");
  root.write("proc/self/task/12/other", "");
  root.write("proc/self/task/13/other", "");
  CHECK(inspect::thread_profile(0, root.path()) == "threadcreate profile: total 4\n"
                                                   "1 @ (ended)\n1 @ gantry-io-0\n"
                                                   "1 @ gantry-worker\n1 @ gantryd\n");
  CHECK(inspect::thread_profile(1, root.path()).find("1 @ gantryd\n#\tthread 10\n") !=
        std::string::npos);
  CHECK(inspect::thread_count(root.path()) == 4);
  CHECK(inspect::thread_count() >= 1);
  CHECK(inspect::thread_profile(0, root.file("none")) == "threadcreate profile: total 0\n");
}
