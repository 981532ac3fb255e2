#include "protocol/container/links.hpp"

#include "protocol/container/values.hpp"

#include <algorithm>

namespace gantry::container {

result<container_link> parse_link(std::string_view text) {
  if (text.empty())
    return detail::invalid("empty string specified for links");
  if (std::count(text.begin(), text.end(), ':') > 1)
    return detail::invalid("bad format for links: " + std::string{text});
  const auto colon = text.find(':');
  const std::string name{text.substr(0, colon)};
  if (colon == text.npos)
    return container_link{name, name};
  const auto alias = text.substr(colon + 1);
  if (!name.starts_with('/'))
    return container_link{name, std::string{alias}};
  return container_link{name.substr(1), std::string{alias.substr(alias.rfind('/') + 1)}};
}

result<void>
check_links(const string_list& links,
            const std::function<std::optional<std::string>(std::string_view)>& lookup) {
  for (const auto& text : detail::items(links)) {
    const auto link = parse_link(text);
    if (!link)
      return link.error();
    if (!lookup(link->container))
      return detail::invalid("could not get container for " + link->container +
                             ": No such container: " + link->container);
  }
  return {};
}

} // namespace gantry::container
