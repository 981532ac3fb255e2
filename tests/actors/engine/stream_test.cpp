#include "tests/actors/engine/engine_fixture.hpp"

#include "actors/runtime/actor.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

constexpr std::size_t piece_size = 60'000;

struct pump_state {
  static inline const char* name = "pump";
  pump_state() = default;
  engine::job_run run;
  int left = 0;

  void pump(core::job_actor::stateful_pointer<pump_state> self) {
    for (; left > 0 && run.credit() > 0; --left)
      run.write(std::make_shared<const std::string>(piece_size, 'x'));
    if (left == 0) {
      run.succeed();
      self->quit();
    }
  }
};

/// Writes as many pieces as its argument says, as fast as its credit allows.
core::job_actor::behavior_type run_pump(core::job_actor::stateful_pointer<pump_state> self,
                                        std::shared_ptr<engine::job_run> asked) {
  self->state.run = std::move(*asked);
  self->state.left = std::stoi(self->state.run.args().at(0));
  self->state.run.begin_stream(core::to_ptr(core::job_actor{self}), "text/plain");
  self->state.pump(self);
  return {[self](const core::job_cancel& c) {
            self->state.run.fail(errc::unavailable, c.reason);
            self->quit();
          },
          [self](const core::job_credit& c) {
            self->state.run.grant(c.bytes);
            self->state.pump(self);
          },
          [](core::job_input&) {}, [](core::job_socket&) {},
          [](core::describe) { return core::facts{}; }};
}

class stream_fixture : public engine_fixture {
public:
  stream_fixture() {
    engine::job_table table;
    table
        .add("pump", engine::job_handler{[](caf::local_actor* parent, engine::job_run run) {
               return runtime::spawn(parent, run_pump,
                                     std::make_shared<engine::job_run>(std::move(run)));
             }})
        .value();
    start({}, std::move(table));
  }

  void grant(const probe& client, std::size_t bytes) {
    REQUIRE(client->begun.size() == 1);
    core::tell(client->begun.front().job, core::job_credit{bytes});
    run();
  }
};

} // namespace

TEST_CASE_METHOD(stream_fixture, "stream: a job writes no more than window and a piece",
                 "[actors][engine]") {
  auto client = make_probe();
  send(client, {"pump", {"20"}, {}});
  REQUIRE(client->begun.size() == 1);
  CHECK(client->order.starts_with("bo"));
  CHECK(client->begun.front().content_type == "text/plain");
  std::size_t granted = limits::stream_window;
  CHECK(client->streamed().size() == 5 * piece_size); // the first multiple from the window on
  while (client->done.empty()) {
    CHECK(client->streamed().size() >= granted);
    CHECK(client->streamed().size() < granted + piece_size);
    grant(client, 1000);
    granted += 1000;
    REQUIRE(granted < 30 * piece_size);
  }
  CHECK(client->streamed().size() == 20 * piece_size);
  CHECK(client->order == "b" + std::string(20, 'o') + "d");
  CHECK(std::holds_alternative<std::monostate>(client->reply().output));
}

TEST_CASE_METHOD(stream_fixture, "stream: the debt of a large piece is paid before the next",
                 "[actors][engine]") {
  auto client = make_probe();
  auto& job = start_by_hand(client);
  CHECK(job.run.credit() == 0);
  job.run.begin_stream(job.ptr(), "text/plain");
  job.run.write(std::make_shared<const std::string>(2 * limits::stream_window, 'x'));
  run();
  CHECK(job.run.credit() == -static_cast<std::ptrdiff_t>(limits::stream_window));
  grant(client, limits::stream_window);
  CHECK(job.run.credit() == 0);
  grant(client, 1);
  CHECK(job.run.credit() == 1);
}

TEST_CASE_METHOD(stream_fixture, "stream: a client that stops reading and leaves ends the job",
                 "[actors][engine]") {
  auto client = make_probe();
  auto id = send(client, {"pump", {"1000"}, {}});
  auto before = client->output.size();
  run();
  CHECK(client->output.size() == before);
  caf::anon_send(engine, core::cancel_job{id});
  run();
  CHECK(client->reply().error == "the client has left");
  CHECK(fact("jobs running") == "0");
}

TEST_CASE_METHOD(stream_fixture, "stream: a failure after output comes in order",
                 "[actors][engine]") {
  auto client = make_probe();
  auto& job = start_by_hand(client);
  job.run.begin_stream(job.ptr(), "text/plain");
  job.run.write(std::make_shared<const std::string>("half"));
  job.run.fail(errc::system, "disk full");
  run();
  CHECK(client->order == "bod");
  CHECK(client->streamed() == "half");
  CHECK(client->reply().error == "disk full");
}

TEST_CASE_METHOD(stream_fixture, "stream: input is asked for piece by piece", "[actors][engine]") {
  auto client = make_probe();
  auto& job = start_by_hand(client);
  job.run.want_input(job.ptr());
  run();
  REQUIRE(client->wants.size() == 1);
  CHECK(client->wants[0].most == limits::input_window);
  CHECK(client->wants[0].id == job.run.id());
  core::tell(client->wants[0].job, core::job_input{"abc", false, {}});
  run();
  job.run.want_input(job.ptr(), 10);
  run();
  REQUIRE(client->wants.size() == 2);
  CHECK(client->wants[1].most == 10);
  core::tell(client->wants[1].job, core::job_input{{}, true, "the client has left"});
  run();
  REQUIRE(job.inputs.size() == 2);
  CHECK(job.inputs[0].bytes == "abc");
  CHECK(!job.inputs[0].eof);
  CHECK(job.inputs[1].eof);
  CHECK(job.inputs[1].error == "the client has left");
}

TEST_CASE_METHOD(stream_fixture, "stream: without a client input is empty and there is no socket",
                 "[actors][engine]") {
  core::run_job r;
  r.id = core::next_request_id();
  r.what.name = "hand";
  caf::anon_send(engine, r);
  run();
  auto& job = *started->back();
  job.run.want_input(job.ptr());
  job.run.take_socket(job.ptr(), "application/vnd.docker.raw-stream");
  run();
  REQUIRE(job.inputs.size() == 1);
  CHECK(job.inputs[0].eof);
  CHECK(job.inputs[0].bytes.empty());
  CHECK(job.inputs[0].error.empty());
  REQUIRE(job.sockets.size() == 1);
  CHECK(job.sockets[0].stream == nullptr);
}

TEST_CASE_METHOD(stream_fixture, "stream: the client is asked for its socket", "[actors][engine]") {
  auto client = make_probe();
  auto& job = start_by_hand(client);
  job.run.take_socket(job.ptr(), "application/vnd.docker.raw-stream");
  run();
  REQUIRE(client->takes.size() == 1);
  CHECK(client->takes[0].id == job.run.id());
  CHECK(client->takes[0].content_type == "application/vnd.docker.raw-stream");
  core::tell(client->takes[0].job, core::job_socket{nullptr, "already here"});
  run();
  REQUIRE(job.sockets.size() == 1);
  CHECK(job.sockets[0].already_read == "already here");
}
