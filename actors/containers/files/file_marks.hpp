#pragma once

#include <sys/stat.h>

#include <string>

/// What is told of files beside their contents and facts.
namespace gantry::containers {

/// True for what overlayfs puts where something of the layers below is gone.
bool is_whiteout(const struct stat& facts) noexcept;

/// True for an open directory in which, for overlayfs, nothing of the layers below is seen.
bool is_opaque(int directory) noexcept;

/// The extended attribute `security.capability` of what is open, or is called `name` in an open
/// directory and may be a link; empty if there is none.
std::string capability_of(int file);
std::string capability_of(int directory, const std::string& name);

} // namespace gantry::containers
