#include "actors/jobs/stream_job.hpp"

#include "actors/runtime/actor.hpp"
#include "actors/runtime/system.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <catch2/catch.hpp>

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>

using namespace gantry;
using namespace std::chrono_literals;

namespace {

/// What a client has seen of a job, and how it behaves.
struct client_record {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<core::job_input> input; ///< handed out piece by piece
  bool grants = true;                ///< gives credit for what it gets
  std::string output;
  std::size_t largest = 0; ///< of the pieces
  std::string content_type;
  std::optional<job::reply> reply;
  caf::strong_actor_ptr job;

  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock guard{mutex};
    return changed.wait_for(guard, 60s, condition);
  }
  const job::reply& result() {
    REQUIRE(wait([this] { return reply.has_value(); }));
    return *reply;
  }
};

struct client_state {
  static inline const char* name = "client";
  client_state() = default;
};

core::job_client_actor::behavior_type
run_client(core::job_client_actor::stateful_pointer<client_state> self,
           const std::shared_ptr<client_record>& r) {
  return {
      [self, r](const core::job_done& done) {
        std::lock_guard guard{r->mutex};
        r->reply = std::move(*done.reply);
        r->job = nullptr;
        r->changed.notify_all();
        self->quit();
      },
      [r](const core::job_stream_begun& begun) {
        std::lock_guard guard{r->mutex};
        r->content_type = begun.content_type;
        r->job = begun.job;
      },
      [r](const core::job_output& output) {
        std::lock_guard guard{r->mutex};
        r->output += *output.bytes;
        r->largest = std::max(r->largest, output.bytes->size());
        if (r->grants)
          core::tell(r->job, core::job_credit{output.bytes->size()});
        r->changed.notify_all();
      },
      [r](const core::job_wants_input& wanted) {
        std::lock_guard guard{r->mutex};
        r->job = wanted.job;
        if (r->input.empty())
          return;
        core::tell(wanted.job, std::move(r->input.front()));
        r->input.pop_front();
        r->changed.notify_all();
      },
      [](const core::job_takes_socket&) {},
  };
}

class stream_job_fixture {
public:
  ~stream_job_fixture() {
    caf::anon_send_exit(engine_, caf::exit_reason::kill);
    pool.stop();
  }

  /// Runs `work` as a job for `client`; the number of the run.
  core::request_id start(jobs::stream_work work, const std::shared_ptr<client_record>& client) {
    engine::job_table table;
    table.add("work", jobs::stream_job(pool, "application/x-tar", std::move(work))).value();
    engine::engine_options options;
    options.log_jobs = false;
    engine_ = runtime::spawn(sys_, engine::run_engine, std::move(table), options);
    auto id = core::next_request_id();
    auto actor = runtime::spawn(sys_, run_client, client);
    caf::anon_send(engine_, core::run_job{id, {"work", {}, {}}, core::to_ptr(actor), {}, {}, {}});
    return id;
  }
  void cancel(core::request_id id) { caf::anon_send(engine_, core::cancel_job{id}); }

  runtime::worker_pool pool{1, 1};

private:
  runtime::system_config config_;
  caf::actor_system sys_{config_};
  core::engine_actor engine_;
};

} // namespace

TEST_CASE_METHOD(stream_job_fixture, "stream_job: reads its input to the end and answers",
                 "[actors][jobs]") {
  auto client = std::make_shared<client_record>();
  client->input = {{"one ", false, {}}, {"", false, {}}, {"two", false, {}}, {"", true, {}}};
  start(
      [](const job::request&, jobs::job_streams& io) -> result<jobs::job_output> {
        std::string all;
        for (;;) {
          auto piece = io.read();
          if (!piece)
            return piece.error();
          if (piece->empty())
            break;
          all += *piece;
        }
        return jobs::job_output{all + "|" + std::to_string(io.read()->size())};
      },
      client);
  CHECK(std::get<std::string>(client->result().output) == "one two|0");
  CHECK(client->content_type.empty());
}

TEST_CASE_METHOD(stream_job_fixture, "stream_job: input that breaks off is an error of the client",
                 "[actors][jobs]") {
  auto client = std::make_shared<client_record>();
  client->input = {{"one", false, {}}, {"", true, "unexpected EOF"}};
  start(
      [](const job::request&, jobs::job_streams& io) -> result<jobs::job_output> {
        CHECK(io.read().value() == "one");
        return io.read().error();
      },
      client);
  auto& reply = client->result();
  CHECK(reply.kind == errc::invalid_parameter);
  CHECK(reply.error == "unexpected EOF");
}

TEST_CASE_METHOD(stream_job_fixture, "stream_job: output comes in pieces, under credit",
                 "[actors][jobs]") {
  auto client = std::make_shared<client_record>();
  const std::string all(3'000'000, 'x');
  start(
      [&all](const job::request&, jobs::job_streams& io) -> result<jobs::job_output> {
        auto written = io.write(all);
        if (!written)
          return written.error();
        return jobs::job_output{};
      },
      client);
  CHECK(client->result().status == job::status_ok);
  CHECK(client->content_type == "application/x-tar");
  CHECK(client->output == all);
  CHECK(client->largest <= 128 * 1024);
}

TEST_CASE_METHOD(stream_job_fixture, "stream_job: a client that takes nothing stops the work",
                 "[actors][jobs]") {
  auto client = std::make_shared<client_record>();
  client->grants = false;
  std::atomic<std::size_t> written{0};
  auto id = start(
      [&written](const job::request&, jobs::job_streams& io) -> result<jobs::job_output> {
        for (;;) {
          if (auto put = io.write(std::string(1000, 'x')); !put) {
            CHECK(io.cancelled());
            return put.error();
          }
          written += 1000;
        }
      },
      client);
  REQUIRE(client->wait([&] { return client->output.size() >= limits::stream_window; }));
  CHECK(written <= limits::stream_window + 1000);
  // It is ended from outside; the thread ends with it.
  cancel(id);
  pool.stop();
  CHECK(written <= limits::stream_window + 1000);
}

TEST_CASE_METHOD(stream_job_fixture, "stream_job: cancelled while it waits for input, it ends",
                 "[actors][jobs]") {
  auto client = std::make_shared<client_record>();
  auto waits = std::make_shared<std::promise<void>>();
  auto failed = std::make_shared<std::promise<api_error>>();
  auto id = start(
      [=](const job::request&, jobs::job_streams& io) -> result<jobs::job_output> {
        waits->set_value();
        auto piece = io.read();
        failed->set_value(piece.error());
        return piece.error();
      },
      client);
  waits->get_future().wait();
  cancel(id);
  CHECK(failed->get_future().get().kind == errc::unavailable);
  CHECK(client->result().kind == errc::unavailable);
  CHECK(client->result().error.starts_with("work: "));
}

TEST_CASE_METHOD(stream_job_fixture, "stream_job: is refused when the pool has no room",
                 "[actors][jobs]") {
  auto leave = std::make_shared<std::promise<void>>();
  auto begun = std::make_shared<std::promise<void>>();
  REQUIRE(pool.submit("holder", [leave, begun] {
    begun->set_value();
    leave->get_future().wait();
  }));
  begun->get_future().wait();
  REQUIRE(pool.submit("next", [] {}));
  auto client = std::make_shared<client_record>();
  start([](const job::request&, jobs::job_streams&) { return result<jobs::job_output>{}; }, client);
  CHECK(client->result().error == "work: too much work is waiting; try again later");
  leave->set_value();
}
