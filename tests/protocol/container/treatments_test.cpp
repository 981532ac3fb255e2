#include "treatments.hpp"

#include "protocol/container/create.hpp"
#include "protocol/container/descriptions.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <span>

using namespace gantry;
using namespace gantry::container;

namespace {

using treatments = std::span<const member_treatment>;

template <class Owner, class T>
void check_treated(treatments all, const container::detail::field<Owner, T>& f) {
  INFO(f.name);
  CHECK(std::count_if(all.begin(), all.end(),
                      [&f](const member_treatment& t) { return t.name == f.name; }) == 1);
}

template <class Owner>
void check_treated(treatments all, const container::detail::command_field<Owner>& f) {
  check_treated(all, container::detail::field{f.name, f.member});
}

template <class T>
void check_all_treated(treatments all);

template <class Owner, class T>
void check_treated(treatments all, const container::detail::embedded_field<Owner, T>&) {
  check_all_treated<T>(all);
}

template <class T>
void check_all_treated(treatments all) {
  std::apply([all](const auto&... f) { (check_treated(all, f), ...); },
             container::detail::description<T>::fields);
}

// All that create checks, and what a start asks of devices.
result<prepared_create> create(std::string_view host_config) {
  const auto body =
      R"({"Image":"bb","Cmd":["true"],"HostConfig":)" + std::string{host_config} + "}";
  auto made = prepare_create(body, {1, 41}, {}, {}, {});
  if (!made)
    return made;
  if (auto devices = check_device_requests(made->request.host_config.resources); !devices)
    return devices.error();
  const container_config image;
  const auto anybody = [](std::string_view) { return std::optional<std::string>{"c1"}; };
  if (auto command = complete_create(*made, &image, {}, {}, anybody); !command)
    return command.error();
  return made;
}

} // namespace

TEST_CASE("treatments: it is said of every member what becomes of it", "[protocol][container]") {
  check_all_treated<host_config>(host_members);
  check_all_treated<container_config>(config_members);
  CHECK(std::size(host_members) == 71);
  CHECK(std::size(config_members) == 25);
}

TEST_CASE("treatments: what is dropped is warned about, what is refused is an error",
          "[protocol][container]") {
  const auto usual = create("{}");
  REQUIRE(usual.has_value());
  for (const auto& member : host_members) {
    INFO(member.name);
    CHECK((member.what == warned || member.what == refused) == !member.sample.empty());
    if (member.sample.empty())
      continue;
    const auto made = create(member.sample);
    CHECK(made.has_value() == (member.what == warned));
    if (made)
      CHECK(made->warnings.size() == usual->warnings.size() + 1);
  }
}
