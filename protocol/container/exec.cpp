#include "protocol/container/exec.hpp"

#include "protocol/base64.hpp"
#include "protocol/container/detach_keys.hpp"
#include "protocol/container/json_fields.hpp"
#include "protocol/container/request_body.hpp"
#include "protocol/container/values.hpp"

#include <utility>
#include <vector>

namespace gantry::container {

namespace detail {

template <>
struct description<exec_options> {
  using e = exec_options;
  static constexpr std::string_view type_name = "container.ExecOptions";
  static constexpr std::tuple fields{
      field{"User", &e::user},
      field{"Privileged", &e::privileged},
      field{"Tty", &e::tty},
      field{"ConsoleSize", &e::console_size, shown::if_set},
      field{"AttachStdin", &e::attach_stdin},
      field{"AttachStderr", &e::attach_stderr},
      field{"AttachStdout", &e::attach_stdout},
      field{"DetachKeys", &e::detach_keys},
      field{"Env", &e::env},
      field{"WorkingDir", &e::working_dir},
      field{"Cmd", &e::cmd},
  };
};

template <>
struct description<exec_start_options> {
  using e = exec_start_options;
  static constexpr std::string_view type_name = "container.ExecStartOptions";
  static constexpr std::tuple fields{
      field{"Detach", &e::detach},
      field{"Tty", &e::tty},
      field{"ConsoleSize", &e::console_size, shown::if_set},
  };
};

} // namespace detail

namespace {

constexpr api::api_version first_with_size{1, 42};

template <class Options>
result<Options> parse_exec_body(std::string_view body, std::string_view name) {
  Options options;
  if (body.empty())
    return options;
  const auto json = detail::parse_body(body);
  if (!json)
    return json.error();
  detail::decoder d{name};
  detail::read(d, *json, options);
  if (d.failed())
    return detail::invalid_json(d.error().message);
  return options;
}

} // namespace

result<exec_options> parse_exec_options(std::string_view body, api::api_version v) {
  auto options = parse_exec_body<exec_options>(body, "ExecOptions");
  if (!options)
    return options;
  if (detail::is_empty(options->cmd))
    return detail::invalid("No exec command specified");
  if (!parse_detach_keys(options->detach_keys))
    return api_error{errc::system, "Invalid escape keys (" + options->detach_keys + ") provided"};
  if (v < first_with_size)
    options->console_size.reset();
  return options;
}

std::string detach_keys_of(const exec_options& options) {
  auto keys = parse_detach_keys(options.detach_keys);
  return keys ? std::move(*keys) : std::string{};
}

std::string to_json(const exec_options& options) {
  std::string text;
  detail::write(text, options);
  return text;
}

result<exec_start_options> parse_exec_start_options(std::string_view body, api::api_version v) {
  auto options = parse_exec_body<exec_start_options>(body, "ExecStartOptions");
  if (options && (v < first_with_size || !options->tty))
    options->console_size.reset();
  return options;
}

std::string command_text(const exec_options& options) {
  const auto& words = detail::items(options.cmd);
  if (words.empty())
    return {};
  std::string text = words.front() + ' ';
  for (std::size_t i = 1; i < words.size(); ++i)
    text.append(i > 1 ? " " : "").append(words[i]);
  return text;
}

std::string write_exec(const exec_view& view, bool can_remove) {
  using oci::detail::object_writer;
  const auto& options = *view.options;
  const auto& words = detail::items(options.cmd);
  std::string keys;
  if (!options.detach_keys.empty())
    keys = base64(detach_keys_of(options));
  std::string out;
  {
    object_writer o{out};
    o.member("ID", view.id);
    o.member("Running", view.running);
    o.member("ExitCode", view.exit_code);
    o.key("ProcessConfig");
    {
      object_writer process{out};
      process.member("tty", options.tty);
      process.member("entrypoint", words.empty() ? std::string{} : words.front());
      process.member("arguments", words.empty()
                                      ? std::vector<std::string>{}
                                      : std::vector<std::string>{words.begin() + 1, words.end()});
      process.member("privileged", options.privileged);
      process.member_if_set("user", view.user);
    }
    o.member("OpenStdin", options.attach_stdin);
    o.member("OpenStderr", options.attach_stderr);
    o.member("OpenStdout", options.attach_stdout);
    o.member("CanRemove", can_remove);
    o.member("ContainerID", view.container_id);
    o.member("DetachKeys", keys);
    o.member("Pid", view.pid);
  }
  detail::unescape_html(out);
  return out;
}

} // namespace gantry::container
