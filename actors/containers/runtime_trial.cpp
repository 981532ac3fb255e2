#include "actors/containers/runtime_trial.hpp"

#include "actors/containers/runtime_command.hpp"
#include "actors/host/children.hpp"

#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

namespace gantry::containers {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds deadline{10};

/// A container that is made and never started. Its command is the runtime itself: what it runs has
/// only to be there.
std::string trial_spec(const std::string& program, const std::string& id) {
  return R"({"ociVersion":"1.0.2",
"process":{"args":["/program"],"cwd":"/","env":[],"user":{"uid":0,"gid":0},"noNewPrivileges":true},
"root":{"path":"root"},
"mounts":[{"destination":"/proc","type":"proc","source":"proc"},
{"destination":"/program","type":"bind","source":")" +
         program + R"(","options":["bind","ro"]}],
"linux":{"cgroupsPath":"/docker/)" +
         id + R"(","namespaces":[{"type":"pid"},{"type":"mount"},
{"type":"ipc"},{"type":"uts"},{"type":"network"}],"resources":{"devices":[
{"allow":false,"access":"rwm"}]}}}
)";
}

class trial {
public:
  trial(const oci_runtime& runtime, const fs::path& exec_root)
      : runtime_(runtime), directory_(exec_root / ("trial-" + runtime.name)),
        id_("gantry-trial-" + std::to_string(::getpid())) {}
  trial(const trial&) = delete;
  trial& operator=(const trial&) = delete;
  ~trial() {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }

  result<void> run() {
    delete_old_ones();
    std::error_code failed;
    // crun puts devices there, and wants the place to be there.
    fs::create_directories(directory_ / "root/dev", failed);
    std::ofstream{directory_ / "config.json"} << trial_spec(runtime_.path, id_);
    if (failed || !fs::exists(directory_ / "config.json"))
      return api_error{errc::system, "cannot write to '" + directory_.string() + "'"};
    auto made = call({"create", "--bundle", directory_.string(), id_});
    auto deleted = call({"delete", "--force", id_});
    return made ? deleted : made;
  }

private:
  /// A daemon that was killed in its trial has left it.
  void delete_old_ones() const {
    std::error_code none;
    for (const auto& left : fs::directory_iterator{directory_ / "state", none})
      static_cast<void>(call({"delete", "--force", left.path().filename().string()}));
    fs::remove_all(directory_, none);
  }

  result<void> call(const std::vector<std::string>& args) const {
    host::child_command command;
    command.argv = {runtime_.path};
    command.argv.insert(command.argv.end(), runtime_.args.begin(), runtime_.args.end());
    command.argv.insert(command.argv.end(), {"--root", (directory_ / "state").string()});
    command.argv.insert(command.argv.end(), args.begin(), args.end());
    command.deadline = deadline;
    command.without_mount = runtime_.without_mount;
    auto output = host::run_child(command);
    if (!output)
      return output.error();
    auto answer = runtime_answer(runtime_.path, std::move(*output));
    return answer ? result<void>{} : result<void>{answer.error()};
  }

  const oci_runtime& runtime_;
  const fs::path directory_;
  const std::string id_;
};

} // namespace

result<void> try_runtime_blocking(const oci_runtime& runtime, const fs::path& exec_root) {
  return trial{runtime, exec_root}.run();
}

} // namespace gantry::containers
