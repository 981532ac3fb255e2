#include "actors/inspect/service/service.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/system.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "tests/actors/host/sockets.hpp"
#include "tests/support/temp_dir.hpp"

#include <caf/all.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

/// How long a list of many actors takes, from the question on a unix socket to the last byte of the
/// answer: `inspect_bench [ACTORS [LIMIT_MS]]`, 10,000 and 100 by default. Ends with 1 if the
/// median of the whole list is over the limit.

namespace {

using namespace gantry;
using steady = std::chrono::steady_clock;

struct resting_state {
  static inline const char* name = "resting";
  resting_state() = default;
};

caf::behavior run_resting(caf::stateful_actor<resting_state>*, std::atomic<int>* handled) {
  return {[handled](int) { handled->fetch_add(1); }};
}

/// Bytes of the answer's body, and how long it took; 0 bytes if there was none.
std::pair<std::size_t, double> ask(const std::string& path, const char* target) {
  auto began = steady::now();
  auto fd = test::connect_unix(path);
  ::fcntl(fd.get(), F_SETFL, 0);
  auto request = std::string{"GET "} + target + " HTTP/1.0\r\n\r\n";
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0)
    return {};
  static char bytes[1 << 20];
  std::size_t size = 0;
  while (auto n = ::recv(fd.get(), bytes, sizeof bytes, 0)) {
    if (n < 0)
      return {};
    size += static_cast<std::size_t>(n);
  }
  return {size, std::chrono::duration<double, std::milli>(steady::now() - began).count()};
}

/// Prints the median and the worst of 21; answers the median.
double measure(const std::string& path, const char* target) {
  std::vector<double> times;
  std::size_t size = 0;
  for (int i = 0; i < 21; ++i) {
    auto [bytes, took] = ask(path, target);
    size = bytes;
    times.push_back(took);
  }
  std::sort(times.begin(), times.end());
  std::printf("%-42s %9zu bytes  median %7.2f ms  worst %7.2f ms\n", target, size, times[10],
              times.back());
  return times[10];
}

} // namespace

int main(int argc, char** argv) {
  const int actors = argc > 1 ? std::atoi(argv[1]) : 10'000;
  const double limit = argc > 2 ? std::atof(argv[2]) : 100;
  test::temp_dir dir;
  runtime::worker_pool pool{1, 1};
  core::job_board jobs;
  core::connection_board connections;
  std::atomic<int> handled{0};
  runtime::system_config config;
  caf::actor_system sys{config};
  sys.await_actors_before_shutdown(false);
  std::vector<caf::actor> many;
  for (int i = 0; i < actors; ++i) {
    many.push_back(runtime::spawn(sys, run_resting, &handled));
    caf::anon_send(many.back(), i);
  }
  while (handled != actors)
    std::this_thread::yield();

  inspect::sources from;
  from.scheduler = runtime::scheduler::of(sys);
  from.pools = {&pool};
  from.jobs = &jobs;
  from.connections = &connections;
  inspect::service service{std::move(from)};
  auto path = dir.file("i");
  if (auto opened = service.open({host::parse_listen_address("unix://" + path).value(), {}});
      !opened) {
    std::fprintf(stderr, "%s\n", opened.error().message.c_str());
    return 2;
  }
  std::printf("%d actors\n", actors);
  auto all = measure(path, "/v1/actors");
  measure(path, "/v1/actors?sort=mailbox&limit=50");
  measure(path, "/v1/tree");
  measure(path, "/v1/dump");
  measure(path, "/v1/threads");
  for (auto& a : many)
    caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
  pool.stop();
  return all <= limit ? 0 : 1;
}
