#pragma once

#include "protocol/error.hpp"

#include <sys/stat.h>

#include <string>
#include <string_view>

// Single files in open directories; no link is followed.
namespace gantry::containers {

/// A name in an open directory.
struct file_place {
  int directory = -1;
  const std::string& name;
};

/// Makes of `to`, where nothing is, what is at `from`, and that is no directory. `facts`: of
/// `from`. Errors: of the file system, `STEP: WORDS`.
result<void> copy_file(const file_place& from, const file_place& to, const struct stat& facts);

/// The target of a symbolic link; empty if there is none of that name.
std::string read_link(const file_place& link);

/// `DIRECTORY/NAME`, where no directory is the top.
inline std::string joined(std::string_view directory, std::string_view name) {
  std::string out{directory};
  return directory.empty() ? std::string{name} : out.append("/").append(name);
}

/// Gives `to`, an open directory, what `facts` say and the extended attributes of `from`.
result<void> copy_facts(int from, int to, const struct stat& facts);

} // namespace gantry::containers
