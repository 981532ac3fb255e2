#include "protocol/container/security_options.hpp"

#include "protocol/container/values.hpp"
#include "protocol/oci/shell_words.hpp"

#include <string_view>

namespace gantry::container {

result<security_options> parse_security_options(const string_list& options) {
  security_options out;
  if (!options)
    return out;
  for (const auto& option : *options) {
    if (option == "no-new-privileges") {
      out.no_new_privileges = true;
      continue;
    }
    if (option == "disable") { // from the time when labels were the only options
      out.labels.push_back(option);
      continue;
    }
    auto separator = option.find('=');
    if (separator == option.npos)
      separator = option.find(':');
    if (separator == option.npos)
      return api_error{errc::invalid_parameter, "invalid --security-opt 1: " + oci::quote(option)};

    const auto key = std::string_view{option}.substr(0, separator);
    auto value = option.substr(separator + 1);
    const api_error invalid{errc::invalid_parameter,
                            "invalid --security-opt 2: " + oci::quote(option)};
    if (key == "label") {
      out.labels.push_back(std::move(value));
    } else if (key == "apparmor") {
      out.apparmor = std::move(value);
    } else if (key == "seccomp") {
      out.seccomp = std::move(value);
    } else if (key == "no-new-privileges" || key == "writable-cgroups") {
      const auto truth = detail::parse_bool(value);
      if (!truth)
        return invalid;
      (key == "writable-cgroups" ? out.writable_cgroups : out.no_new_privileges) = *truth;
    } else {
      return invalid;
    }
  }
  return out;
}

} // namespace gantry::container
