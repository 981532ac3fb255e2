#include "app/ctl/command_line.hpp"

#include "app/ctl/completion.hpp"
#include "app/ctl/readings.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace gantry::ctl;
using namespace std::chrono_literals;

std::vector<std::string> words_in(const std::string& line) {
  std::istringstream in{line};
  return {std::istream_iterator<std::string>{in}, {}};
}

invocation taken(const std::string& line) {
  const auto words = words_in(line);
  auto read = read_command_line(words);
  if (const auto* text = std::get_if<printed>(&read))
    FAIL(line << ": " << text->err << text->out);
  return std::get<invocation>(read);
}

printed refused(const std::string& line) {
  const auto words = words_in(line);
  auto read = read_command_line(words);
  REQUIRE(std::holds_alternative<printed>(read));
  return std::get<printed>(read);
}

/// The first line that is told.
std::string mistake(const std::string& line) {
  const auto text = refused(line);
  CHECK(text.status == exit_usage);
  CHECK(text.out.empty());
  return text.err.substr(0, text.err.find('\n'));
}

std::size_t longest_line(const std::string& text) {
  std::istringstream in{text};
  std::size_t longest = 0;
  for (std::string line; std::getline(in, line);)
    longest = std::max(longest, line.size());
  return longest;
}

} // namespace

TEST_CASE("ctl command line: a command, its flags and operand", "[app][ctl]") {
  auto how = taken("show 12");
  CHECK(how.command->name == "show");
  CHECK(how.operand == "12");
  how = taken("ps --kind router -s -mailbox --limit=5 --state idle");
  CHECK(how.get("kind") == "router");
  CHECK(how.get("sort") == "-mailbox");
  CHECK(how.number("limit") == 5U);
  CHECK(how.get("state") == "idle");
  CHECK_FALSE(how.has("filter"));
  CHECK(taken("top -bn3").number("iterations") == 3U);
  CHECK(taken("top -b -n 3").has("batch"));
  CHECK(taken("loglevel debug --for 10m").duration("for", 0s) == 10min);
  CHECK(taken("tree").operand.empty());
  CHECK(taken("kill 1 2 3 --force").operands == std::vector<std::string>{"1", "2", "3"});
  CHECK(taken("trace 12 --for 3s -n 5").number("count") == 5U);
  CHECK(taken("trace -r 77").operand.empty());
}

TEST_CASE("ctl command line: common flags stand anywhere, the last one counts", "[app][ctl]") {
  CHECK(taken("-H unix:///x ps").get("host") == "unix:///x");
  CHECK(taken("ps -H unix:///x").get("host") == "unix:///x");
  CHECK(taken("-H unix:///x ps --host=unix:///y").get("host") == "unix:///y");
  CHECK(taken("ps --json --no-trunc").has("json"));
  CHECK(taken("--timeout 250ms ps").duration("timeout", 5s) == 250ms);
  CHECK(taken("ps").duration("timeout", 5s) == 5s);
}

TEST_CASE("ctl command line: mistakes are told and end with 2", "[app][ctl]") {
  CHECK(mistake("ps --colour") == "gantryctl: The following argument was not expected: --colour");
  CHECK(mistake("frobnicate") == "gantryctl: The following argument was not expected: frobnicate");
  CHECK(mistake("--json") == "gantryctl: which command?");
  CHECK(mistake("show") == "gantryctl: ID is missing");
  CHECK(mistake("show x") == "gantryctl: invalid ID \"x\": invalid syntax");
  CHECK(mistake("show 1 2") == "gantryctl: unexpected \"2\"");
  CHECK(mistake("jobs 1") == "gantryctl: unexpected \"1\"");
  CHECK(mistake("ps --state dead") ==
        "gantryctl: invalid --state \"dead\": one of running, ready, idle, paused");
  CHECK(mistake("ps --limit -1") == "gantryctl: invalid --limit \"-1\": value out of range");
  CHECK(mistake("ps --timeout soon") ==
        "gantryctl: invalid --timeout \"soon\": time: invalid duration \"soon\"");
  CHECK(mistake("ps --timeout 0s") == "gantryctl: invalid --timeout \"0s\": not more than 0");
  CHECK(mistake("loglevel loud") ==
        "gantryctl: invalid LEVEL \"loud\": one of debug, info, warn, error, fatal");
  CHECK(mistake("completion csh") == "gantryctl: invalid SHELL \"csh\": one of bash, zsh, fish");
  CHECK(mistake("ps -H unix:///x --file y") == "gantryctl: --host and --file exclude each other");
  CHECK(mistake("kill") == "gantryctl: ID is missing");
  CHECK(mistake("kill 1 x") == "gantryctl: invalid ID \"x\": invalid syntax");
  CHECK(mistake("pause 1 --force") ==
        "gantryctl: The following argument was not expected: --force");
  CHECK(mistake("resume 1 --file y") == "gantryctl: resume needs a daemon, a dump will not do");
  CHECK(mistake("trace") == "gantryctl: ID or --request is missing");
  CHECK(mistake("trace 1 --request 2") == "gantryctl: ID and --request exclude each other");
  CHECK(mistake("trace -r 2 --for 1s") ==
        "gantryctl: --for and --count are for the trace of an actor");
  CHECK(mistake("trace 1 --file y") ==
        "gantryctl: the trace of an actor needs a daemon, a dump will not do");
  CHECK(mistake("events --file y") == "gantryctl: events needs a daemon, a dump will not do");
  CHECK(refused("ps --colour").err.ends_with("See 'gantryctl ps --help'.\n"));
  CHECK(refused("frobnicate").err.ends_with("See 'gantryctl --help'.\n"));
}

TEST_CASE("ctl command line: without words there is the help, as a mistake", "[app][ctl]") {
  const auto text = refused("");
  CHECK(text.status == exit_usage);
  CHECK(text.err == help_text());
}

TEST_CASE("ctl command line: help and version are no mistakes", "[app][ctl]") {
  for (auto line : {"--help", "ps --help", "--help ps", "--version", "-v"}) {
    const auto text = refused(line);
    CHECK(text.status == exit_done);
    CHECK(text.err.empty());
  }
  CHECK(refused("--version").out == "gantryctl " GANTRY_VERSION "\n");
  CHECK(refused("ps --help").out == help_text(*find_command("ps")));
  CHECK(taken("help ps").operand == "ps");
}

TEST_CASE("ctl command line: the help tells all, in lines of a terminal", "[app][ctl]") {
  CHECK(longest_line(help_text()) <= 80);
  for (const auto& command : commands()) {
    INFO(command.name);
    const auto text = help_text(command);
    CHECK(help_text().find("\n  " + std::string{command.name}) != std::string::npos);
    CHECK(longest_line(text) <= 80);
    for (const auto& flag : command.flags)
      CHECK(text.find(flag_title(flag)) != std::string::npos);
  }
  CHECK(help_text(*find_command("loglevel"))
            .starts_with("Usage: gantryctl loglevel [FLAG]... LEVEL\n"
                         "\n"
                         "Change what is logged.\n"
                         "\n"
                         "LEVEL: one of debug, info, warn, error, "
                         "fatal\n"
                         "\n"
                         "Flags:\n"
                         "      --for TIME          go back to the "
                         "old one after that time\n"));
}

TEST_CASE("ctl command line: the help says where several may be named", "[app][ctl]") {
  CHECK(help_text(*find_command("kill")).starts_with("Usage: gantryctl kill [FLAG]... ID...\n"));
  CHECK(help_text(*find_command("pause")).starts_with("Usage: gantryctl pause ID...\n"));
  CHECK(help_text(*find_command("trace")).starts_with("Usage: gantryctl trace [FLAG]... [ID]\n"));
}

TEST_CASE("ctl command line: a letter means one thing for a command", "[app][ctl]") {
  for (const auto& command : commands()) {
    std::string letters = "v"; // --version
    for (auto flags : {common_flags(), command.flags})
      for (const auto& flag : flags) {
        INFO(command.name << " --" << flag.name);
        CHECK((flag.letter == 0 || letters.find(flag.letter) == std::string::npos));
        CHECK(flag.placeholder.empty() == (flag.value == value_kind::none));
        letters += flag.letter;
      }
  }
}

TEST_CASE("ctl completion: every shell's knows all commands and flags", "[app][ctl]") {
  for (auto shell : words_of(value_kind::shell)) {
    const auto script = completion_for(shell);
    INFO(shell);
    const std::string dashes = shell == "fish" ? "-l " : "--";
    for (const auto& command : commands()) {
      CHECK(script.find(command.name) != std::string::npos);
      for (auto flags : {common_flags(), command.flags})
        for (const auto& flag : flags)
          CHECK(script.find(dashes + std::string{flag.name}) != std::string::npos);
    }
    CHECK(script.find("running ready idle paused") != std::string::npos);
  }
}

TEST_CASE("ctl manual: names all commands and flags, and no others", "[app][ctl]") {
  std::ifstream in{GANTRY_TEST_DATA "/../../app/ctl/gantryctl.8"};
  std::string line;
  std::set<std::string> told; // `ps`, `ps --kind`, `--host`
  std::string command;
  while (std::getline(in, line)) {
    if (line.starts_with(".SH"))
      command.clear();
    constexpr std::string_view heading = ".SS ";
    if (line.starts_with(heading)) {
      command = words_in(line.substr(heading.size())).at(0);
      told.insert(command);
    }
    if (!line.starts_with(".B"))
      continue;
    const auto at = line.find("\\-\\-");
    if (at == std::string::npos)
      continue;
    auto name = words_in(line.substr(at)).at(0);
    std::string plain;
    for (char c : name)
      if (c != '\\')
        plain += c;
    told.insert(command.empty() ? plain : command + ' ' + plain);
  }
  std::set<std::string> there{"--version"};
  for (const auto& flag : common_flags())
    there.insert("--" + std::string{flag.name});
  for (const auto& each : commands()) {
    there.emplace(each.name);
    for (const auto& flag : each.flags)
      there.insert(std::string{each.name} + " --" + std::string{flag.name});
  }
  CHECK(told == there);
}

TEST_CASE("ctl command line: the flags of ps are a query", "[app][ctl]") {
  CHECK(actors_target(taken("ps")).value() == "/v1/actors");
  CHECK(actors_target(taken("ps -k router --filter a/b -s mailbox -l 5")).value() ==
        "/v1/actors?kind=router&name=a%2Fb&sort=mailbox&limit=5");
  CHECK(actors_target(taken("ps --parent 0 --state idle")).value() ==
        "/v1/actors?state=idle&parent=0");
  CHECK(actors_target(taken("ps -r 77")).value() == "/v1/actors?request=77");
}
