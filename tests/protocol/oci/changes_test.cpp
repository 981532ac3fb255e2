#include "protocol/oci/changes.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::oci;

namespace {

using words = std::vector<std::string>;

run_config changed(const words& changes, run_config from = {}) {
  auto config = apply_changes(std::move(from), changes);
  CAPTURE(changes);
  if (!config)
    FAIL(config.error().message);
  return *config;
}

std::string error_of(const words& changes) {
  auto config = apply_changes({}, changes);
  if (config)
    return "applied";
  CHECK(config.error().kind == errc::invalid_parameter);
  return config.error().message;
}

} // namespace

TEST_CASE("changes: none leave the config as it is", "[protocol][oci]") {
  run_config from;
  from.user = "u";
  CHECK(changed({}, from) == from);
}

TEST_CASE("changes: CMD and ENTRYPOINT", "[protocol][oci]") {
  CHECK(*changed({"CMD echo  hi"}).cmd == words{"/bin/sh", "-c", "echo  hi"});
  CHECK(*changed({R"(CMD ["a","b c"])"}).cmd == words{"a", "b c"});
  CHECK(changed({"CMD []"}).cmd->empty());
  CHECK(*changed({"CMD"}).cmd == words{"/bin/sh", "-c"});
  CHECK(*changed({"ENTRYPOINT x y"}).entrypoint == words{"/bin/sh", "-c", "x y"});
  CHECK_FALSE(changed({"ENTRYPOINT []"}).entrypoint);
  CHECK_FALSE(changed({"ENTRYPOINT"}).entrypoint);
  run_config from;
  from.cmd.emplace({std::string{"old"}});
  from.shell.emplace({std::string{"/bin/bash"}, std::string{"-ec"}});
  CHECK_FALSE(changed({"ENTRYPOINT [\"e\"]"}, from).cmd);
  CHECK(*changed({"CMD c", "ENTRYPOINT [\"e\"]"}, from).cmd == words{"/bin/bash", "-ec", "c"});
}

TEST_CASE("changes: ENV", "[protocol][oci]") {
  CHECK(*changed({"ENV a b c"}).env == words{"a=b c"});
  CHECK(*changed({"ENV a=1", "ENV b=2 a=3"}).env == words{"a=3", "b=2"});
  // Variables have the values of before the line.
  CHECK(*changed({"ENV a=1", "ENV a=2 b=$a c='$a' d=\"${a}x\" e=${n:-f}"}).env ==
        words{"a=2", "b=1", "c=$a", "d=1x", "e=f"});
  run_config from;
  from.env.emplace({std::string{"x=1"}, std::string{"x=2"}, std::string{"novalue"}});
  CHECK(*changed({"ENV y=$x z=[$novalue]"}, from).env ==
        words{"x=1", "x=2", "novalue", "y=2", "z=[]"});
}

TEST_CASE("changes: LABEL, VOLUME, USER", "[protocol][oci]") {
  auto labels = *changed({R"(LABEL "a b"="c d" e=f e=g)", "LABEL h i j"}).labels;
  CHECK(labels == std::map<std::string, std::string>{{"a b", "c d"}, {"e", "g"}, {"h", "i j"}});
  CHECK(*changed({"VOLUME /a /b", R"(VOLUME ["/c d"])"}).volumes ==
        std::set<std::string>{"/a", "/b", "/c d"});
  CHECK(changed({"ENV u=joe", "USER ${u}:grp"}).user == "joe:grp");
  CHECK(changed({"user bob"}).user == "bob");
}

TEST_CASE("changes: WORKDIR", "[protocol][oci]") {
  CHECK(changed({"WORKDIR /a/../b/./c/"}).working_dir == "/b/c");
  CHECK(changed({"WORKDIR a", "WORKDIR b/../c"}).working_dir == "/a/c");
  CHECK(changed({"WORKDIR /../.."}).working_dir == "/");
  CHECK(changed({"WORKDIR /x y"}).working_dir == "/x y");
}

TEST_CASE("changes: EXPOSE", "[protocol][oci]") {
  CHECK(*changed({"EXPOSE 80/udp 443 7000-7002/TCP"}).exposed_ports ==
        std::set<std::string>{"80/udp", "443/tcp", "7000/tcp", "7001/tcp", "7002/tcp"});
  CHECK(*changed({"ENV p=\"80 81\"", "EXPOSE $p"}).exposed_ports ==
        std::set<std::string>{"80/tcp", "81/tcp"});
  CHECK(*changed({"EXPOSE 127.0.0.1:8080:80 [::1]:1:2 8000-8005:9"}).exposed_ports ==
        std::set<std::string>{"80/tcp", "2/tcp", "9/tcp"});
  CHECK(*exposed_ports("0-65535") != words{});
  CHECK(exposed_ports("0-65535")->size() == 65536);
}

TEST_CASE("changes: HEALTHCHECK", "[protocol][oci]") {
  auto check = *changed({R"(HEALTHCHECK --interval=5s --timeout=1m --start-period=1.5s )"
                         R"(--start-interval=2s --retries=3 CMD ["a","b"])"})
                    .healthcheck;
  CHECK(*check.test == words{"CMD", "a", "b"});
  CHECK(check.interval == 5000000000);
  CHECK(check.timeout == 60000000000);
  CHECK(check.start_period == 1500000000);
  CHECK(check.start_interval == 2000000000);
  CHECK(check.retries == 3);
  CHECK(*changed({"healthcheck cmd x  y"}).healthcheck->test == words{"CMD-SHELL", "x  y"});
  CHECK(*changed({"HEALTHCHECK none"}).healthcheck->test == words{"NONE"});
  CHECK(changed({"HEALTHCHECK --interval=0 --retries=0 CMD x"}).healthcheck->interval == 0);
}

TEST_CASE("changes: ONBUILD and STOPSIGNAL", "[protocol][oci]") {
  CHECK(*changed({"ONBUILD  RUN a  b", "onbuild COPY . /"}).on_build ==
        words{"RUN a  b", "COPY . /"});
  CHECK(*changed({"ONBUILD RUN <<E", "x", "E"}).on_build == words{"RUN <<E\nx\nE"});
  CHECK(changed({"STOPSIGNAL SIGTERM"}).stop_signal == "SIGTERM");
  CHECK(changed({"ENV s=9", "STOPSIGNAL $s"}).stop_signal == "9");
}

TEST_CASE("changes: lines are one text", "[protocol][oci]") {
  CHECK(*changed({"CMD a \\", "b"}).cmd == words{"/bin/sh", "-c", "a b"});
  CHECK(changed({"# escape=`", "ENV a=1", "USER `$a"}).user == "$a");
  CHECK(changed({"USER a\nWORKDIR /w"}).working_dir == "/w");
}

TEST_CASE("changes: errors in dockerd's words", "[protocol][oci]") {
  struct row {
    words changes;
    std::string error;
  };
  const row rows[] = {
      {{""}, "file with no instructions"},
      {{"COPY a b"}, "copy is not a valid change command"},
      {{"CMD a", "foo bar"}, "foo is not a valid change command"},
      {{"SHELL [\"a\"]"}, "shell is not a valid change command"},
      {{"ENV"}, "ENV requires at least one argument"},
      {{"ENV =x"}, "ENV names can not be blank"},
      {{"ENV a=\"x"},
       "failed to process \"\\\"x\": unexpected end of statement while looking for "
       "matching double-quote"},
      {{"LABEL"}, "LABEL requires at least one argument"},
      {{"USER"}, "USER requires exactly one argument"},
      {{"USER --x=1 a"}, "unknown flag: --x"},
      {{"WORKDIR"}, "WORKDIR requires exactly one argument"},
      {{"WORKDIR $x"}, "cannot normalize nothing"},
      {{"VOLUME"}, "VOLUME requires at least one argument"},
      {{R"(VOLUME [""])"}, "VOLUME specified can not be an empty string"},
      {{"VOLUME $x"}, "VOLUME specified can not be an empty string"},
      {{"EXPOSE"}, "EXPOSE requires at least one argument"},
      {{"EXPOSE x"}, "invalid containerPort: x"},
      {{"EXPOSE 65536"}, "invalid containerPort: 65536"},
      {{"EXPOSE 9-8"}, "invalid containerPort: 9-8"},
      {{"EXPOSE /tcp"}, "no port specified: /tcp<empty>"},
      {{"EXPOSE 80/foo"}, "invalid proto: foo"},
      {{"EXPOSE z:1:80"}, "invalid IP address: z"},
      {{"EXPOSE z:80"}, "invalid hostPort: z"},
      {{"EXPOSE 1-2:5-9"}, "invalid ranges specified for container and host Ports: 5-9 and 1-2"},
      {{"STOPSIGNAL"}, "STOPSIGNAL requires exactly one argument"},
      {{"STOPSIGNAL foo"}, "invalid signal: foo"},
      {{"STOPSIGNAL 0"}, "invalid signal: 0"},
      {{"HEALTHCHECK"}, "HEALTHCHECK requires at least one argument"},
      {{"HEALTHCHECK CMD"}, "Missing command after HEALTHCHECK CMD"},
      {{"HEALTHCHECK FOO x"}, "Unknown type \"FOO\" in HEALTHCHECK (try CMD)"},
      {{"HEALTHCHECK NONE x"}, "HEALTHCHECK NONE takes no arguments"},
      {{"HEALTHCHECK --interval=1us CMD x"}, "Interval \"interval\" cannot be less than 1ms"},
      {{"HEALTHCHECK --interval=-1s CMD x"}, "Interval \"interval\" cannot be less than 1ms"},
      {{"HEALTHCHECK --timeout=x CMD x"}, "time: invalid duration \"x\""},
      {{"HEALTHCHECK --retries=x CMD x"}, "strconv.ParseInt: parsing \"x\": invalid syntax"},
      {{"HEALTHCHECK --retries=9999999999 CMD x"},
       "strconv.ParseInt: parsing \"9999999999\": value out of range"},
      {{"HEALTHCHECK --retries=-1 CMD x"}, "--retries cannot be negative (-1)"},
      {{"HEALTHCHECK --intervall=1s CMD x"}, "unknown flag: --intervall (did you mean interval?)"},
      {{"HEALTHCHECK --foo=1s CMD x"}, "unknown flag: --foo"},
      {{"HEALTHCHECK --interval CMD x"}, "missing a value on flag: --interval"},
      {{"HEALTHCHECK --retries=1 --retries=1 CMD x"}, "duplicate flag specified: --retries"},
      {{"ONBUILD"}, "ONBUILD requires at least one argument"},
      {{"ONBUILD onbuild RUN x"}, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"},
      {{"ONBUILD from x"}, "FROM isn't allowed as an ONBUILD trigger"},
      {{"ONBUILD MAINTAINER x"}, "MAINTAINER isn't allowed as an ONBUILD trigger"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.changes);
    CHECK(error_of(r.changes) == r.error);
  }
}

TEST_CASE("changes: signals", "[protocol][oci]") {
  for (const char* good : {"9", "-5", "007", "TERM", "SIGTERM", "sigterm", "RTMIN", "RTMIN+15",
                           "sigrtmax-14", "STKFLT", "CLD"}) {
    CAPTURE(good);
    CHECK(is_signal(good));
  }
  for (const char* bad : {"", "0", "-", "SIG", "SIGSIGTERM", "RTMIN+0", "RTMIN+16", "RTMAX-15",
                          "RTMIN+01", "RTMIN-1", "9x", "99999999999999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_signal(bad));
  }
}
