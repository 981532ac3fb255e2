#include "actors/jobs/daemon_facts.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/host/tree_reader.hpp"
#include "actors/host/unique_fd.hpp"
#include "actors/runtime/log.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gantry::jobs {

namespace {

constexpr std::string_view id_file = "engine-id";

/// `01234567-89ab-4cde-8f01-23456789abcd` in either case.
bool is_uuid(std::string_view text) noexcept {
  if (text.size() != 36)
    return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    auto c = text[i];
    bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex)
      return false;
  }
  return true;
}

/// A random UUID (RFC 9562, version 4).
result<std::string> make_uuid() {
  unsigned char bytes[16];
  if (::getentropy(bytes, sizeof bytes) != 0)
    return host::errno_error("failed to make an engine id: getentropy", errno);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < sizeof bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      text += '-';
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

bool write_all(int fd, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// Whole or not at all, also after a power cut.
result<void> write_file(const std::string& directory, const std::string& path,
                        std::string_view content) {
  auto failed = [&path](std::string_view step) {
    return api_error{errc::system,
                     "failed to write '" + path + "': " + host::errno_text(step, errno)};
  };
  auto temporary = path + ".new";
  host::unique_fd file{
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file)
    return failed("open");
  if (!write_all(file.get(), content))
    return failed("write");
  if (::fsync(file.get()) != 0)
    return failed("fsync");
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return failed("rename");
  host::unique_fd parent{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!parent || ::fsync(parent.get()) != 0)
    return failed("fsync");
  return {};
}

} // namespace

std::string daemon_facts::default_runtime() const {
  return settings.default_runtime.empty() ? chosen_runtime : settings.default_runtime;
}

daemon_facts read_daemon_facts_blocking(daemon_settings settings, build_facts build, std::string id,
                                        const host::environment& variables) {
  daemon_facts facts;
  facts.machine = host::read_system_facts();
  facts.cgroups = host::read_cgroup_facts();
  facts.security = host::read_security_facts();
  facts.storage = host::read_storage_facts(settings.data_root);
  facts.proxies = host::read_proxies(variables);
  facts.runtimes = host::find_oci_runtimes();
  facts.monitor = host::find_conmon();
  facts.init = host::find_init();
  facts.settings = std::move(settings);
  facts.build = std::move(build);
  facts.id = std::move(id);
  return facts;
}

result<std::string> load_engine_id_blocking(const std::string& data_root) {
  auto path = host::below(data_root, id_file);
  // Only what is not there is made anew: an id that cannot be read now may be readable again.
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    if (::access(path.c_str(), R_OK) != 0)
      return api_error{errc::system, "failed to read '" + path + "': " + host::errno_text(errno)};
    auto id = host::read_word(path);
    if (is_uuid(id))
      return id;
    log::write(log::level::warn, "engine", "the engine's id is no UUID; it gets a new one",
               {{"file", path}});
  } else if (errno != ENOENT) {
    return api_error{errc::system, "failed to read '" + path + "': " + host::errno_text(errno)};
  }
  auto id = make_uuid();
  if (!id)
    return id;
  if (auto written = write_file(data_root, path, *id + '\n'); !written)
    return written.error();
  return id;
}

shared_facts::shared_facts(daemon_facts facts)
    : facts_(std::make_shared<const daemon_facts>(std::move(facts))) {}

std::shared_ptr<const daemon_facts> shared_facts::get() const {
  std::lock_guard guard{mutex_};
  return facts_;
}

void shared_facts::learn_boot(std::string id, std::string storage_driver) {
  std::lock_guard guard{mutex_};
  auto next = std::make_shared<daemon_facts>(*facts_);
  next->id = std::move(id);
  next->storage_driver = std::move(storage_driver);
  facts_ = std::move(next);
}

void shared_facts::learn(daemon_facts facts) {
  std::vector<std::function<void()>> waiting;
  {
    std::lock_guard guard{mutex_};
    facts.settings = facts_->settings;
    facts.storage_driver = facts_->storage_driver;
    facts_ = std::make_shared<const daemon_facts>(std::move(facts));
    learned_ = true;
    waiting.swap(waiting_);
  }
  for (auto& then : waiting)
    then();
}

bool shared_facts::when_learned(std::function<void()> then) {
  {
    std::lock_guard guard{mutex_};
    if (!learned_) {
      waiting_.push_back(std::move(then));
      return false;
    }
  }
  then();
  return true;
}

void shared_facts::reload(daemon_settings settings) {
  std::lock_guard guard{mutex_};
  auto next = std::make_shared<daemon_facts>(*facts_);
  next->settings = std::move(settings);
  facts_ = std::move(next);
}

} // namespace gantry::jobs
