#include "app/ctl/web.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/host/unique_fd.hpp"
#include "app/ctl/run.hpp"
#include "app/ctl/terminal.hpp"
#include "app/ctl/web_server.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace gantry::ctl {

namespace {

/// The signals that end it, as a descriptor; blocked for good, also for threads to come.
result<host::unique_fd> ending_signals() {
  sigset_t ending;
  sigemptyset(&ending);
  for (int each : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&ending, each);
  ::pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  host::unique_fd fd{::signalfd(-1, &ending, SFD_CLOEXEC)};
  if (!fd)
    return host::errno_error("signalfd", errno);
  return fd;
}

/// Whether the daemon is there and has a page: better told now than in a browser.
result<void> look_for_page(const api_client& daemon) {
  const auto page = daemon.call("GET", "/");
  if (!page)
    return page.error();
  if (page->status == 404)
    return api_error{errc::not_found, "gantryd at " + daemon.address() +
                                          " has no page: it is older than this gantryctl"};
  if (page->status != 200)
    return error_of(*page);
  return {};
}

} // namespace

int run_web(const invocation& how, const environment& env) {
  auto settings = client_settings(how, env);
  if (!settings)
    return tell_failure(settings.error());
  const auto port = how.number("port").value_or(0);
  if (port > std::numeric_limits<std::uint16_t>::max())
    return tell_failure(invalid("invalid --port " + std::to_string(port) + ": at most 65535"));
  const auto stop = ending_signals();
  if (!stop)
    return tell_failure(stop.error());
  if (auto there = look_for_page(api_client{*settings}); !there)
    return tell_failure(there.error());
  web_server server{std::move(*settings)};
  if (auto opened = server.open(static_cast<std::uint16_t>(port)); !opened)
    return tell_failure(opened.error());
  const auto text = how.has("json")
                        ? boost::json::serialize(boost::json::object{{"address", server.address()}})
                        : server.address();
  if (auto printed = print(text + '\n'); !printed)
    return tell_failure(printed.error());
  server.run(stop->get());
  return exit_done;
}

} // namespace gantry::ctl
