#include "actors/host/listener_socket.hpp"

#include "actors/host/directory_lock.hpp"
#include "tests/actors/host/sockets.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <thread>

using namespace gantry;
using namespace gantry::host;
using gantry::test::bind_unix;
using gantry::test::connect_unix;
using gantry::test::temp_dir;
using gantry::test::without_root;

namespace {

// No group at all: what most tests want.
const unix_socket_options plain{.group = "", .patience = std::chrono::milliseconds{0}};

mode_t mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

gid_t group_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_gid;
}

std::uint16_t port_of(const listener_socket& socket) {
  return static_cast<std::uint16_t>(std::stoi(socket.bound.substr(socket.bound.rfind(':') + 1)));
}

void check_flags(int fd) {
  CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
}

// Leaves a socket file behind that nobody listens on.
void leave_stale_socket(const std::string& path) { REQUIRE(bind_unix(path)); }

class umask_guard {
public:
  explicit umask_guard(mode_t mask) : before_(::umask(mask)) {}
  umask_guard(umask_guard&&) = delete;
  ~umask_guard() { ::umask(before_); }

private:
  mode_t before_;
};

} // namespace

TEST_CASE("listener_socket: tcp port 0 gets a real port that can be connected to", "[host]") {
  auto socket = open_tcp_listener("127.0.0.1", 0).value();
  CHECK(socket.proto == listen_proto::tcp);
  CHECK(socket.family == socket_family::inet);
  CHECK(socket.local);
  CHECK(socket.bound.starts_with("tcp://127.0.0.1:"));
  CHECK(port_of(socket) != 0);
  CHECK(socket.file.path().empty());
  check_flags(socket.fd.get());

  unique_fd client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_of(socket));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
}

TEST_CASE("listener_socket: tcp address in use is an error with the address", "[host]") {
  auto first = open_tcp_listener("127.0.0.1", 0).value();
  auto port = port_of(first);
  auto second = open_tcp_listener("127.0.0.1", port);
  REQUIRE(second.has_error());
  CHECK(second.error() ==
        api_error{errc::conflict, "failed to listen on tcp://127.0.0.1:" + std::to_string(port) +
                                      ": bind: Address already in use"});
  // It would be no help to listen on ::1 instead: clients of localhost meet the other one.
  auto by_name = open_tcp_listener("localhost", port);
  REQUIRE(by_name.has_error());
  CHECK(by_name.error().kind == errc::conflict);
}

TEST_CASE("listener_socket: tcp address can be used again at once after closing", "[host]") {
  std::uint16_t port = 0;
  {
    auto socket = open_tcp_listener("127.0.0.1", 0).value();
    port = port_of(socket);
    unique_fd client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    unique_fd accepted{::accept4(socket.fd.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    REQUIRE(accepted);
  } // the accepted side closes first: TIME_WAIT is ours
  CHECK(open_tcp_listener("127.0.0.1", port).has_value());
}

TEST_CASE("listener_socket: tcp addresses of every kind", "[host]") {
  CHECK(open_tcp_listener("localhost", 0).value().bound.starts_with("tcp://127.0.0.1:"));
  auto any = open_tcp_listener("0.0.0.0", 0).value();
  CHECK_FALSE(any.local);
  auto foreign = open_tcp_listener("192.0.2.1", 1);
  REQUIRE(foreign.has_error());
  CHECK(foreign.error().message ==
        "failed to listen on tcp://192.0.2.1:1: bind: Cannot assign requested address");
  auto v6 = open_tcp_listener("::1", 0);
  if (v6) {
    CHECK(v6->bound.starts_with("tcp://[::1]:"));
    CHECK(v6->local);
    int only = 0;
    socklen_t size = sizeof(only);
    CHECK(::getsockopt(v6->fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, &size) == 0);
    CHECK(only == 1);
  } else { // a machine without IPv6
    CHECK(v6.error().message.starts_with("failed to listen on tcp://[::1]:0: "));
  }
}

TEST_CASE("listener_socket: a tcp host that cannot be looked up", "[host]") {
  std::string host(64, 'a'); // longer than a DNS label may be: fails without a question
  auto socket = open_tcp_listener(host, 80);
  REQUIRE(socket.has_error());
  CHECK(socket.error().message.starts_with("failed to listen on tcp://" + host + ":80: lookup " +
                                           host + ": "));
}

TEST_CASE("listener_socket: K-21: unix socket has the mode asked for, whatever the umask",
          "[host]") {
  temp_dir dir;
  for (mode_t mask : {0, 022, 0777}) {
    CAPTURE(mask);
    umask_guard guard{mask};
    auto path = dir.file("x.sock");
    auto socket = open_unix_listener(path, plain).value();
    CHECK(mode_of(path) == 0660);
    CHECK(::umask(mask) == mask); // K-21: not touched
    CHECK(socket.proto == listen_proto::unix_socket);
    CHECK(socket.family == socket_family::unix_domain);
    CHECK(socket.local);
    CHECK(socket.bound == "unix://" + path);
    CHECK(socket.warnings.empty());
    check_flags(socket.fd.get());
    CHECK(connect_unix(path));
  }
  auto path = dir.file("open.sock");
  auto socket = open_unix_listener(path, {.group = "", .mode = 0666}).value();
  CHECK(mode_of(path) == 0666);
}

TEST_CASE("listener_socket: the file goes with its owner", "[host]") {
  temp_dir dir;
  auto path = dir.file("x.sock");
  {
    auto socket = open_unix_listener(path, plain).value();
    listener_socket moved = std::move(socket);
    CHECK(socket.file.path().empty());
    CHECK(moved.file.path() == path);
    CHECK(dir.has("x.sock"));
  }
  CHECK_FALSE(dir.has("x.sock"));
  {
    auto socket = open_unix_listener(path, plain).value();
    socket.file.release();
  }
  CHECK(dir.has("x.sock"));
}

TEST_CASE("listener_socket: a successor's file is left alone", "[host]") {
  temp_dir dir;
  auto path = dir.file("x.sock");
  auto first = open_unix_listener(path, plain).value();
  REQUIRE(::unlink(path.c_str()) == 0);
  auto second = open_unix_listener(path, plain).value();
  first = {};
  CHECK(dir.has("x.sock"));
  CHECK(connect_unix(path));
  second = {};
  CHECK_FALSE(dir.has("x.sock"));
}

TEST_CASE("listener_socket: C4 a stale socket is replaced", "[host]") {
  temp_dir dir;
  auto path = dir.file("x.sock");
  leave_stale_socket(path);
  REQUIRE_FALSE(connect_unix(path));
  auto socket = open_unix_listener(path, plain);
  REQUIRE(socket.has_value());
  CHECK(connect_unix(path));
}

TEST_CASE("listener_socket: a socket that is answered is not taken", "[host]") {
  temp_dir dir;
  auto path = dir.file("x.sock");
  auto text = "failed to listen on unix://" + path + ": another daemon is listening on it";
  SECTION("another of ours") {
    auto first = open_unix_listener(path, plain).value();
    CHECK(open_unix_listener(path, plain).error() == api_error{errc::conflict, text});
    CHECK(connect_unix(path));
    first.file.release();
  }
  SECTION("one whose backlog is full") {
    auto busy = bind_unix(path);
    REQUIRE(::listen(busy.get(), 0) == 0);
    std::vector<unique_fd> clients;
    while (auto client = connect_unix(path))
      clients.push_back(std::move(client));
    REQUIRE(errno == EAGAIN);
    CHECK(open_unix_listener(path, plain).error() == api_error{errc::conflict, text});
  }
  SECTION("a datagram socket") {
    auto other = bind_unix(path, SOCK_DGRAM);
    CHECK(open_unix_listener(path, plain).error() == api_error{errc::conflict, text});
  }
  CHECK(dir.has("x.sock"));
}

TEST_CASE("listener_socket: what is not a socket is never removed", "[host]") {
  temp_dir dir;
  auto path = dir.file("x");
  auto text = "failed to listen on unix://" + path + ": '" + path + "' exists and is not a socket";
  SECTION("file") { dir.write("x", "precious"); }
  SECTION("directory") { REQUIRE(::mkdir(path.c_str(), 0700) == 0); }
  SECTION("dangling link") { REQUIRE(::symlink("nowhere", path.c_str()) == 0); }
  SECTION("link to a socket") {
    leave_stale_socket(dir.file("other"));
    REQUIRE(::symlink("other", path.c_str()) == 0);
  }
  SECTION("fifo") { REQUIRE(::mkfifo(path.c_str(), 0600) == 0); }
  CHECK(open_unix_listener(path, plain).error() == api_error{errc::conflict, text});
  CHECK(dir.has("x"));
}

TEST_CASE("listener_socket: paths that cannot be", "[host]") {
  temp_dir dir;
  auto error_of = [](const std::string& path) {
    auto socket = open_unix_listener(path, plain);
    REQUIRE(socket.has_error());
    auto prefix = "failed to listen on unix://" + path + ": ";
    REQUIRE(socket.error().message.starts_with(prefix));
    return socket.error().message.substr(prefix.size());
  };
  CHECK(error_of("") == "not a path");
  CHECK(error_of(std::string("/tmp/a\0b", 8)) == "not a path");
  CHECK(error_of("@name") == "an abstract socket has no permissions and cannot be protected");
  CHECK(error_of(dir.file("none/x.sock")) == "bind: No such file or directory");
  dir.write("file", "");
  CHECK(error_of(dir.file("file/x.sock")) == "stat: Not a directory");

  auto longest = dir.file(std::string(107 - dir.path().size() - 1, 'x'));
  REQUIRE(longest.size() == 107);
  CHECK(open_unix_listener(longest, plain).has_value());
  CHECK(error_of(longest + 'x') == "the path is longer than 107 bytes, the limit for unix sockets");
}

TEST_CASE("listener_socket: no permission", "[host]") {
  temp_dir dir;
  REQUIRE(::chmod(dir.path().c_str(), 0555) == 0);
  std::string text;
  {
    without_root guard;
    text = open_unix_listener(dir.file("x.sock"), plain).error().message;
  }
  CHECK(text == "failed to listen on unix://" + dir.file("x.sock") + ": bind: Permission denied");
}

TEST_CASE("listener_socket: nothing is left behind when a late step fails", "[host]") {
  temp_dir dir;
  auto groups = dir.write("group", "root:x:0:\n");
  auto path = dir.file("x.sock");
  auto socket = open_unix_listener(path, {.group = "nosuch", .group_file = groups});
  CHECK(socket.error() == api_error{errc::not_found, "failed to listen on unix://" + path +
                                                         ": Group nosuch not found"}); // C2
  CHECK_FALSE(dir.has("x.sock"));
}

TEST_CASE("listener_socket: C1 to C3 group of the socket file", "[host]") {
  temp_dir dir;
  auto groups = dir.write("group", "root:x:0:\nops:x:4711:alice,bob\nops:x:4712:\n"
                                   "4713:x:4714:\nlast:x:4713:\nbroken\nempty:x::\n");
  auto path = dir.file("x.sock");
  struct row {
    const char* group;
    gid_t gid;
    const char* warning;
  };
  const row rows[] = {
      {"ops", 4711, ""},                         // by name, the first wins
      {"4712", 4712, ""},                        // by number
      {"4713", 4714, ""},                        // by name before a later one by number
      {"5555", 5555, "Could not find GID 5555"}, // a number stands for itself
  };
  for (const auto& row : rows) {
    CAPTURE(row.group);
    auto found = find_group(row.group, groups);
    REQUIRE(found.has_value());
    CHECK(found->gid == row.gid);
    CHECK(found->warning == row.warning);
    if (::geteuid() == 0) {
      auto socket = open_unix_listener(path, {.group = row.group, .group_file = groups}).value();
      CHECK(group_of(path) == row.gid);
      CHECK(mode_of(path) == 0660);
      CHECK(socket.warnings == (*row.warning == '\0' ? std::vector<std::string>{}
                                                     : std::vector<std::string>{row.warning}));
    }
  }
  for (const char* absent :
       {"x", "OPS", "empty", "broken", "-1", "+5", "4294967295", "99999999999", "", " ops"}) {
    CAPTURE(absent);
    CHECK(find_group(absent, groups).error() ==
          api_error{errc::not_found, std::string{"Group "} + absent + " not found"});
  }
  CHECK(find_group("ops", dir.file("none")).has_error());
  CHECK(find_group("7", dir.file("none")).value().gid == 7);
}

TEST_CASE("listener_socket: C3 a missing group docker is only a warning", "[host]") {
  temp_dir dir;
  auto path = dir.file("x.sock");
  auto socket =
      open_unix_listener(path, {.group = "docker", .group_file = dir.file("none")}).value();
  CHECK(socket.warnings == std::vector<std::string>{"Warning: could not chgrp " + path +
                                                    " to docker: Group docker not found"});
  CHECK(mode_of(path) == 0660);
}

TEST_CASE("listener_socket: C3 a group that may not be given", "[host]") {
  temp_dir dir;
  auto groups = dir.write("group", "docker:x:4711:\nops:x:4712:\n");
  REQUIRE(::chmod(dir.path().c_str(), 0777) == 0);
  auto path = dir.file("x.sock");
  result<listener_socket> named = api_error{};
  result<listener_socket> standard = api_error{};
  {
    without_root guard;
    named = open_unix_listener(path, {.group = "ops", .group_file = groups});
    standard = open_unix_listener(path, {.group = "docker", .group_file = groups});
  }
  CHECK(named.error() == api_error{errc::forbidden, "failed to listen on unix://" + path +
                                                        ": chown: Operation not permitted"});
  REQUIRE(standard.has_value());
  CHECK(standard->warnings ==
        std::vector<std::string>{"Warning: could not chgrp " + path +
                                 " to docker: chown: Operation not permitted"});
}

TEST_CASE("listener_socket: of daemons started at once over a stale socket one wins", "[host]") {
  temp_dir dir;
  auto path = dir.file("x.sock");
  for (int round = 0; round < 150; ++round) {
    leave_stale_socket(path);
    constexpr int daemons = 6;
    std::atomic<int> ready{0};
    std::vector<result<listener_socket>> opened;
    for (int i = 0; i < daemons; ++i)
      opened.emplace_back(api_error{});
    std::vector<std::thread> threads;
    for (int i = 0; i < daemons; ++i)
      threads.emplace_back([&, i] {
        ++ready;
        while (ready < daemons)
          std::this_thread::yield();
        opened[static_cast<std::size_t>(i)] = open_unix_listener(path, plain);
      });
    for (auto& thread : threads)
      thread.join();
    int winners = 0;
    for (const auto& socket : opened)
      winners += socket.has_value() ? 1 : 0;
    CHECK(winners == 1);
    CHECK(connect_unix(path));
    opened.clear();
    REQUIRE_FALSE(dir.has("x.sock"));
  }
}

TEST_CASE("directory_lock: excludes another holder, gives up on a stranger", "[host]") {
  temp_dir dir;
  {
    directory_lock first{dir.file("x")};
    CHECK(first.held());
    directory_lock second{dir.file("y"), std::chrono::milliseconds{5}};
    CHECK_FALSE(second.held());
    CHECK(open_unix_listener(dir.file("late.sock"), plain).has_value()); // goes on without
  }
  directory_lock third{dir.file("x"), std::chrono::milliseconds{0}};
  CHECK(third.held());
  directory_lock nowhere{dir.file("none/x")};
  CHECK_FALSE(nowhere.held());
}

TEST_CASE("directory_lock: parent directories", "[host]") {
  CHECK(parent_directory("/run/x") == "/run");
  CHECK(parent_directory("/x") == "/");
  CHECK(parent_directory("x") == ".");
  CHECK(parent_directory("a/b/") == "a/b");
}

TEST_CASE("listener_socket: adopting a socket of another program", "[host]") {
  temp_dir dir;
  auto path = dir.file("x.sock");
  SECTION("unix") {
    auto fd = bind_unix(path);
    REQUIRE(::listen(fd.get(), 5) == 0);
    auto socket = adopt_listener(fd).value();
    CHECK_FALSE(fd);
    CHECK(socket.proto == listen_proto::fd);
    CHECK(socket.family == socket_family::unix_domain);
    CHECK(socket.bound == "unix://" + path);
    CHECK(socket.local);
    CHECK(socket.file.path().empty()); // not ours to remove
    check_flags(socket.fd.get());
  }
  SECTION("tcp") {
    auto tcp = open_tcp_listener("127.0.0.1", 0).value();
    auto socket = adopt_listener(tcp.fd).value();
    CHECK(socket.family == socket_family::inet);
    CHECK(socket.bound == tcp.bound);
  }
  SECTION("abstract") {
    unique_fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    sa_family_t autobind = sizeof(address.sun_family);
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), autobind) == 0);
    REQUIRE(::listen(fd.get(), 5) == 0);
    CHECK(adopt_listener(fd).value().bound.starts_with("unix://@"));
  }
  SECTION("errors keep the descriptor with the caller") {
    unique_fd file{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    CHECK(adopt_listener(file).error().message == "getsockopt: Socket operation on non-socket");
    CHECK(file);
    auto quiet = bind_unix(path);
    CHECK(adopt_listener(quiet).error().message == "not a listening socket");
    unique_fd datagram{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    CHECK(adopt_listener(datagram).error().message == "not a stream socket");
    unique_fd netlink{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0)};
    CHECK(adopt_listener(netlink).error().message == "not an internet or unix socket");
  }
}
