#include "tests/actors/jobs/job_fixture.hpp"

#include "actors/runtime/actor.hpp"

#include <caf/exit_reason.hpp>

#include <variant>

namespace gantry::test {

namespace {

/// What becomes of a job, for a thread that waits for it.
struct pending_job {
  std::promise<job::reply> reply;
};

struct waiting_client_state {
  static inline const char* name = "waiting-client";
  waiting_client_state() = default;
};

core::job_client_actor::behavior_type
run_waiting_client(core::job_client_actor::stateful_pointer<waiting_client_state> self,
                   std::shared_ptr<pending_job> pending) {
  return {
      [self, pending](const core::job_done& done) {
        pending->reply.set_value(std::move(*done.reply));
        self->quit();
      },
      [](const core::job_stream_begun&) {},
      [](const core::job_output&) {},
      [](const core::job_wants_input&) {},
      [](const core::job_takes_socket&) {},
  };
}

} // namespace

/// Facts as no machine has them, so that their way can be followed.
jobs::daemon_facts made_up_facts() {
  jobs::daemon_facts f;
  f.settings.data_root = "/srv/gantry";
  f.settings.labels = {"rack=7", "owner=me"};
  f.settings.debug = true;
  f.build = {"9.8.7", "abcdef0", "2024-05-06T07:08:09.000000000Z"};
  f.id = "01234567-89ab-4cde-8f01-23456789abcd";
  f.machine = {"6.1.0-test", "Test Linux 3", "3",  "x86_64",
               "amd64",      "box",          6,    std::uint64_t{64} << 30,
               true,         false,          false};
  f.cgroups.version = 2;
  f.cgroups.driver = "systemd";
  f.cgroups.memory_limit = f.cgroups.swap_limit = f.cgroups.cpu_shares = true;
  f.cgroups.cpu_cfs_period = f.cgroups.cpu_cfs_quota = f.cgroups.cpuset = true;
  f.cgroups.pids_limit = true;
  f.security.seccomp = f.security.cgroup_namespaces = true;
  f.storage = {"extfs"};
  f.storage_driver = "overlay2";
  f.proxies.http = "http://user:secret@proxy:3128";
  f.runtimes = {{"crun", "/usr/bin/crun", {"1.8.1", "c0ffee", "1.0.0"}, ""},
                {"runc", "/usr/sbin/runc", {"1.1.5", "beef", "1.0.2"}, ""}};
  f.chosen_runtime = "crun";
  f.init = host::program{"tini", "/usr/bin/tini", {"0.19.0", "de40ad0", ""}, ""};
  return f;
}

job_fixture::job_fixture(look machine) {
  const auto made_up = made_up_facts();
  facts->reload(made_up.settings);
  facts->learn_boot(made_up.id, made_up.storage_driver);
  if (machine == look::done)
    facts->learn(made_up);
  services.pool = &pool_;
  services.facts = facts;
  services.containers = shown;
  services.hub = runtime::spawn(sys, events::run_hub, events::hub_options{});
  services.scheduler = runtime::scheduler::of(sys);
  engine::job_table table;
  jobs::add_builtin_jobs(table, services).value();
  start_engine(std::move(table));
}

job_fixture::~job_fixture() {
  caf::anon_send_exit(engine, caf::exit_reason::kill);
  caf::anon_send_exit(services.hub, caf::exit_reason::kill);
  pool_.stop();
}

void job_fixture::start_engine(engine::job_table table) {
  engine::engine_options options;
  options.log_jobs = false;
  if (engine) // a released handle is not sent to
    caf::anon_send_exit(engine, caf::exit_reason::kill);
  engine = runtime::spawn(sys, engine::run_engine, std::move(table), options);
}

std::future<job::reply> job_fixture::start(job::request what, core::request_id id) {
  auto pending = std::make_shared<pending_job>();
  auto client = runtime::spawn(sys, run_waiting_client, pending);
  caf::anon_send(engine,
                 core::run_job{id, std::move(what), core::to_ptr(client), nullptr, nullptr, {}});
  return pending->reply.get_future();
}

job::reply job_fixture::wait(std::future<job::reply> answer) {
  REQUIRE(answer.wait_for(std::chrono::seconds{60}) == std::future_status::ready);
  return answer.get();
}

job::reply job_fixture::run(std::string name, std::vector<std::string> args, job::env environment) {
  return wait(start({std::move(name), std::move(args), std::move(environment)}));
}

boost::json::value job_fixture::value(std::string name, std::vector<std::string> args,
                                      job::env environment) {
  auto reply = run(std::move(name), std::move(args), std::move(environment));
  INFO(reply.error);
  REQUIRE(reply.status == 0);
  return std::get<boost::json::value>(reply.output);
}

std::string job_fixture::text(std::string name, std::vector<std::string> args,
                              job::env environment) {
  auto reply = run(std::move(name), std::move(args), std::move(environment));
  INFO(reply.error);
  REQUIRE(reply.status == 0);
  return std::get<std::string>(reply.output);
}

} // namespace gantry::test
