#include "app/options.hpp"

#include "app/command_words.hpp"
#include "app/option_table.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace gantry;
using namespace gantry::app;

namespace {

using words = std::vector<std::string>;

command_line parsed(const words& args) {
  auto got = parse_flags(args);
  INFO(Catch::StringMaker<words>::convert(args));
  if (auto* stop = std::get_if<print_and_exit>(&got))
    FAIL(stop->err << stop->out);
  return std::get<command_line>(got);
}

print_and_exit stopped(const words& args) {
  auto got = parse_flags(args);
  INFO(Catch::StringMaker<words>::convert(args));
  REQUIRE(std::holds_alternative<print_and_exit>(got));
  return std::get<print_and_exit>(got);
}

} // namespace

TEST_CASE("options: no flags are the defaults (2.1)", "[app]") {
  auto got = parsed({});
  CHECK(got.values == settings{});
  CHECK(got.given.empty());
  CHECK(got.config_file == "/etc/gantry/daemon.json");
  CHECK_FALSE(got.config_file_given);
  CHECK_FALSE(got.validate_only);
}

TEST_CASE("options: all ways to write a flag (F1, F2)", "[app]") {
  for (const auto& args : std::vector<words>{{"-D"},
                                             {"--debug"},
                                             {"--debug=true"},
                                             {"--debug=1"},
                                             {"--debug=T"},
                                             {"-D=t"},
                                             {"--debug=\"true\""},
                                             {"-dD"},
                                             {"-Dd"},
                                             {"--debug=false", "--debug"}}) {
    INFO(Catch::StringMaker<words>::convert(args));
    CHECK(parsed(args).values.debug);
    CHECK(parsed(args).given.count("debug") == 1);
  }
  for (const auto& args : std::vector<words>{{"--debug=false"}, {"-D=0"}, {"-D", "--debug=F"}})
    CHECK_FALSE(parsed(args).values.debug);
  for (const auto& args : std::vector<words>{{"-g", "/x"},
                                             {"-g=/x"},
                                             {"-g/x"},
                                             {"-dg", "/x"},
                                             {"-Dg=/x"},
                                             {"--graph", "/x"},
                                             {"--graph=/x"},
                                             {"--graph='/x'"},
                                             {"--data-root", "/x"},
                                             {"--data-root=\"/x\""},
                                             {"--data-root=/y", "-g", "/x"}}) {
    INFO(Catch::StringMaker<words>::convert(args));
    CHECK(parsed(args).values.data_root == "/x");
  }
  for (const char* word : {"warn", "warning", "WARN", "Warning"})
    CHECK(parsed({"-l", word}).values.log_level == log::level::warn);
}

TEST_CASE("options: a value is taken as it is, whatever it looks like", "[app]") {
  for (const char* value :
       {"", "-", "--", "--debug", "-x", "[a,b]", "{}", "%%", "a b", "a,b", "true"}) {
    INFO(value);
    CHECK(parsed({"-G", value}).values.group == value);
    CHECK(parsed({std::string("--group=") + value}).values.group == value);
  }
  CHECK(parsed({"--group='it's'"}).values.group == "it's");
  CHECK(parsed({"--group='x\""}).values.group == "'x\"");
  CHECK(parsed({"--group='"}).values.group == "'");
  CHECK(parsed({"--shutdown-timeout", "-1"}).values.shutdown_timeout == -1);
}

TEST_CASE("options: lists grow in the order given", "[app]") {
  auto got = parsed({"-H",
                     "unix:///a",
                     "-D",
                     "--host=tcp://:2375",
                     "-Hfd://",
                     "--label",
                     "a=1",
                     "--label=b=2",
                     "--dns",
                     "8.8.8.8",
                     "--log-opt",
                     "x=1",
                     "--log-opt",
                     "y=2",
                     "--add-runtime",
                     "kata=/opt/kata",
                     "--default-ulimit",
                     "nofile=1:2",
                     "--default-address-pool",
                     "base=10.0.0.0/8,size=24"});
  CHECK(got.values.hosts == words{"unix:///a", "tcp://127.0.0.1:2375", "fd://"});
  CHECK(got.values.labels == words{"a=1", "b=2"});
  CHECK(got.values.dns == words{"8.8.8.8"});
  CHECK(got.values.log_opts == string_map{{"x", "1"}, {"y", "2"}});
  CHECK(got.values.runtimes == runtime_map{{"kata", {"/opt/kata", {}}}});
  CHECK(got.values.default_ulimits == ulimit_map{{"nofile", {1, 2}}});
  CHECK(got.values.default_address_pools == std::vector<address_pool>{{"10.0.0.0/8", 24}});
  CHECK(got.given == std::set<std::string, std::less<>>{"debug", "default-address-pools",
                                                        "default-ulimits", "dns", "hosts", "labels",
                                                        "log-opts", "runtimes"});
}

TEST_CASE("options: the names of 1.2.0 are taken with a warning (F4)", "[app]") {
  for (const char* name : {"iptables", "ip-forward", "icc"}) {
    auto got = parsed({std::string("-") + name + "=true"});
    CHECK(got.given == std::set<std::string, std::less<>>{name});
    CHECK(got.warnings ==
          words{"Warning: '-" + std::string(name) + "' is deprecated, it will be replaced by '--" +
                name + "' soon. See usage."});
  }
  CHECK(parsed({"-bip", "10.0.0.1/8"}).values.bip == "10.0.0.1/8");
  CHECK(parsed({"-mtu=1400"}).values.mtu == 1400);
  CHECK(parsed({"-ip", "1.2.3.4"}).values.ip == "1.2.3.4");
  CHECK(parsed({"-dns", "1.2.3.4"}).values.dns == words{"1.2.3.4"});
  CHECK(parsed({"-dns-search=a.b"}).values.dns_search == words{"a.b"});
  auto cors = parsed({"-api-enable-cors"});
  CHECK(cors.values.api_cors_header == "*");
  CHECK(cors.warnings == words{"Warning: '-api-enable-cors' is deprecated, it will be replaced by "
                               "'--api-enable-cors' soon. See usage."});
  for (const char* flag : {"-restart", "--restart", "--restart=false"})
    CHECK(parsed({flag}).warnings ==
          words{"Warning: '--restart' is deprecated, it will be removed soon. See usage."});
  CHECK(parsed({"-r"}).warnings ==
        words{"Warning: '-r' is deprecated, it will be removed soon. See usage."});
  for (const auto& args : std::vector<words>{{"-e", "native"}, {"--exec-driver=lxc"}})
    CHECK(parsed(args).warnings == words{"Warning: '--exec-driver' has no effect here."});
}

TEST_CASE("options: -d is taken and does nothing", "[app]") {
  for (const char* flag : {"-d", "--daemon", "--daemon=true"}) {
    auto got = parsed({flag});
    CHECK(got.values == settings{});
    CHECK(got.warnings.empty());
  }
}

TEST_CASE("options: CORS for all, or for one origin", "[app]") {
  CHECK(parsed({"--api-enable-cors"}).values.api_cors_header == "*");
  CHECK(parsed({"--api-enable-cors"}).given.count("api-cors-header") == 1);
  CHECK(parsed({"--api-enable-cors=false"}).values.api_cors_header.empty());
  CHECK(parsed({"--api-enable-cors", "--api-cors-header=http://a"}).values.api_cors_header ==
        "http://a");
}

TEST_CASE("options: mistakes are told as dockerd tells them, with status 1 (F3)", "[app]") {
  std::pair<words, const char*> cases[] = {
      {{"--nope"}, "unknown flag: --nope"},
      {{"--nope=1"}, "unknown flag: --nope"},
      {{"-nope"}, "unknown shorthand flag: 'n' in -nope"},
      {{"-Z"}, "unknown shorthand flag: 'Z' in -Z"},
      {{"-dDZ"}, "unknown shorthand flag: 'Z' in -Z"},
      {{"---debug"}, "bad flag syntax: ---debug"},
      {{"--=x"}, "bad flag syntax: --=x"},
      {{"--host"}, "flag needs an argument: --host"},
      {{"--graph"}, "flag needs an argument: --graph"},
      {{"-dH"}, "flag needs an argument: 'H' in -H"},
      {{"--debug=maybe"},
       "invalid argument \"maybe\" for \"-D, --debug\" flag: must be true or false"},
      {{"-D="}, "invalid argument \"\" for \"-D, --debug\" flag: must be true or false"},
      {{"--tls="}, "invalid argument \"\" for \"--tls\" flag: must be true or false"},
      {{"--mtu", "abc"}, "invalid argument \"abc\" for \"--mtu\" flag: must be a whole number"},
      {{"--mtu", "-1"},
       "invalid argument \"-1\" for \"--mtu\" flag: invalid mtu: -1 (allowed: 0 to 65535)"},
      {{"--label", "foo"},
       "invalid argument \"foo\" for \"--label\" flag: bad attribute format: foo"},
      {{"--dns", "xyz"}, "invalid argument \"xyz\" for \"--dns\" flag: xyz is not an ip address"},
      {{"--ip", "xyz"}, "invalid argument \"xyz\" for \"--ip\" flag: xyz is not an ip address"},
      {{"--dns-search", "a b"},
       "invalid argument \"a b\" for \"--dns-search\" flag: a b is not a valid domain"},
      {{"--default-ulimit", "foo"},
       "invalid argument \"foo\" for \"--default-ulimit\" flag: invalid ulimit argument: foo"},
      {{"-H", "foo://bar"},
       "invalid argument \"foo://bar\" for \"-H, --host\" flag: Invalid bind address protocol: "
       "foo://bar"},
      {{"--add-runtime", "foo"},
       "invalid argument \"foo\" for \"--add-runtime\" flag: invalid runtime argument: foo"},
      {{"--add-runtime", "a=/1", "--add-runtime", "a=/2"},
       "invalid argument \"a=/2\" for \"--add-runtime\" flag: runtime 'a' was already registered"},
      {{"--default-shm-size", "1z"},
       "invalid argument \"1z\" for \"--default-shm-size\" flag: invalid size: '1z'"},
      {{"-l", "silly"},
       "invalid argument \"silly\" for \"-l, --log-level\" flag: unable to parse logging level: "
       "silly"},
      {{"--data-root="}, "invalid argument \"\" for \"-g, --data-root\" flag: must not be empty"},
  };
  for (const auto& [args, text] : cases) {
    auto got = stopped(args);
    CHECK(got.out.empty());
    CHECK(got.err == std::string(text) + "\nSee 'gantryd --help'.\n");
    CHECK(got.status == 1);
  }
}

TEST_CASE("options: words that are no flags are refused", "[app]") {
  for (const auto& args : std::vector<words>{{"extra"}, {"-"}, {""}, {"--", "-D"}, {"-D", "x"}}) {
    auto got = stopped(args);
    CHECK(got.status == 1);
    CHECK_THAT(got.err, Catch::StartsWith("\"gantryd\" accepts no arguments.\n"));
  }
  CHECK(parsed({"-D", "--"}).values.debug);
}

TEST_CASE("options: version", "[app]") {
  for (const auto& args : std::vector<words>{{"-v"}, {"--version"}, {"-D", "-v"}, {"-v", "x"}}) {
    auto got = stopped(args);
    CHECK(got.status == 0);
    CHECK(got.out == version_line() + "\n");
    CHECK(got.err.empty());
  }
  CHECK_THAT(version_line(), Catch::Matches("Gantry version [0-9.]+, build .+"));
  CHECK_FALSE(parsed({"--version=false"}).values.debug);
}

TEST_CASE("options: help goes to stdout and names every flag", "[app]") {
  for (const auto& args : std::vector<words>{{"-h"}, {"--help"}, {"-Dh"}, {"-h", "--nope"}}) {
    auto got = stopped(args);
    CHECK(got.status == 0);
    CHECK(got.out == help_text());
    CHECK(got.err.empty());
  }
  auto help = help_text();
  CHECK_THAT(help, Catch::StartsWith("Usage: gantryd [OPTION]...\n"
                                     "A Docker Engine daemon built of actors.\n\nThe daemon:\n"
                                     "  -g, --data-root=PATH          Directory of everything"));
  for (const option_spec& option : option_table())
    CHECK_THAT(help, Catch::Contains("--" + std::string(option.flag)));
  for (const char* hidden : {"--daemon", "--restart", "--exec-driver"})
    CHECK_THAT(help, !Catch::Contains(hidden));
  CHECK_THAT(help, !Catch::Contains("\n\n\n"));
  CHECK_THAT(help, Catch::EndsWith("SIGHUP reads the file again.\n"));
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK(line.size() <= 80);
    CHECK((line.empty() || line.back() != ' '));
  }
}

TEST_CASE("options: no two flags share a name, and no two keys", "[app]") {
  std::set<std::string_view> flags;
  std::set<std::string_view> keys;
  std::set<char> letters;
  for (const option_spec& option : option_table()) {
    CHECK(flags.insert(option.flag).second);
    CHECK(keys.insert(option.key).second);
    CHECK((option.letter == 0 || letters.insert(option.letter).second));
    CHECK_FALSE(option.help.empty());
    CHECK(is_boolean(option) == option.placeholder.empty());
  }
  for (const own_flag& flag : own_flags()) {
    CHECK(flags.insert(flag.name).second);
    CHECK((flag.letter == 0 || letters.insert(flag.letter).second));
  }
  for (const ignored_option& each : ignored_options()) {
    CHECK((each.flag.empty() || flags.insert(each.flag).second));
    CHECK((each.key.empty() || keys.insert(each.key).second));
  }
}

TEST_CASE("options: flags dockerd has and that mean nothing here are taken with a warning",
          "[app]") {
  auto got = parsed({"--containerd", "/run/c.sock", "--cri-containerd", "--raw-logs=false", "-D"});
  CHECK(got.values.debug);
  CHECK(got.warnings == words{"Warning: '--containerd' has no effect here.",
                              "Warning: '--cri-containerd' has no effect here.",
                              "Warning: '--raw-logs' has no effect here."});
}

TEST_CASE("options: flags and file add up", "[app]") {
  auto got = combine(parsed({"-D", "--label", "a=1", "--add-runtime", "x=/x"}),
                     R"({"group":"staff","dns":["1.1.1.1"],"runtimes":{"y":{"path":"/y"}}})", {});
  REQUIRE(got.has_value());
  settings want;
  want.debug = true;
  want.labels = {"a=1"};
  want.group = "staff";
  want.dns = {"1.1.1.1"};
  want.runtimes = {{"x", {"/x", {}}}, {"y", {"/y", {}}}};
  want.hosts = {"unix:///var/run/docker.sock"};
  CHECK(got->values == want);
}

TEST_CASE("options: a flag and a key for the same thing conflict", "[app]") {
  constexpr auto prefix =
      "unable to configure the Docker daemon with file /etc/gantry/daemon.json: the following "
      "directives are specified both as a flag and in the configuration file: ";
  struct {
    words args;
    const char* file;
    const char* text;
  } cases[] = {
      {{"-H", "unix:///s"},
       R"({"hosts":["unix:///x"]})",
       "hosts: (from flag: [unix:///s], from file: [unix:///x])"},
      {{"--debug"}, R"({"debug":true})", "debug: (from flag: true, from file: true)"},
      {{"--debug=false", "--mtu=1"},
       R"({"mtu":2,"debug":true})",
       "debug: (from flag: false, from file: true), mtu: (from flag: 1, from file: 2)"},
      {{"--label", "b=2", "--label", "c=3"},
       R"({"labels":["a=1"]})",
       "labels: (from flag: [b=2 c=3], from file: [a=1])"},
      {{"--log-opt", "c=d"},
       R"({"log-opts":{"a":"b","e":"f"}})",
       "log-opts: (from flag: map[c:d], from file: map[a:b e:f])"},
      {{"--graph", "/r"}, R"({"data-root":"/x"})", "data-root: (from flag: /r, from file: /x)"},
      {{"-l", "debug"},
       R"({"log-level":"warn"})",
       "log-level: (from flag: debug, from file: warn)"},
      {{"--api-enable-cors"},
       R"({"api-cors-header":"x"})",
       "api-cors-header: (from flag: *, from file: x)"},
  };
  for (const auto& each : cases) {
    auto got = combine(parsed(each.args), each.file, {});
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error() == api_error{errc::invalid_parameter, std::string(prefix) + each.text});
  }
  auto got = combine(parsed({"--add-runtime", "x=/1"}), R"({"runtimes":{"x":{"path":"/2"}}})", {});
  REQUIRE_FALSE(got.has_value());
  CHECK_THAT(got.error().message, Catch::EndsWith("runtime 'x' was already registered by a flag"));
}

TEST_CASE("options: hosts in the file go with socket activation", "[app]") {
  environment env;
  env.socket_activated = true;
  CHECK(combine(parsed({}), "", env)->values.hosts == words{"fd://"});
  CHECK(combine(parsed({}), R"({"hosts":["unix:///x"]})", env)->values.hosts == words{"unix:///x"});
  CHECK(combine(parsed({"-H", "unix:///y"}), "", env)->values.hosts == words{"unix:///y"});
}

TEST_CASE("options: tlsverify at all means TLS", "[app]") {
  CHECK(combine(parsed({"--tlsverify"}), "", {})->values.tls);
  auto off = combine(parsed({"--tlsverify=false"}), "", {});
  CHECK(off->values.tls);
  CHECK_FALSE(off->values.tls_verify);
  CHECK(combine(parsed({}), R"({"tlsverify":false})", {})->values.tls);
  CHECK_FALSE(combine(parsed({}), "", {})->values.tls);
}

TEST_CASE("options: what is still to come is taken with a warning", "[app]") {
  auto got = combine(parsed({"--mtu=1400", "--debug"}), R"({"icc":false,"labels":["a=b"]})", {});
  REQUIRE(got.has_value());
  CHECK(got->warnings ==
        words{"the setting \"mtu\" has no effect yet", "the setting \"icc\" has no effect yet"});
  // And --help says so of each, wherever it breaks the line.
  std::istringstream help{help_text()};
  std::string text;
  for (std::string word; help >> word;)
    text += word + ' ';
  int told = 0;
  for (auto at = text.find("(no effect yet)"); at != std::string::npos;
       at = text.find("(no effect yet)", at + 1))
    ++told;
  CHECK(told == std::count_if(option_table().begin(), option_table().end(), is_still_to_come));
}

TEST_CASE("options: what the combination makes impossible is refused", "[app]") {
  auto got = combine(parsed({"--bip=10.0.0.1/8"}), R"({"bridge":"br0"})", {});
  REQUIRE_FALSE(got.has_value());
  CHECK(got.error().message ==
        "You specified -b & --bip, mutually exclusive options. Please specify only one.");
}

TEST_CASE("options: the configuration file on disk", "[app]") {
  test::temp_dir dir;
  auto good = dir.write("good.json", R"({"debug": true})");
  auto bad = dir.write("bad.json", "{\n\"debug\": 1}");

  auto ran = start(words{"--config-file", good, "-G", "x"}, {});
  REQUIRE(std::holds_alternative<run>(ran));
  CHECK(std::get<run>(ran).config.values.debug);
  CHECK(std::get<run>(ran).config.values.group == "x");
  CHECK(std::get<run>(ran).flags.config_file_given);

  auto refused = start(words{"--config-file=" + bad}, {});
  REQUIRE(std::holds_alternative<print_and_exit>(refused));
  CHECK(std::get<print_and_exit>(refused).status == 1);
  CHECK(std::get<print_and_exit>(refused).err ==
        "unable to configure the Docker daemon with file " + bad +
            ": invalid value for \"debug\": expected a boolean, got a number\n");

  auto absent = start(words{"--config-file=/nowhere/x.json"}, {});
  REQUIRE(std::holds_alternative<print_and_exit>(absent));
  CHECK(
      std::get<print_and_exit>(absent).err ==
      "unable to configure the Docker daemon with file /nowhere/x.json: open '/nowhere/x.json': No "
      "such file or directory\n");

  command_line flags;
  flags.config_file = "/nowhere/x.json"; // not asked for by name: may be absent
  CHECK(configure(flags, {}).has_value());
  flags.config_file = "/";
  CHECK_FALSE(configure(flags, {}).has_value());
}

TEST_CASE("options: directories are found wherever their names lead", "[app]") {
  const test::temp_dir dir;
  std::filesystem::create_directories(dir.file("real"));
  std::filesystem::create_symlink("real", dir.file("link"));
  std::filesystem::create_symlink("circle", dir.file("circle"));
  auto found = [](const std::string& data_root, const std::string& exec_root) {
    command_line flags;
    flags.values.data_root = data_root;
    flags.values.exec_root = exec_root;
    flags.config_file = "/nosuch";
    return configure(flags, {}).value().values;
  };
  CHECK(found(dir.file("link/made/later"), "x").data_root == dir.file("real/made/later"));
  CHECK(found(dir.file("real/../link"), "x").data_root == dir.file("real"));
  CHECK(found("data", "x").data_root == std::filesystem::current_path() / "data");
  CHECK(found("data", "x").exec_root == std::filesystem::current_path() / "x");
  CHECK(found("data", dir.file("link")).exec_root == dir.file("link"));
  CHECK(found(dir.file("circle"), "x").data_root == dir.file("circle"));
}

TEST_CASE("options: --validate only looks", "[app]") {
  test::temp_dir dir;
  auto good = dir.write("good.json", R"({"labels": ["a=1"], "features": {}})");
  auto fine = start(words{"--validate", "-r", "--config-file", good}, {});
  REQUIRE(std::holds_alternative<print_and_exit>(fine));
  CHECK(std::get<print_and_exit>(fine).out == "configuration OK\n");
  CHECK(std::get<print_and_exit>(fine).err ==
        "Warning: '-r' is deprecated, it will be removed soon. See usage.\n"
        "the configuration key \"features\" has no effect here\n");
  CHECK(std::get<print_and_exit>(fine).status == 0);

  auto bad = dir.write("bad.json", R"({"labels": ["a=1", "a=2"]})");
  auto wrong = start(words{"--validate", "--config-file", bad}, {});
  REQUIRE(std::holds_alternative<print_and_exit>(wrong));
  CHECK(std::get<print_and_exit>(wrong).err == "conflict labels for a=2 and a=1\n");
  CHECK(std::get<print_and_exit>(wrong).status == 1);
}
