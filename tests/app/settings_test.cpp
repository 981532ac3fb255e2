#include "app/settings.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <string>

using namespace gantry;
using namespace gantry::app;

TEST_CASE("settings: the defaults stand for themselves", "[app]") {
  settings values;
  complete(values, {});
  CHECK(validate(values).has_value());
  CHECK(values.hosts == std::vector<std::string>{"unix:///var/run/docker.sock"});
  CHECK_FALSE(values.insecure_allow_unauthenticated_tcp);
  CHECK(values.tls_cert.empty());
}

TEST_CASE("settings: debug wins over the log level", "[app]") {
  settings values;
  values.log_level = log::level::error;
  CHECK(values.effective_level() == log::level::error);
  values.debug = true;
  CHECK(values.effective_level() == log::level::debug);
}

TEST_CASE("settings: TLS files are found in DOCKER_CERT_PATH, else at home", "[app]") {
  environment env;
  env.home = "/home/u";
  settings values;
  values.tls_verify = true;
  complete(values, env);
  CHECK(values.tls);
  CHECK(values.tls_ca_cert == "/home/u/.docker/ca.pem");
  CHECK(values.tls_cert == "/home/u/.docker/cert.pem");
  CHECK(values.tls_key == "/home/u/.docker/key.pem");

  env.docker_cert_path = "/certs";
  settings plain;
  plain.tls = true;
  plain.tls_key = "/k";
  complete(plain, env);
  CHECK(plain.tls_ca_cert.empty()); // nobody is verified
  CHECK(plain.tls_cert == "/certs/cert.pem");
  CHECK(plain.tls_key == "/k");
}

TEST_CASE("settings: completing twice changes nothing more", "[app]") {
  settings values;
  values.tls_verify = true;
  values.iptables = false;
  complete(values, {});
  CHECK_FALSE(values.ip_masq);
  auto once = values;
  complete(values, {});
  CHECK(values == once);
}

TEST_CASE("settings: contradictions (2.4)", "[app]") {
  auto error_of = [](auto change) {
    settings values;
    change(values);
    auto got = validate(values);
    return got ? std::string() : got.error().message;
  };
  CHECK(error_of([](settings& s) {
          s.labels = {"a=b", "a=c"};
        }) == "conflict labels for a=c and a=b");
  CHECK(error_of([](settings& s) { s.labels = {"a=b", "a=b", "ab=c"}; }).empty());
  CHECK(error_of([](settings& s) {
          s.hosts = {"fd://*", "fd://*"};
        }) == "the host fd://* is given more than once");
  CHECK(error_of([](settings& s) { s.bridge = "x", s.bip = "10.0.0.1/8"; }) ==
        "You specified -b & --bip, mutually exclusive options. Please specify only one.");
  CHECK(
      error_of([](settings& s) { s.iptables = s.icc = false; }) ==
      "You specified --iptables=false with --icc=false. ICC uses iptables to function. Please set "
      "--icc or --iptables to true.");
  CHECK(error_of([](settings& s) { s.icc = false; }).empty());
  CHECK(error_of([](settings& s) { s.inspect_host = "tcp://127.0.0.1:1"; }) ==
        "inspect-host tcp://127.0.0.1:1 needs --tlsverify: the inspection shows everything");
  CHECK(error_of([](settings& s) {
          s.inspect_host = "tcp://127.0.0.1:1";
          s.tls_verify = true;
        }).empty());
  CHECK(error_of([](settings& s) { s.default_runtime = "zz"; }) ==
        "specified default runtime 'zz' does not exist");
  for (const char* name : {"runc", "crun", ""})
    CHECK(error_of([name](settings& s) { s.default_runtime = name; }).empty());
  CHECK(error_of([](settings& s) {
          s.default_runtime = "zz";
          s.runtimes["zz"].path = "/zz";
        }).empty());
}

TEST_CASE("settings: what cannot be kept is refused", "[app]") {
  auto error_of = [](auto change) {
    settings values;
    change(values);
    auto got = validate(values);
    return got ? std::string() : got.error().message;
  };
  CHECK(error_of([](settings& s) { s.min_api_version = "1.51"; }) ==
        "invalid min-api-version: maximum supported API version is 1.50: 1.51");
  CHECK(error_of([](settings& s) { s.min_api_version = "1.23"; }) ==
        "invalid min-api-version: minimum supported API version is 1.24: 1.23");
  for (const char* version : {"1.24", "1.44", "1.50", ""})
    CHECK(error_of([version](settings& s) { s.min_api_version = version; }).empty());

  CHECK(error_of([](settings& s) { s.exec_opts = {"native.cgroupdriver=cgroupfs"}; }).empty());
  CHECK(error_of([](settings& s) { s.exec_opts = {"native.cgroupdriver=systemd"}; }) ==
        "native.cgroupdriver option systemd not supported");
  CHECK(error_of([](settings& s) { s.exec_opts = {"a=b"}; }) == "unknown exec option: a=b");

  CHECK(error_of([](settings& s) { s.log_driver = "syslog"; }) ==
        "failed to set log opts: error looking up logging plugin syslog: plugin \"syslog\" not "
        "found");
  CHECK(error_of([](settings& s) {
          s.log_opts = {{"colour", "red"}};
        }) == "failed to set log opts: unknown log opt 'colour' for json-file log driver");
  CHECK(error_of([](settings& s) {
          s.log_opts = {{"max-file", "0"}};
        }) == "failed to set log opts: max-file cannot be less than 1");
  for (const char* driver : {"json-file", "local", "none"})
    CHECK(error_of([driver](settings& s) { s.log_driver = driver; }).empty());

  CHECK(error_of([](settings& s) { s.userns_remap = "default"; }) ==
        "userns-remap is not supported: containers would run as root of this machine");
  CHECK(error_of([](settings& s) { s.selinux_enabled = true; }) ==
        "selinux-enabled is not supported: containers would run without labels");
}

TEST_CASE("settings: the environment is looked up by name", "[app]") {
  std::map<std::string, std::string> variables{{"HOME", "/h"}, {"DOCKER_HOST", "tcp://x"}};
  auto env = environment::of(
      [&](const char* name) {
        auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
      },
      true);
  CHECK(env.home == "/h");
  CHECK(env.docker_cert_path.empty());
  CHECK(env.socket_activated);
}
