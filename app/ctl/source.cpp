#include "app/ctl/source.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/host/unique_fd.hpp"
#include "protocol/http/form.hpp"
#include "protocol/inspect/answers.hpp"
#include "protocol/inspect/json.hpp"

#include <boost/json/serialize.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace gantry::ctl {

namespace {

constexpr const char* default_address = "unix:///var/run/gantry/inspect.sock";
constexpr std::chrono::seconds default_timeout{5};
constexpr std::chrono::hours longest_timeout{24};

result<std::string> read_all(const std::string& path) {
  host::unique_fd opened;
  int fd = STDIN_FILENO;
  if (path != "-") {
    opened.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened)
      return host::errno_error("open", path, errno);
    fd = opened.get();
  }
  std::string text;
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return host::errno_error("read", path, errno);
    if (got == 0)
      return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > largest_body)
      return invalid("read '" + path + "': larger than 512 MiB");
  }
}

class dump_source final : public source {
public:
  dump_source(std::string path, inspect::system_view view)
      : path_(std::move(path)), view_(std::move(view)) {}

  result<std::string> get(std::string_view target) override {
    const auto mark = target.find('?');
    auto query = http::parse_query(mark == std::string_view::npos ? std::string_view{}
                                                                  : target.substr(mark + 1));
    if (!query)
      return query.error();
    const auto answer = inspect::answer_from(view_, target.substr(0, mark), *query);
    if (!answer)
      return answer.error();
    return boost::json::serialize(*answer);
  }
  std::string name() const override { return path_; }
  bool is_dump() const noexcept override { return true; }

private:
  std::string path_;
  inspect::system_view view_;
};

class daemon_source final : public source {
public:
  explicit daemon_source(api_client client) : client_(std::move(client)) {}

  result<std::string> get(std::string_view target) override {
    auto answer = client_.call("GET", target);
    if (!answer)
      return answer.error();
    if (answer->status != 200)
      return error_of(*answer);
    return std::move(answer->body);
  }
  std::string name() const override { return client_.address(); }
  bool is_dump() const noexcept override { return false; }

private:
  api_client client_;
};

/// The file of a TLS flag; if it is not given, docker's file of that name, if it is there.
std::string tls_file(const invocation& from, const char* flag, const char* name,
                     const environment& env) {
  if (from.has(flag))
    return from.get(flag);
  std::string path;
  if (const char* directory = env("DOCKER_CERT_PATH"); directory && *directory != '\0')
    path = directory;
  else if (const char* home = env("HOME"); home && *home != '\0')
    path = std::string{home} + "/.docker";
  path.append("/").append(name);
  return ::access(path.c_str(), F_OK) == 0 ? path : "";
}

} // namespace

api_error error_of(const reply& answer) {
  static constexpr auto kinds =
      std::to_array({errc::not_found, errc::invalid_parameter, errc::conflict, errc::unauthorized,
                     errc::forbidden, errc::unavailable, errc::not_implemented});
  const auto* kind = std::find_if(kinds.begin(), kinds.end(), [&answer](errc each) {
    return http_status(each) == answer.status;
  });
  api_error error{kind == kinds.end() ? errc::system : *kind,
                  "it answered with status " + std::to_string(answer.status)};
  if (const auto body = inspect::parse_json(answer.body); body && body->is_object())
    if (const auto* message = body->get_object().if_contains("message"))
      if (message->is_string() && !message->get_string().empty())
        error.message = std::string{message->get_string()};
  return error;
}

result<std::unique_ptr<source>> open_dump(const std::string& path) {
  const auto text = read_all(path);
  if (!text)
    return text.error();
  auto view = inspect::read_dump(*text);
  if (!view)
    return invalid(path + ": " + view.error().message);
  return std::make_unique<dump_source>(path, std::move(*view));
}

std::unique_ptr<source> ask_daemon(api_client client) {
  return std::make_unique<daemon_source>(std::move(client));
}

result<api_client::settings> client_settings(const invocation& from, const environment& env) {
  auto address = from.get("host");
  if (address.empty())
    if (const char* named = env("GANTRY_INSPECT"))
      address = named;
  if (address.empty())
    address = default_address;
  auto where = host::parse_listen_address(address);
  if (!where)
    return where.error();
  api_client::settings how;
  how.where = std::move(*where);
  if (how.where.proto == host::listen_proto::fd)
    return invalid("not an address to ask: " + address);
  how.timeout = std::min<std::chrono::nanoseconds>(from.duration("timeout", default_timeout),
                                                   longest_timeout);
  if (how.where.proto == host::listen_proto::tcp) {
    how.files.ca = tls_file(from, "tlscacert", "ca.pem", env);
    how.files.cert = tls_file(from, "tlscert", "cert.pem", env);
    how.files.key = tls_file(from, "tlskey", "key.pem", env);
    if (how.files.cert.empty() != how.files.key.empty())
      return invalid("--tlscert and --tlskey go together");
  }
  return how;
}

result<std::unique_ptr<source>> open_source(const invocation& from, const environment& env) {
  if (from.has("file"))
    return open_dump(from.get("file"));
  auto how = client_settings(from, env);
  if (!how)
    return how.error();
  return ask_daemon(api_client{std::move(*how)});
}

} // namespace gantry::ctl
