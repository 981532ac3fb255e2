#include "tests/actors/inspect/service/inspected.hpp"

#include "actors/runtime/scheduler.hpp"
#include "protocol/inspect/json.hpp"

#include <boost/json/array.hpp>
#include <catch2/catch.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <thread>

namespace gantry::test {

namespace {

constexpr std::chrono::seconds inspected_patience{20};

runtime::system_options with_threads(std::size_t threads) {
  runtime::system_options options;
  options.threads = threads;
  return options;
}

} // namespace

raw_client::raw_client(const std::string& path) : fd_(connect_unix(path)) { REQUIRE(fd_); }

void raw_client::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    auto n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) {
      pollfd p{fd_.get(), POLLOUT, 0};
      REQUIRE(::poll(&p, 1, 20'000) == 1);
      continue;
    }
    if (n < 0)
      return; // it has closed: what it said before can be read
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string raw_client::receive(std::string_view end) const {
  std::string all;
  char bytes[65536];
  while (end.empty() || all.find(end) == std::string::npos) {
    pollfd p{fd_.get(), POLLIN, 0};
    if (::poll(&p, 1, 20'000) != 1) {
      FAIL("nothing more came after: " << all.substr(0, 2000));
      break;
    }
    auto n = ::recv(fd_.get(), bytes, sizeof bytes, 0);
    if (n <= 0)
      break;
    all.append(bytes, static_cast<std::size_t>(n));
  }
  return all;
}

boost::json::object answer::json() const {
  auto value = inspect::parse_json(body);
  REQUIRE(value.has_value());
  REQUIRE(value->is_object());
  return value->as_object();
}

bool eventually(const std::function<bool()>& condition) {
  auto end = std::chrono::steady_clock::now() + inspected_patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::yield();
  }
  return true;
}

inspected::inspected(std::size_t threads) : config(with_threads(threads)), sys(config) {
  sys.await_actors_before_shutdown(false);
  service = std::make_unique<inspect::service>(sources());
  REQUIRE(service->open(options()).has_value());
}

inspected::~inspected() {
  service.reset();
  pool.stop();
}

inspect::sources inspected::sources() {
  inspect::sources from;
  from.scheduler = runtime::scheduler::of(sys);
  from.pools = {&pool};
  from.jobs = &jobs;
  from.connections = &connections;
  from.streams = &streams;
  from.requests = &requests;
  from.version = "1.2.3";
  from.daemon_id = [] { return std::string{"the id"}; };
  return from;
}

inspect::service_options inspected::options() const {
  return {host::parse_listen_address("unix://" + path()).value(), {}};
}

answer inspected::ask(std::string_view method, std::string_view target,
                      std::string_view body) const {
  raw_client client{path()};
  std::string request{method};
  request.append(" ").append(target).append(" HTTP/1.1\r\nHost: i\r\nConnection: close\r\n");
  if (!body.empty())
    request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  client.send(request.append("\r\n").append(body));
  auto all = client.receive_all();
  auto end = all.find("\r\n\r\n");
  REQUIRE(end != std::string::npos);
  return {std::stoi(all.substr(9, 3)), all.substr(0, end), all.substr(end + 4)};
}

boost::json::object inspected::get(std::string_view target) const {
  auto a = ask("GET", target);
  INFO(a.head << a.body.substr(0, 1000));
  REQUIRE(a.status == 200);
  return a.json();
}

boost::json::value inspected::find(std::string_view target, std::string_view list,
                                   std::string_view key, const boost::json::value& value) const {
  auto page = get(target);
  for (auto& each : page.at({list.data(), list.size()}).as_array())
    if (each.as_object().at({key.data(), key.size()}) == value)
      return each;
  return nullptr;
}

} // namespace gantry::test
