#include "app/ctl/top.hpp"

#include "actors/host/unique_fd.hpp"
#include "app/ctl/background_source.hpp"
#include "app/ctl/run.hpp"
#include "app/ctl/terminal.hpp"
#include "app/ctl/top_model.hpp"
#include "protocol/inspect/json.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <limits>
#include <thread>
#include <utility>

namespace gantry::ctl {

namespace {

constexpr const char* dump_target = "/v1/dump";
constexpr std::chrono::seconds default_delay{2};
constexpr std::chrono::milliseconds shortest_delay{100};
constexpr std::chrono::hours longest_delay{24};
/// So long after an Esc the rest of a key that begins with it has to come.
constexpr std::chrono::milliseconds key_limit{50};

top_settings settings_of(const invocation& how, bool utf8) {
  top_settings to;
  to.tree = how.has("tree");
  to.utf8 = utf8;
  to.wanted.kind = how.get("kind");
  to.wanted.state = how.get("state");
  to.wanted.name = how.get("filter");
  inspect::actor_query order;
  if (how.has("sort") && parse_order(how.get("sort"), order)) {
    to.order = column_of(order.order);
    to.ascending = order.ascending;
  }
  return to;
}

std::chrono::nanoseconds delay_of(const invocation& how) {
  return std::clamp<std::chrono::nanoseconds>(how.duration("delay", default_delay), shortest_delay,
                                              longest_delay);
}

/// Signals that end it, stop it or tell of another size, as a descriptor; blocked meanwhile, also
/// for threads that are started.
class signal_source {
public:
  signal_source() {
    sigemptyset(&heeded_);
    for (int each : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT})
      sigaddset(&heeded_, each);
    ::pthread_sigmask(SIG_BLOCK, &heeded_, &before_);
    fd_.reset(::signalfd(-1, &heeded_, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~signal_source() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  signal_source(signal_source&&) = delete;

  int fd() const noexcept { return fd_.get(); }
  /// The next signal, 0 if there is none.
  int take() const noexcept {
    signalfd_siginfo info{};
    return ::read(fd_.get(), &info, sizeof(info)) == sizeof(info) ? static_cast<int>(info.ssi_signo)
                                                                  : 0;
  }

private:
  sigset_t heeded_{};
  sigset_t before_{};
  host::unique_fd fd_;
};

/// Top on a terminal.
class live_top {
public:
  live_top(const invocation& how, source& from, int cancel)
      : paper_(paper_of_stdout(false)), model_(settings_of(how, paper_.utf8)),
        delay_(delay_of(how)), looks_(how.number("iterations").value_or(0)),
        is_dump_(from.is_dump()), cancel_(cancel), asker_(from) {}

  void run() {
    ask();
    while (!ended_) {
      draw();
      wait();
    }
    ::eventfd_write(cancel_, 1);
  }

private:
  void ask() {
    asker_.ask(dump_target);
    if (const auto id = model_.wanted_detail())
      asker_.ask("/v1/actors/" + std::to_string(*id));
    next_ = steady::now() + delay_;
  }

  void draw() {
    const auto size = size_of_terminal();
    paper_.width = size.columns;
    const auto lines = model_.screen(size.lines, paper_);
    std::string out = "\x1b[H";
    for (std::size_t i = 0; i < lines.size(); ++i)
      out += (i > 0 ? "\r\n" : "") + lines[i] + "\x1b[K";
    if (!print(out += "\x1b[J"))
      ended_ = true; // the terminal is gone
  }

  int wait_time() const {
    const auto until = keys_.pending() ? steady::now() + key_limit : next_;
    if (is_dump_ && !keys_.pending())
      return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
  }

  void wait() {
    std::array<pollfd, 3> sources{
        {{STDIN_FILENO, POLLIN, 0}, {signals_.fd(), POLLIN, 0}, {asker_.fd(), POLLIN, 0}}};
    const int ready = ::poll(sources.data(), sources.size(), wait_time());
    if (ready == 0 && keys_.pending())
      press(keys_.flush());
    if (sources[0].revents != 0)
      read_keys();
    if (sources[1].revents != 0)
      heed_signals();
    if (sources[2].revents != 0)
      take_answers();
    if (!ended_ && !is_dump_ && steady::now() >= next_) {
      if (model_.paused())
        next_ = steady::now() + delay_;
      else
        ask();
    }
  }

  void read_keys() {
    std::array<char, 256> bytes;
    const auto got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (got <= 0)
      ended_ = true;
    else
      press(keys_.feed({bytes.data(), static_cast<std::size_t>(got)}));
  }

  void press(const std::vector<key_press>& keys) {
    const auto before = model_.wanted_detail();
    for (const auto& each : keys) {
      if (each.what == key::suspend)
        suspend();
      else if (each.what == key::redraw)
        static_cast<void>(print("\x1b[2J"));
      else if (!model_.press(each))
        ended_ = true;
    }
    if (const auto id = model_.wanted_detail(); id && id != before)
      asker_.ask("/v1/actors/" + std::to_string(*id));
  }

  void heed_signals() {
    while (const int signal = signals_.take()) {
      if (signal == SIGTSTP)
        suspend();
      else if (signal != SIGWINCH && signal != SIGCONT)
        ended_ = true;
    }
  }

  void suspend() {
    terminal_.leave();
    ::raise(SIGSTOP); // goes on here once it is continued
    terminal_.enter();
  }

  void take_answers() {
    while (auto answer = asker_.take()) {
      if (answer->target != dump_target) {
        take_detail(*answer);
      } else if (!answer->body) {
        model_.take_error(answer->body.error().message);
      } else if (auto view = inspect::read_dump(*answer->body)) {
        model_.take(std::move(*view));
        ended_ = ended_ || ++seen_ == looks_;
      } else {
        model_.take_error(view.error().message);
      }
    }
  }

  void take_detail(const background_source::answer& answer) {
    const auto id = model_.wanted_detail();
    if (!id || answer.target != "/v1/actors/" + std::to_string(*id))
      return;
    auto value = answer.body ? inspect::parse_json(*answer.body) : answer.body.error();
    auto detail = value ? inspect::from_json<inspect::actor_detail>(*value) : value.error();
    if (detail)
      model_.take_detail(std::move(*detail));
    else
      model_.take_detail_error(detail.error().message);
  }

  signal_source signals_; // first: threads of the others leave the signals to it
  raw_terminal terminal_;
  paper paper_;
  top_model model_;
  std::chrono::nanoseconds delay_;
  std::uint64_t looks_; // 0: until it is ended
  std::uint64_t seen_ = 0;
  bool is_dump_;
  int cancel_;
  background_source asker_;
  key_reader keys_;
  steady::time_point next_;
  bool ended_ = false;
};

/// Top as text.
int print_looks(const invocation& how, source& from) {
  const auto on = paper_of_stdout(how.has("no-trunc"));
  top_model model{settings_of(how, on.utf8)};
  std::uint64_t left = how.has("once") ? 1 : how.number("iterations").value_or(0);
  for (bool first = true;; first = false) {
    const auto body = from.get(dump_target);
    if (!body)
      return tell_failure(body.error());
    if (how.has("json")) {
      if (auto printed = print(body->ends_with('\n') ? *body : *body + '\n'); !printed)
        return tell_failure(printed.error());
    } else {
      auto view = inspect::read_dump(*body);
      if (!view)
        return tell_failure(view.error());
      model.take(std::move(*view));
      if (auto printed = print((first ? "" : "\n") + joined(model.page(on))); !printed)
        return tell_failure(printed.error());
    }
    if (left == 1 || from.is_dump())
      return exit_done;
    left -= left > 0 ? 1 : 0;
    std::this_thread::sleep_for(delay_of(how));
  }
}

} // namespace

int run_top(const invocation& how, const environment& env) {
  const bool batch = how.has("batch") || how.has("once") || how.has("json") || !has_terminal();
  if (batch) {
    auto from = open_source(how, env);
    return from ? print_looks(how, **from) : tell_failure(from.error());
  }
  // A dump is read before the terminal is taken, and a daemon asked once: whoever mistypes is told.
  host::unique_fd cancel{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  result<std::unique_ptr<source>> from = std::unique_ptr<source>{};
  if (how.has("file")) {
    from = open_dump(how.get("file"));
  } else {
    auto client = client_settings(how, env);
    if (!client)
      return tell_failure(client.error());
    client->cancel = cancel.get();
    from = ask_daemon(api_client{std::move(*client)});
  }
  if (!from)
    return tell_failure(from.error());
  if (const auto greeting = (*from)->get("/v1/"); !greeting)
    return tell_failure(greeting.error());
  live_top{how, **from, cancel.get()}.run();
  return exit_done;
}

} // namespace gantry::ctl
