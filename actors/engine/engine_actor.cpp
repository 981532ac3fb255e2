#include "actors/engine/engine_actor.hpp"

#include "actors/runtime/log.hpp"
#include "actors/runtime/request.hpp"
#include "protocol/job/job.hpp"

#include <caf/exit_reason.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <exception>
#include <random>

namespace gantry::engine {

namespace {

/// Clause A4: runs for as long as the daemon, so shutdown does not wait for it.
bool counts_for_shutdown(std::string_view name) { return name != "serveapi"; }

std::string random_id() {
  std::random_device source;
  std::string result;
  constexpr char digits[] = "0123456789abcdef";
  while (result.size() < 64) {
    auto bits = source();
    for (int i = 0; i < 8; ++i, bits >>= 4)
      result += digits[bits & 15];
  }
  return result;
}

} // namespace

// -- job_table ------------------------------------------------------------------------------------

result<void> job_table::add(std::string name, job_handler handler) {
  if (!handler)
    return api_error{errc::invalid_parameter, "no handler was given for command " + name};
  if (handlers_.contains(name))
    return api_error{errc::conflict, "Can't overwrite handler for command " + name};
  handlers_.emplace(std::move(name), std::move(handler));
  return {};
}

result<void> job_table::add(std::string name, job_function function) {
  return add(std::move(name), function_job(std::move(function)));
}

const job_handler* job_table::find(std::string_view name) const {
  if (auto i = handlers_.find(name); i != handlers_.end())
    return &i->second;
  return catch_all_ && !name.empty() ? &catch_all_ : nullptr;
}

std::string job_table::listing() const {
  std::string result;
  for (auto& [name, handler] : handlers_)
    result.append(name).append("\n");
  return result;
}

// -- engine_state ---------------------------------------------------------------------------------

engine_state::~engine_state() {
  for (auto& promise : waiting_for_shutdown_)
    promise.deliver(core::done{});
  const bool had_their_time = phase_ == phase::callbacks || phase_ == phase::over;
  for (auto& [id, e] : running_)
    if (had_their_time && e.counts) // who ends as it is asked to may wait for a client
      caf::anon_send_exit(e.actor, caf::exit_reason::user_shutdown);
    else
      caf::anon_send(e.actor, core::job_cancel{"the engine has ended"});
}

void engine_state::init(core::engine_actor::stateful_pointer<engine_state> me, job_table handlers,
                        engine_options how) {
  self = me;
  id = random_id();
  handlers_ = std::move(handlers);
  options_ = how;
  // E8: includes itself. Fails if the builtins have one of their own (E3).
  auto names = std::make_shared<std::string>();
  if (handlers_.add("commands", job_function{[names](job_run& run) { run.succeed(*names); }}))
    *names = handlers_.listing();
}

/// `[1a2b3c4d] +job start(abc)` (L1, L3).
void engine_state::log_job(char sign, const entry& e, core::request_id id_of_run,
                           std::string_view suffix) const {
  auto severity = e.origin ? log::level::debug : log::level::info;
  if (!options_.log_jobs || !log::enabled(severity))
    return;
  auto line = "[" + id.substr(0, 8) + "] " + sign + "job " + e.call;
  log::write(severity, "engine", line.append(suffix), {{"request", id_of_run}});
}

void engine_state::refuse(core::run_job& asked, int status, errc kind, std::string text) {
  job::reply reply;
  reply.status = status;
  reply.kind = kind;
  reply.error = std::move(text);
  core::tell(asked.client, core::job_done{asked.id, std::make_shared<job::reply>(std::move(reply)),
                                          std::move(asked.context)});
}

void engine_state::run(core::run_job& asked) {
  // 1.2.0 logs nothing for a job that comes after the shutdown (clause 1.3, step 1).
  if (phase_ != phase::running)
    return refuse(asked, job::status_error, errc::unavailable, "engine is shutdown");
  auto* handler = handlers_.find(asked.what.name);
  if (!handler) {
    // J7: there is no status to show.
    entry nothing;
    nothing.call = job::call_string(asked.what);
    nothing.origin = asked.origin;
    log_job('+', nothing, asked.id);
    refuse(asked, job::status_not_found, errc::not_implemented,
           asked.what.name + ": command not found");
    return log_job('-', nothing, asked.id);
  }
  if (running_.size() >= options_.max_running)
    return refuse(asked, job::status_error, errc::unavailable,
                  asked.what.name + ": too many jobs are running (" +
                      std::to_string(running_.size()) + "); try again later");
  auto id_of_run = asked.id;
  auto [i, fresh] = running_.try_emplace(id_of_run);
  if (!fresh)
    return refuse(asked, job::status_error, errc::conflict,
                  asked.what.name + ": a job with the same number is running");
  auto& e = i->second;
  e.client = asked.client;
  e.context = asked.context;
  e.origin = asked.origin;
  e.limit = asked.limit;
  e.started = self->clock().now();
  e.counts = counts_for_shutdown(asked.what.name);
  e.call = job::call_string(asked.what);
  log_job('+', e, id_of_run);
  ++started_;
  if (e.limit.count() > 0) {
    ++with_deadline_;
    arm_sweep();
  }
  try {
    runtime::spawn_for scope{id_of_run};
    e.actor = (*handler)(self, job_run{std::move(asked), caf::actor_cast<core::engine_actor>(self),
                                       options_.streams});
    e.card.put_up(options_.board, {id_of_run, &e.call, e.actor.id(), e.origin.get(), e.started,
                                   e.limit.count() > 0});
  } catch (const std::exception& x) {
    // A bug of that handler, not of the engine; the end of the run has told the client.
    log::write(log::level::error, "engine", "the handler of job " + e.call + " threw",
               {{"error", x.what()}, {"request", id_of_run}});
    on_ended({id_of_run, job::status_error});
  }
}

void engine_state::cancel(core::request_id id_of_run, const std::string& reason) {
  auto i = running_.find(id_of_run);
  if (i == running_.end())
    return;
  i->second.asked_to_end = true;
  caf::anon_send(i->second.actor, core::job_cancel{reason});
}

void engine_state::on_ended(const core::job_ended& ended) {
  auto i = running_.find(ended.id);
  if (i == running_.end())
    return;
  auto& e = i->second;
  failed_ += ended.status != job::status_ok ? 1 : 0;
  log_job('-', e, ended.id, job::status_string(ended.status));
  with_deadline_ -= e.limit.count() > 0 ? 1 : 0;
  running_.erase(i);
  if (phase_ == phase::jobs && !jobs_left())
    start_callbacks();
}

void engine_state::arm_sweep() {
  if (sweeping_)
    return;
  sweeping_ = true;
  caf::delayed_anon_send(caf::actor_cast<core::engine_actor>(self), limits::job_sweep,
                         caf::atom("sweep"));
}

/// Answers in place of a job that was asked to end and did not.
void engine_state::answer_for(core::request_id id_of_run, entry& e) {
  job::reply reply;
  reply.status = job::status_error;
  reply.kind = errc::system;
  reply.error = e.call + ": no answer within " + core::duration_text(e.limit) +
                "; the job was asked to end and did not";
  log::write(log::level::error, "engine", reply.error, {{"request", id_of_run}});
  core::tell(e.client, core::job_done{id_of_run, std::make_shared<job::reply>(std::move(reply)),
                                      std::move(e.context)});
  e.client = nullptr;
}

void engine_state::sweep() {
  sweeping_ = false;
  auto now = self->clock().now();
  for (auto& [id_of_run, e] : running_) {
    if (e.limit.count() == 0)
      continue;
    auto age = now - e.started;
    if (age >= e.limit + limits::job_cancel_grace && e.client)
      answer_for(id_of_run, e);
    else if (age >= e.limit && !e.asked_to_end)
      cancel(id_of_run, "no answer within " + core::duration_text(e.limit));
  }
  if (with_deadline_ > 0)
    arm_sweep();
}

caf::result<core::done> engine_state::add_callback(const core::on_shutdown& callback) {
  if (phase_ != phase::running)
    return to_caf({errc::unavailable, "engine is shutdown"});
  callbacks_.push_back(callback);
  return core::done{};
}

bool engine_state::jobs_left() const {
  return std::any_of(running_.begin(), running_.end(),
                     [](auto& pair) { return pair.second.counts; });
}

caf::result<core::done> engine_state::shut_down() {
  if (phase_ == phase::over)
    return core::done{};
  auto promise = self->make_response_promise<core::done>();
  waiting_for_shutdown_.push_back(promise);
  if (phase_ != phase::running)
    return promise;
  phase_ = phase::jobs;
  // Streams would run for ever: they are told, and what is finite gets its time (S3).
  for (auto& [id_of_run, e] : running_)
    if (e.counts && e.limit.count() == 0)
      caf::anon_send(e.actor, core::job_cancel{"the daemon shuts down"});
  if (!jobs_left())
    start_callbacks();
  else
    caf::delayed_anon_send(caf::actor_cast<core::engine_actor>(self), options_.jobs_limit,
                           caf::atom("jobs"));
  return promise;
}

void engine_state::start_callbacks() {
  if (phase_ != phase::jobs)
    return;
  phase_ = phase::callbacks;
  for (auto& [id_of_run, e] : running_)
    if (e.counts)
      log::write(log::level::warn, "engine", "shutdown does not wait any longer for job " + e.call,
                 {{"request", id_of_run}});
  callbacks_open_ = callbacks_.size();
  for (auto& callback : callbacks_) {
    auto done = [this] {
      if (phase_ == phase::callbacks && --callbacks_open_ == 0)
        end_shutdown();
    };
    self->request(callback.hook, options_.callbacks_limit, core::shutting_down{})
        .then([done](core::done) { done(); },
              [done, name = callback.name](const caf::error& e) {
                log::write(log::level::warn, "engine", "shutdown callback " + name + " failed",
                           {{"error", from_caf(e).message}});
                done();
              });
  }
  if (callbacks_open_ == 0)
    end_shutdown();
}

void engine_state::end_shutdown() {
  phase_ = phase::over;
  for (auto& promise : waiting_for_shutdown_)
    promise.deliver(core::done{});
  waiting_for_shutdown_.clear();
}

std::vector<core::running_job> engine_state::list() const {
  std::vector<core::running_job> result;
  auto now = self->clock().now();
  for (auto& [id_of_run, e] : running_)
    result.push_back({id_of_run, e.call, e.actor.id(), e.origin ? e.origin->address : "daemon",
                      caf::timespan{now - e.started}});
  std::sort(result.begin(), result.end(), [](auto& a, auto& b) { return a.id < b.id; });
  return result;
}

core::facts engine_state::describe() const {
  constexpr const char* phases[] = {"running", "ending jobs", "running callbacks", "shut down"};
  return {{{"id", id},
           {"phase", phases[static_cast<int>(phase_)]},
           {"jobs running", std::to_string(running_.size())},
           {"jobs started", std::to_string(started_)},
           {"jobs failed", std::to_string(failed_)},
           {"shutdown callbacks", std::to_string(callbacks_.size())}}};
}

core::engine_actor::behavior_type
run_engine(core::engine_actor::stateful_pointer<engine_state> self, job_table handlers,
           engine_options options) {
  self->state.init(self, std::move(handlers), options);
  return {
      [self](core::run_job& asked) { self->state.run(asked); },
      [self](const core::job_ended& ended) { self->state.on_ended(ended); },
      [self](const core::cancel_job& c) { self->state.cancel(c.id, "the client has left"); },
      [self](caf::atom_value tick) {
        if (tick == caf::atom("sweep"))
          self->state.sweep();
        else
          self->state.on_jobs_limit();
      },
      [self](const core::on_shutdown& callback) { return self->state.add_callback(callback); },
      [self](core::shutdown_engine) { return self->state.shut_down(); },
      [self](core::list_jobs) { return self->state.list(); },
      [self](core::describe) { return self->state.describe(); },
  };
}

} // namespace gantry::engine
