#include "protocol/container/container_view.hpp"
#include "protocol/container/inspect_view.hpp"
#include "protocol/container/list_view.hpp"

#include "shown_json.hpp"
#include "view_builder.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::container;

namespace {

constexpr api::api_version today{1, 50};
constexpr std::int64_t now_seconds = 1700001000;
constexpr oci::instant now{now_seconds, 0, 0};

oci::instant ago(std::int64_t seconds) { return {now_seconds - seconds, 0, 0}; }

const std::string id(64, 'a');

const std::string none_endpoint =
    R"({"none":{"IPAMConfig":null,"Links":null,"Aliases":null,"MacAddress":"","DriverOpts":null,)"
    R"("GwPriority":0,"NetworkID":"","EndpointID":"","Gateway":"","IPAddress":"",)"
    R"("IPPrefixLen":0,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,)"
    R"("DNSNames":null}})";

mount_point volume_mount() {
  auto mount = *parse_bind("v:/data", {});
  use_volume(mount, "v", "local", "/v/_data");
  return mount;
}

std::string entry(const container_view& view, api::api_version v = today) {
  std::string out;
  list_entry{view}.append(out, view.config->image, now, v);
  return out;
}

bool contains(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != text.npos;
}

} // namespace

TEST_CASE("container_view: how long ago", "[protocol][container]") {
  constexpr std::int64_t minute = 60, hour = 3600, day = 24 * hour;
  for (auto [seconds, text] : {std::pair<std::int64_t, const char*>{-5, "Less than a second"},
                               {0, "Less than a second"},
                               {1, "1 second"},
                               {59, "59 seconds"},
                               {minute, "About a minute"},
                               {2 * minute - 1, "About a minute"},
                               {2 * minute, "2 minutes"},
                               {59 * minute, "59 minutes"},
                               {hour, "About an hour"},
                               {hour + 29 * minute, "About an hour"},
                               {hour + 30 * minute, "2 hours"},
                               {47 * hour, "47 hours"},
                               {2 * day, "2 days"},
                               {13 * day, "13 days"},
                               {14 * day, "2 weeks"},
                               {60 * day, "2 months"},
                               {729 * day, "24 months"},
                               {730 * day, "2 years"},
                               {20000 * day, "54 years"}})
    CHECK(human_duration(seconds * 1'000'000'000) == text);
}

TEST_CASE("container_view: what people read of a state", "[protocol][container]") {
  using enum container_status;
  state_view state;
  CHECK(human_status(state, now) == "Created");
  state.started_at = ago(300);
  state.status = running;
  CHECK(human_status(state, now) == "Up 5 minutes");
  for (auto [health, text] : {std::pair{"starting", "Up 5 minutes (health: starting)"},
                              {"healthy", "Up 5 minutes (healthy)"},
                              {"unhealthy", "Up 5 minutes (unhealthy)"}}) {
    state.health = health_view{health, 0, {}};
    CHECK(human_status(state, now) == text);
  }
  state.status = paused;
  CHECK(human_status(state, now) == "Up 5 minutes (Paused)");
  state.status = exited;
  CHECK(human_status(state, now).empty()); // nobody saw it end
  state.finished_at = ago(3);
  state.exit_code = 137;
  state.status = restarting;
  CHECK(human_status(state, now) == "Restarting (137) 3 seconds ago");
  state.status = exited;
  CHECK(human_status(state, now) == "Exited (137) 3 seconds ago");
  state.status = removing;
  CHECK(human_status(state, now) == "Removal In Progress");
  state.status = dead;
  CHECK(human_status(state, now) == "Dead");
}

TEST_CASE("container_view: names of states", "[protocol][container]") {
  for (const char* name :
       {"created", "running", "paused", "restarting", "removing", "exited", "dead"})
    CHECK(to_string(*parse_container_status(name)) == name);
  CHECK_FALSE(parse_container_status("x"));
}

TEST_CASE("inspect: State", "[protocol][container]") {
  state_view state;
  CHECK(write_state(state) ==
        R"({"Status":"created","Running":false,"Paused":false,"Restarting":false,)"
        R"("OOMKilled":false,"Dead":false,"Pid":0,"ExitCode":0,"Error":"",)"
        R"("StartedAt":"0001-01-01T00:00:00Z","FinishedAt":"0001-01-01T00:00:00Z"})");
  state.status = container_status::paused;
  state.oom_killed = true;
  state.pid = 42;
  state.error = "a <b>";
  state.started_at = {1700000000, 120000000, 0};
  state.health = health_view{"healthy", 0, {{ago(1), ago(0), 0, "ok\n"}}};
  CHECK(write_state(state) ==
        R"({"Status":"paused","Running":true,"Paused":true,"Restarting":false,)"
        R"("OOMKilled":true,"Dead":false,"Pid":42,"ExitCode":0,"Error":"a <b>",)"
        R"("StartedAt":"2023-11-14T22:13:20.12Z","FinishedAt":"0001-01-01T00:00:00Z",)"
        R"("Health":{"Status":"healthy","FailingStreak":0,"Log":[{"Start":"2023-11-14T22:29:59Z",)"
        R"("End":"2023-11-14T22:30:00Z","ExitCode":0,"Output":"ok\n"}]}})");
  CHECK(*parse_state(write_state(state)) == state);
  state.health->log.clear();
  CHECK(contains(write_state(state), R"("Log":[])"));
}

TEST_CASE("inspect: State comes back", "[protocol][container]") {
  using enum container_status;
  for (auto status : {created, running, paused, restarting, removing, exited, dead}) {
    state_view state;
    state.status = status;
    state.exit_code = -1;
    state.finished_at = {1700000000, 1, 0};
    CHECK(*parse_state(write_state(state)) == state);
  }
  CHECK(*parse_state("{}") == state_view{});
  CHECK(parse_state(R"({"Status":"sleeping"})").error() ==
        api_error{errc::invalid_parameter, "invalid container status: sleeping"});
  CHECK(parse_state(R"({"StartedAt":"x"})").error().message == "parsing time \"x\": not RFC 3339");
  CHECK(parse_state(R"({"Pid":"1"})").error().message ==
        "json: cannot unmarshal string into Go struct field State.Pid of type int64");
  CHECK(parse_state("{").has_error());
}

TEST_CASE("inspect: all members in Docker's order", "[protocol][container]") {
  auto view = make_view('a', "web");
  view.mounts = {volume_mount()};
  view.graph_data = {{{"UpperDir", "/u"}}};
  view.links = {{"/db:/web/db"}};
  const std::string start =
      R"({"Id":")" + id +
      R"(","Created":"2023-11-14T22:13:20.000005Z","Path":"sh","Args":["-c","a b"],"State":)" +
      write_state(view.state) +
      R"(,"Image":"sha256:1","ResolvConfPath":"","HostnamePath":"","HostsPath":"","LogPath":"",)"
      R"("Name":"/web","RestartCount":0,"Driver":"overlay2","Platform":"linux","MountLabel":"",)"
      R"("ProcessLabel":"","AppArmorProfile":"","ExecIDs":null,"HostConfig":)";
  auto shown_host = *view.host_config;
  shown_host.links = view.links;
  const std::string graph = R"(,"GraphDriver":{"Data":{"UpperDir":"/u"},"Name":"overlay2"})";
  const std::string rest =
      R"(,"Mounts":[{"Type":"volume","Name":"v","Source":"/v/_data","Destination":"/data",)"
      R"("Driver":"local","Mode":"z","RW":true,"Propagation":""}],"Config":)" +
      shown_json(*view.config) +
      R"(,"NetworkSettings":{"Bridge":"","SandboxID":"","SandboxKey":"","Ports":{},)"
      R"("HairpinMode":false,"LinkLocalIPv6Address":"","LinkLocalIPv6PrefixLen":0,)"
      R"("SecondaryIPAddresses":null,"SecondaryIPv6Addresses":null,"EndpointID":"","Gateway":"",)"
      R"("GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"IPAddress":"","IPPrefixLen":0,)"
      R"("IPv6Gateway":"","MacAddress":"","Networks":)" +
      none_endpoint + "}}";
  CHECK(write_inspect(view, today) == start + shown_json(shown_host) + graph + rest);
  CHECK(write_inspect(view, today, container_sizes{0, 7}) ==
        start + shown_json(shown_host) + graph + R"(,"SizeRw":0,"SizeRootFs":7)" + rest);
  CHECK(contains(write_inspect(view, today), R"("Labels":{"a":"<b>&"})"));
}

TEST_CASE("inspect: old versions show the short id among the aliases of user networks",
          "[protocol][container]") {
  auto view = make_view('a', "web");
  view.network.networks["mine"].aliases = {{"db"}};
  CHECK(contains(write_inspect(view, today), R"("mine":{"IPAMConfig":null,"Links":null,)"
                                             R"("Aliases":["db"],)"));
  CHECK(contains(write_inspect(view, {1, 44}), R"("Aliases":["db","aaaaaaaaaaaa"],)"));
  CHECK(contains(write_inspect(view, {1, 44}), R"("none":{"IPAMConfig":null,"Links":null,)"
                                               R"("Aliases":null,)"));
}

TEST_CASE("inspect: what the default network gave is shown twice", "[protocol][container]") {
  auto view = make_view('a', "web");
  auto& bridge = view.network.networks["bridge"];
  bridge.ip_address = "172.17.0.2";
  bridge.ip_prefix_len = 16;
  CHECK(contains(write_inspect(view, today), R"("IPAddress":"172.17.0.2","IPPrefixLen":16,)"
                                             R"("IPv6Gateway":"","MacAddress":"","Networks":{)"));
}

TEST_CASE("list: an entry", "[protocol][container]") {
  auto view = make_view('a', "web");
  view.other_names = {"/app/db"};
  view.mounts = {volume_mount()};
  const std::string start = R"({"Id":")" + id +
                            R"(","Names":["/web","/app/db"],"Image":"bb:1","ImageID":"sha256:1",)"
                            R"("Command":"sh -c 'a b'","Created":1700000000,"Ports":[])";
  const std::string rest =
      R"(,"Labels":{"a":"<b>&"},"State":"created","Status":"Created",)"
      R"("HostConfig":{"NetworkMode":"none"},"NetworkSettings":{"Networks":)" +
      none_endpoint +
      R"(},"Mounts":[{"Type":"volume","Name":"v","Source":"/v/_data","Destination":"/data",)"
      R"("Driver":"local","Mode":"z","RW":true,"Propagation":""}]})";
  CHECK(entry(view) == start + rest);
  std::string sized;
  list_entry{view}.append(sized, "bb:1", now, today, container_sizes{3, 7});
  CHECK(sized == start + R"(,"SizeRw":3,"SizeRootFs":7)" + rest);
  std::string empty;
  list_entry{view}.append(empty, "bb:1", now, today, container_sizes{});
  CHECK(empty == start + rest);
}

TEST_CASE("list: the image is what its name still means", "[protocol][container]") {
  std::string out;
  list_entry{make_view('a', "web")}.append(out, "sha256:1", now, today);
  CHECK(contains(out, R"("Image":"sha256:1","ImageID":"sha256:1")"));
}

TEST_CASE("list: annotations came with 1.46", "[protocol][container]") {
  auto view = make_view('a', "web");
  auto host = *view.host_config;
  host.annotations = {{{"k", "<v>"}}};
  view.host_config = std::make_shared<const host_config>(host);
  CHECK(contains(entry(view),
                 R"("HostConfig":{"NetworkMode":"none","Annotations":{"k":"<v>"}},"Net)"));
  CHECK(contains(entry(view, {1, 45}), R"("HostConfig":{"NetworkMode":"none"},"Net)"));
}

TEST_CASE("list: where a container is, not what was asked for", "[protocol][container]") {
  auto view = make_view('a', "web");
  auto& n = view.network.networks["none"];
  n.links = n.aliases = n.dns_names = {{"x"}};
  n.driver_opts = {{{"a", "b"}}};
  CHECK(contains(entry(view), none_endpoint));
}

TEST_CASE("list: ports", "[protocol][container]") {
  const port_map ports{{"443/tcp", {{{"0.0.0.0", "8443"}, {"::", "8443"}}}},
                       {"53/udp", std::nullopt},
                       {"80", std::vector<port_binding>{}}};
  CHECK(listed_ports(ports) == std::vector<listed_port>{{"0.0.0.0", 443, 8443, "tcp"},
                                                        {"::", 443, 8443, "tcp"},
                                                        {"", 53, 0, "udp"},
                                                        {"", 80, 0, "tcp"}});
  auto view = make_view('a', "web");
  view.network.ports = ports;
  CHECK(contains(entry(view), R"("Ports":[{"IP":"0.0.0.0","PrivatePort":443,"PublicPort":8443,)"
                              R"("Type":"tcp"},{"IP":"::","PrivatePort":443,"PublicPort":8443,)"
                              R"("Type":"tcp"},{"PrivatePort":53,"Type":"udp"},)"
                              R"({"PrivatePort":80,"Type":"tcp"}])"));
}
