#pragma once

#include "protocol/http/message.hpp"

#include <optional>
#include <span>
#include <string_view>

/// The page for people: app/inspect/web, which is a part of the program.
namespace gantry::inspect {

struct web_file {
  std::string_view path; ///< `/app.js`; the page itself is `/`
  std::string_view type; ///< media type
  std::string_view text;
};

/// All of them.
std::span<const web_file> web_files() noexcept;

/// The answer to a GET or HEAD of that path, nothing if no file is called so. What the page may do
/// is bounded by its policy: nothing from elsewhere, no script but its own files, no text that
/// becomes markup.
std::optional<http::response> web_page(std::string_view path);

} // namespace gantry::inspect
