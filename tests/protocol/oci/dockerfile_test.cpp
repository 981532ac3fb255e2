#include "protocol/oci/dockerfile.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::oci;

namespace {

using words = std::vector<std::string>;

instruction only(std::string_view text) {
  auto file = parse_dockerfile(text);
  REQUIRE(file.has_value());
  REQUIRE(file->instructions.size() == 1);
  return file->instructions.front();
}

std::string instruction_error(std::string_view text) {
  auto file = parse_dockerfile(text);
  return file ? "parsed" : file.error().message;
}

} // namespace

TEST_CASE("dockerfile: lines, comments and continuations", "[protocol][oci]") {
  auto file = parse_dockerfile("\xef\xbb\xbf# c\n\n  \t\nFROM  a\tAS b \r\n"
                               "RUN x \\\n  # not this\n\n  y\\\nz\n  user u # v\nCMD a\\");
  REQUIRE(file.has_value());
  const auto& all = file->instructions;
  REQUIRE(all.size() == 4);
  CHECK(all[0].name == "FROM");
  CHECK(all[0].args == words{"a", "AS", "b"});
  CHECK(all[0].line == 4);
  CHECK(all[1].args == words{"x   yz"});
  CHECK(all[1].original == "RUN x   yz");
  CHECK(all[1].line == 5);
  CHECK(all[2].name == "user");
  CHECK(all[2].args == words{"u # v"});
  CHECK(all[3].args == words{"a"});
}

TEST_CASE("dockerfile: two escapes at the end continue nothing", "[protocol][oci]") {
  auto file = parse_dockerfile("CMD a\\\\\nCMD b \\ \nc");
  REQUIRE(file.has_value());
  REQUIRE(file->instructions.size() == 2);
  CHECK(file->instructions[0].args == words{"a\\\\"});
  CHECK(file->instructions[1].args == words{"b c"});
}

TEST_CASE("dockerfile: directives", "[protocol][oci]") {
  auto file = parse_dockerfile("# syntax=docker/dockerfile:1\n#escape = `\nCMD a`\nb\\\n");
  REQUIRE(file.has_value());
  CHECK(file->escape == '`');
  CHECK(file->instructions.at(0).args == words{"ab\\"});
  CHECK(parse_dockerfile("# c\n# escape=`\nCMD a")->escape == '\\');
  CHECK(parse_dockerfile("CMD a\n# escape=`\nCMD a")->escape == '\\');
  CHECK(instruction_error("# escape=x\nCMD a") ==
        "invalid escape token 'x' does not match ` or \\");
  CHECK(instruction_error("# escape=`\n# Escape=`\nCMD a") ==
        "only one escape parser directive can be used");
}

TEST_CASE("dockerfile: lists and lines", "[protocol][oci]") {
  CHECK(only("CMD [\"a\", \"b c\"]").args == words{"a", "b c"});
  CHECK(only("CMD [\"a\"]").json);
  CHECK(only("CMD []").json);
  CHECK(only("CMD [\"a\"").args == words{"[\"a\""});
  CHECK_FALSE(only("CMD [\"a\"").json);
  CHECK(only("CMD [\"a\"] b").args == words{"[\"a\"] b"});
  CHECK(only("CMD").args.empty());
  CHECK(only("COPY a  b\tc").args == words{"a", "b", "c"});
  CHECK(only("VOLUME [\"/a b\"]").args == words{"/a b"});
  CHECK(only("HEALTHCHECK --interval=5s CMD  x  y").args == words{"CMD", "x  y"});
  CHECK(only("HEALTHCHECK CMD [\"x\"]").json);
  CHECK(only("HEALTHCHECK NONE").args == words{"NONE"});
  CHECK(only("USER a b").args == words{"a b"});
  CHECK(only("WHATEVER a b").args.empty());
  CHECK(instruction_error("CMD [1]") ==
        "when using JSON array syntax, arrays must be comprised of strings only");
}

TEST_CASE("dockerfile: pairs", "[protocol][oci]") {
  CHECK(only("ENV a b  c").args == words{"a", "b  c", ""});
  CHECK(only("ENV a=b c=\"d e\" f='g'\\ h i=").args ==
        words{"a", "b", "=", "c", "\"d e\"", "=", "f", "'g'\\ h", "=", "i", "", "="});
  CHECK(only("LABEL \"a b\"=c").args == words{"\"a b\"", "c", "="});
  CHECK(only("ENV a=\"b\\\"c\" d='e\\'").args == words{"a", "\"b\\\"c\"", "=", "d", "'e\\'", "="});
  CHECK(only("ENV").args.empty());
  CHECK(only("ARG a b=\"c d\"").args == words{"a", "b=\"c d\""});
  CHECK(instruction_error("ENV a") == "ENV must have two arguments");
  CHECK(instruction_error("label a") == "LABEL must have two arguments");
  CHECK(instruction_error("ENV a=b \"c\"") ==
        "Syntax error - can't find = in \"\\\"c\\\"\". Must be of the form: name=value");
}

TEST_CASE("dockerfile: flags", "[protocol][oci]") {
  auto in = only("COPY --from=a --chown=\"b c\" --x\\ y -z d");
  CHECK(in.flags == words{"--from=a", "--chown=b c", "--x y"});
  CHECK(in.args == words{"-z", "d"});
  CHECK(only("CMD -- --a").flags.empty());
  CHECK(only("CMD -- --a").args == words{"--a"});
  CHECK(only("CMD --a --").flags == words{"--a"});
  CHECK(only("CMD a --b").flags.empty());
}

TEST_CASE("dockerfile: ONBUILD holds another instruction", "[protocol][oci]") {
  auto in = only("ONBUILD  RUN a b");
  CHECK(in.args == words{"RUN", "a b"});
  CHECK(in.original == "ONBUILD  RUN a b");
  CHECK(only("ONBUILD").args.empty());
  CHECK(instruction_error("ONBUILD ENV a") == "ENV must have two arguments");
  std::string deep;
  for (int i = 0; i < 5000; ++i)
    deep += "ONBUILD ";
  CHECK(instruction_error(deep + "RUN x") ==
        "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
}

TEST_CASE("dockerfile: bodies after <<WORD", "[protocol][oci]") {
  auto file =
      parse_dockerfile("RUN <<EOF cat\na\n b\nEOF\nCOPY <<-'X' <<Y /d\n\tq\n\tX\nr\nY\nUSER u");
  REQUIRE(file.has_value());
  REQUIRE(file->instructions.size() == 3);
  CHECK(file->instructions[0].heredocs == "\na\n b\nEOF");
  CHECK(file->instructions[1].heredocs == "\n\tq\nX\nr\nY");
  CHECK(only("CMD <<EOF").heredocs.empty());
  CHECK(only("RUN [\"<<EOF\"]").heredocs.empty());
  CHECK(only("ONBUILD RUN <<E\nx\nE").heredocs == "\nx\nE");
  CHECK(instruction_error("RUN <<EOF\na") == "unterminated heredoc");
}

TEST_CASE("dockerfile: nothing in it, or too much", "[protocol][oci]") {
  for (const char* text : {"", "\n", "# c", "  \n\t"}) {
    CAPTURE(text);
    CHECK(instruction_error(text) == "file with no instructions");
  }
  CHECK(only("CMD " + std::string(65531, 'x')).args.at(0).size() == 65531);
  CHECK(instruction_error("CMD " + std::string(65532, 'x')) == "file with no instructions");
  CHECK(instruction_error("CMD a\nCMD " + std::string(65532, 'x')) ==
        "dockerfile line greater than max allowed size of 65535");
}
