#include "tests/actors/store/store_fixture.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <limits>
#include <map>

using namespace gantry;
using namespace gantry::store;
using namespace gantry::test;

namespace {

/// True for the calls by which a process changes what is on the disk.
bool changes_files(const __ptrace_syscall_info& call) {
  switch (call.entry.nr) {
  case SYS_write:
  case SYS_pwrite64:
  case SYS_fsync:
  case SYS_fdatasync:
  case SYS_ftruncate:
  case SYS_fallocate:
  case SYS_renameat:
  case SYS_renameat2:
  case SYS_unlinkat:
  case SYS_mkdirat:
#ifdef SYS_rename
  case SYS_rename:
  case SYS_unlink:
  case SYS_rmdir:
  case SYS_mkdir:
#endif
    return true;
  case SYS_openat:
    return (call.entry.args[2] & O_CREAT) != 0;
  default:
    return false;
  }
}

/// While it lives, this thread and the children it makes stay on the processor they are on: tracer
/// and traced take turns, and waking each other across processors took half of the time.
class one_processor {
public:
  one_processor() {
    if (::sched_getaffinity(0, sizeof all_, &all_) != 0)
      return;
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &here);
    confined_ = ::sched_setaffinity(0, sizeof here, &here) == 0;
  }
  one_processor(one_processor&&) = delete;
  ~one_processor() {
    if (confined_)
      ::sched_setaffinity(0, sizeof all_, &all_);
  }

private:
  cpu_set_t all_{};
  bool confined_ = false;
};

/// How a run of the child ended.
struct run_end {
  bool killed = false; ///< before its `kill_before`th change; else it came to its end
  int exit_code = -1;
};

/// Runs `act` in a child process that is killed just before its nth change of the file system
/// (from 0).
run_end run_until(int kill_before, const std::function<int()>& act) {
  const one_processor confined;
  ::pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    ::_exit(act());
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSTOPPED(status));
  REQUIRE(::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) ==
          0);
  int seen = 0;
  for (;;) {
    REQUIRE(::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) == 0);
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFEXITED(status))
      return {false, WEXITSTATUS(status)};
    REQUIRE(WIFSTOPPED(status));
    if (WSTOPSIG(status) != (SIGTRAP | 0x80))
      continue;
    __ptrace_syscall_info call{};
    REQUIRE(::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof call, &call) > 0);
    if (call.op != PTRACE_SYSCALL_INFO_ENTRY || !changes_files(call) || seen++ < kill_before)
      continue;
    REQUIRE(::kill(child, SIGKILL) == 0);
    REQUIRE(::waitpid(child, &status, 0) == child);
    return {true, -1};
  }
}

/// What can be seen of a store from outside.
struct view {
  std::map<std::string, std::string> names; ///< reference -> image
  std::set<std::string> images;
  std::set<std::string> things;

  friend bool operator==(const view&, const view&) = default;
};

view look(store_fixture& f) {
  view seen;
  for (const auto& image : f.catalog().images()) {
    seen.images.insert(image.id().str());
    for (const auto& name : image.references)
      seen.names[name.familiar()] = image.id().str();
  }
  seen.things = f.things();
  return seen;
}

/// A store, what is done to it, and what may be seen of it after a crash.
class crash_fixture {
public:
  using action = std::function<bool(image_store&)>;

  /// Runs `act` on copies of the store that `prepare` made, killed before each single change of the
  /// file system. At the next start the state is the one before or the one after, and surely the
  /// latter once it was acknowledged; and nothing is on the disk that is not of that state.
  void run(const std::function<void(store_fixture&)>& prepare, const action& act) {
    prepare(original_);
    auto before = look(original_);
    original_.close();
    REQUIRE_FALSE(crash(std::numeric_limits<int>::max(), act).killed);
    auto after = look_at_restarted();
    REQUIRE_FALSE(after == before);

    int steps = 0;
    int done = 0;
    while (crash(steps++, act).killed) {
      INFO("killed before change " << steps - 1);
      auto now = look_at_restarted();
      done += now == after ? 1 : 0;
      CHECK((now == after || (now == before && !is_acknowledged())));
    }
    // All of it was tried, and the commit is somewhere in the middle.
    CHECK(steps > 20);
    CHECK(done > 0);
    CHECK(done < steps);
  }

private:
  std::string root() const { return directory_.file("root"); }
  std::string acknowledgement() const { return directory_.file("acknowledged"); }
  bool is_acknowledged() const { return std::filesystem::exists(acknowledgement()); }

  run_end crash(int kill_before, const action& act) {
    std::filesystem::remove_all(root());
    std::filesystem::remove(acknowledgement());
    std::filesystem::copy(original_.root(), root(), std::filesystem::copy_options::recursive);
    auto end = run_until(kill_before, [&] {
      auto opened = image_store::open(root());
      if (!opened || !act(**opened))
        return 1;
      int fd = ::open(acknowledgement().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
      return fd < 0 ? 1 : 0;
    });
    if (!end.killed)
      REQUIRE(end.exit_code == 0);
    return end;
  }

  /// What is there after a restart, which is all there is after a further one.
  view look_at_restarted() {
    store_fixture restarted{root()};
    CHECK(restarted.store().warnings().empty());
    auto now = look(restarted);
    restarted.reopen();
    CHECK(look(restarted) == now);
    return now;
  }

  shm_dir directory_;
  store_fixture original_{directory_.file("original")};
};

} // namespace

TEST_CASE("crash: the first start can end at any moment", "[actors][store]") {
  shm_dir dir;
  for (int steps = 0;; ++steps) {
    INFO("killed before change " << steps);
    auto end = run_until(steps, [&] { return image_store::open(dir.file("root")) ? 0 : 1; });
    store_fixture restarted{dir.file("root")};
    CHECK(restarted.catalog().images().empty());
    restarted.put({{"1"}}, {"a"});
    restarted.reopen();
    CHECK(restarted.catalog().images().size() == 1);
    restarted.close();
    std::filesystem::remove_all(dir.file("root"));
    if (!end.killed) {
      CHECK(end.exit_code == 0);
      CHECK(steps > 10);
      break;
    }
  }
}

TEST_CASE("crash: a load can end at any moment", "[actors][store]") {
  crash_fixture{}.run(
      [](store_fixture& f) {
        f.put({{"1"}}, {"a", "b"});
      },
      [](image_store& store) {
        auto work = store.begin_lease();
        for (const char* content : {"2", "3"}) {
          auto prepared = store.where().tmp() / content;
          std::filesystem::create_directories(prepared / "diff");
          std::ofstream{prepared / "diff" / "file"} << content;
          std::ofstream{prepared / "record"} << content;
          if (!store.add_layer(work, prepared, layer_of(content)))
            return false;
        }
        auto put =
            store.put_image({config_of({{"1", "2", "3"}}), {name_of("b"), name_of("c")}, {}});
        store.end_lease(work);
        return put.has_value();
      });
}

TEST_CASE("crash: a tag can end at any moment", "[actors][store]") {
  crash_fixture{}.run(
      [](store_fixture& f) {
        f.put({{"1"}}, {"a"});
        f.put({{"2"}}, {"b"});
      },
      [](image_store& store) { return store.tag("a", name_of("b")).has_value(); });
}

TEST_CASE("crash: a removal can end at any moment", "[actors][store]") {
  crash_fixture{}.run(
      [](store_fixture& f) {
        auto base = f.put({{"1"}});
        f.put({{"1", "2"}}, {"a:1"}, base);
        f.put({{"3"}}, {"other"});
      },
      [](image_store& store) {
        auto removed = store.remove_image("a:1", {});
        return removed && empty_trash(store).empty();
      });
}

TEST_CASE("crash: a prune can end at any moment", "[actors][store]") {
  crash_fixture{}.run(
      [](store_fixture& f) {
        f.put({{"1"}});
        f.put({{"1", "2"}, "2023-01-01T00:00:00Z"});
        f.put({{"3"}}, {"other"});
      },
      [](image_store& store) {
        auto pruned = store.prune({});
        return pruned && empty_trash(store).empty();
      });
}

TEST_CASE("crash: a recovery can end at any moment", "[actors][store]") {
  shm_dir dir;
  store_fixture original{dir.file("original")};
  original.put({{"1"}}, {"a"});
  original.put({{"1", "2"}}, {"b"});
  original.close();
  auto where = original.where();
  std::filesystem::remove_all(where.layer("copy", digest_of("2").hex()));
  std::filesystem::create_directories(where.layer("copy", digest_of("x").hex()) / "diff");
  std::filesystem::create_directories(where.tmp() / "half" / "diff");
  std::ofstream{where.blob(digest_of("x").hex())} << "x";

  for (int steps = 0;; ++steps) {
    INFO("killed before change " << steps);
    std::filesystem::copy(original.root(), dir.file("root"),
                          std::filesystem::copy_options::recursive);
    auto end = run_until(steps, [&] {
      auto opened = image_store::open(dir.file("root"));
      return opened && empty_trash(**opened).empty() ? 0 : 1;
    });
    store_fixture restarted{dir.file("root")};
    CHECK(restarted.catalog().images().size() == 1);
    CHECK(restarted.catalog().resolve("a"));
    CHECK(restarted.things().size() == 2);
    restarted.close();
    std::filesystem::remove_all(dir.file("root"));
    if (!end.killed) {
      CHECK(end.exit_code == 0);
      CHECK(steps > 5);
      break;
    }
  }
}
