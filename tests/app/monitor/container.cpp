#include "tests/app/monitor/container.hpp"

#include "actors/host/children.hpp"
#include "actors/host/programs.hpp"
#include "actors/host/tree_reader.hpp"
#include "actors/logs/log_reader.hpp"
#include "protocol/stream/json_text.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <thread>

namespace gantry::test {
namespace {

std::string runc() {
  auto found = host::find_program("runc");
  if (!found)
    throw std::runtime_error("runc is not installed: run scripts/setup.sh");
  return *found;
}

std::string json(const std::vector<std::string>& words) {
  std::string text = "[";
  for (const auto& word : words) {
    text += text.size() > 1 ? "," : "";
    stream::append_json_string(text, word);
  }
  return text + "]";
}

std::string process_json(const std::vector<std::string>& args, bool tty) {
  return R"({"terminal":)" + std::string{tty ? "true" : "false"} +
         R"(,"user":{"uid":0,"gid":0},"cwd":"/","env":["PATH=/bin"],"args":)" + json(args) + "}";
}

} // namespace

std::string monitor_program() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "gantry-monitor")
      .string();
}

void pause_a_little() { std::this_thread::sleep_for(std::chrono::milliseconds{2}); }

// -- control --------------------------------------------------------------------

control::control(const std::string& path) {
  socket_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    throw std::runtime_error("cannot connect to " + path);
  greeting = wait<monitor::hello>();
}

void control::send_raw(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0)
      throw std::runtime_error("cannot send to the monitor");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void control::send(const monitor::request& message) {
  std::string bytes;
  encode(bytes, message);
  send_raw(bytes);
}

bool control::has_news() {
  pollfd wait{socket_.get(), POLLIN, 0};
  return !input_.empty() || ::poll(&wait, 1, 0) == 1;
}

std::optional<monitor::event> control::next() {
  for (;;) {
    auto message = decoder_.next(input_);
    if (!message)
      throw std::runtime_error(message.error().message);
    if (*message) {
      take(**message);
      return **message;
    }
    pollfd wait{socket_.get(), POLLIN, 0};
    if (::poll(&wait, 1, std::chrono::milliseconds{patience}.count()) != 1)
      throw std::runtime_error("the monitor says nothing");
    block_.resize(256 * 1024);
    const ssize_t n = ::recv(socket_.get(), block_.data(), block_.size(), 0);
    if (n <= 0)
      return std::nullopt;
    input_ = std::string_view{block_}.substr(0, static_cast<std::size_t>(n));
  }
}

void control::take(const monitor::event& message) {
  if (auto* piece = std::get_if<monitor::output_bytes>(&message))
    (piece->from == monitor::source::out ? out : err).append(piece->bytes);
  if (auto* lost = std::get_if<monitor::output_gap>(&message)) {
    gap.out += lost->out;
    gap.err += lost->err;
  }
  if (auto* more = std::get_if<monitor::input_credit>(&message))
    credit += more->bytes;
  if (auto* last = std::get_if<monitor::exited>(&message))
    exit = last->status;
}

monitor::done control::ask(const monitor::request& message) {
  send(message);
  return wait<monitor::done>();
}

monitor::attached control::attach(const monitor::attach_request& message) {
  send(message);
  return wait<monitor::attached>();
}

void control::send_input(std::string_view bytes) {
  while (!bytes.empty()) {
    while (credit == 0)
      if (!next())
        throw std::runtime_error("the monitor went away");
    const auto piece = bytes.substr(0, std::min(credit, monitor::largest_piece));
    send(monitor::input_bytes{piece});
    credit -= piece.size();
    bytes.remove_prefix(piece.size());
  }
}

void control::wait_for_output(const std::string& text) {
  while (!out.ends_with(text))
    if (!next())
      throw std::runtime_error("the end came instead of: " + text + ", after: " + out);
}

bool control::read_to_end() {
  bool last_was_exited = false;
  while (auto message = next())
    last_was_exited = std::holds_alternative<monitor::exited>(*message);
  return last_was_exited;
}

// -- container ------------------------------------------------------------------

monitored_container::monitored_container(const std::string& script, bool tty)
    : args_{"/bin/sh", "-c", script}, tty_{tty} {
  const auto bin = dir.file("rootfs/bin");
  std::filesystem::create_directories(bin);
  for (const auto* name : {"proc", "dev", "tmp"})
    std::filesystem::create_directory(dir.file("rootfs/" + std::string{name}));
  std::filesystem::copy_file("/bin/busybox", bin + "/busybox");
  for (const auto* name : {"sh", "cat", "dd", "echo", "head", "kill", "ls", "printf", "seq",
                           "sleep", "stty", "tail", "tr", "true", "yes"})
    std::filesystem::create_symlink("busybox", bin + '/' + name);
  write_config();

  settings.id = "gantry-test-" + dir.path().substr(dir.path().rfind('-') + 1);
  settings.runtime = runc();
  settings.runtime_args = {"--root", dir.file("state")};
  settings.bundle = dir.path();
  settings.pid_file = dir.file("pid");
  settings.runtime_log = dir.file("runtime.log");
  settings.exit_file = dir.file("exit");
  settings.control_socket = dir.file("control");
  settings.console_socket = dir.file("console");
  settings.tty = tty;
  settings.log.path = dir.file("c.log");
}

monitored_container::~monitored_container() {
  host::child_command command;
  command.argv = {runc(), "--root", dir.file("state"), "delete", "--force", settings.id};
  static_cast<void>(host::run_child(command));
  // It writes its last file, then takes its socket away.
  eventually([this] { return !dir.has("control") || monitor_killed; });
}

void monitored_container::set_args(const std::vector<std::string>& args) {
  args_ = args;
  write_config();
}

void monitored_container::set_resources(const std::string& members) {
  resources_ = members;
  write_config();
}

void monitored_container::write_config() const {
  dir.write("config.json",
            R"({"ociVersion":"1.0.2","process":)" + process_json(args_, tty_) +
                R"(,"root":{"path":"rootfs"},"mounts":[)"
                R"({"destination":"/proc","type":"proc","source":"proc"},)"
                R"({"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["mode=755"]},)"
                R"({"destination":"/dev/pts","type":"devpts","source":"devpts",)"
                R"("options":["newinstance","ptmxmode=0666","mode=0620"]}],)"
                R"("linux":{"resources":{)" +
                resources_ +
                R"(},"namespaces":[{"type":"pid"},{"type":"mount"},{"type":"ipc"}]}})");
}

monitor::settings monitored_container::exec(const std::string& name, const std::string& script,
                                            bool tty) {
  auto what = settings;
  what.mode = monitor::settings::work::exec_process;
  what.process_file = dir.write(name + ".json", process_json({"/bin/sh", "-c", script}, tty));
  what.pid_file = dir.file(name + ".pid");
  what.runtime_log = dir.file(name + ".runtime.log");
  what.exit_file = dir.file(name + ".exit");
  what.control_socket = dir.file(name + ".control");
  what.console_socket = dir.file(name + ".console");
  what.tty = tty;
  what.log = {monitor::log_driver::none, "", 0, 1};
  return what;
}

result<std::int32_t> monitored_container::launch(const monitor::settings& what) {
  host::child_command command;
  command.argv = {monitor_program(), dir.write("settings", encode(what))};
  command.deadline = patience;
  auto output = host::run_child(command);
  if (!output)
    return output.error();
  auto reply = monitor::decode_launch_reply(output->out);
  if (reply.has_value() != output->exit.success())
    throw std::runtime_error("the exit code does not fit the reply: " + output->out);
  return reply;
}

control monitored_container::run() {
  auto pid = launch();
  if (!pid)
    throw std::runtime_error("launch: " + pid.error().message);
  control client{settings.control_socket};
  if (auto answer = client.ask(monitor::start_request{1}); answer.kind != errc::none)
    throw std::runtime_error("start: " + answer.text);
  return client;
}

std::optional<monitor::exit_record> monitored_container::exit_record() const {
  auto record = monitor::decode_exit_record(host::read_text(settings.exit_file));
  return record ? std::optional{*record} : std::nullopt;
}

std::string monitored_container::log(std::optional<monitor::source> from) const {
  auto reader = logs::log_reader::open(settings.log, {});
  if (!reader)
    throw std::runtime_error(reader.error().message);
  std::string text;
  logs::record r;
  while (reader->next(r).value())
    if (!from || r.from == *from)
      text += r.bytes;
  return text;
}

std::string monitored_container::status() const {
  host::child_command command;
  command.argv = {runc(), "--root", dir.file("state"), "state", settings.id};
  auto output = host::run_child(command);
  const auto at = output->out.find("\"status\": \"");
  return at == std::string::npos
             ? output->err
             : output->out.substr(at + 11, output->out.find('"', at + 11) - at - 11);
}

int parent_of(int pid) {
  const auto stat = host::read_text("/proc/" + std::to_string(pid) + "/stat");
  const auto end = stat.rfind(')');
  return end == std::string::npos ? 0 : std::stoi(stat.substr(end + 4));
}

bool is_alive(int pid) {
  const auto stat = host::read_text("/proc/" + std::to_string(pid) + "/stat");
  const auto end = stat.rfind(')');
  return end != std::string::npos && stat[end + 2] != 'Z';
}

} // namespace gantry::test
