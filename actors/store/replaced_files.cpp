#include "actors/store/replaced_files.hpp"

#include "actors/store/confined_root.hpp"
#include "actors/store/file_steps.hpp"
#include "actors/store/tar_record.hpp"
#include "actors/store/tree_removal.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <unordered_map>
#include <variant>

namespace gantry::store {

std::string replaced_name(std::uint64_t file) { return "replaced/" + std::to_string(file); }

result<void> replaced_files::take(int parent, const std::string& name, std::string path,
                                  std::uint64_t files_so_far) {
  if (!waiting_) {
    const auto waiting = directory() / "waiting";
    if (::mkdir(directory().c_str(), 0700) != 0 || ::mkdir(waiting.c_str(), 0700) != 0)
      return file_error("mkdir", waiting.string(), errno);
    waiting_.reset(::open(waiting.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!waiting_)
      return file_error("open", waiting.string(), errno);
  }
  const auto index = std::to_string(taken_.size());
  if (::renameat(parent, name.c_str(), waiting_.get(), index.c_str()) != 0)
    return file_error("rename", errno);
  taken_.push_back({std::move(path), files_so_far});
  return {};
}

result<void> replaced_files::settle(const std::filesystem::path& record) {
  if (empty())
    return {};
  std::unordered_map<std::string_view, std::vector<std::size_t>> by_path;
  for (std::size_t i = 0; i < taken_.size(); ++i)
    by_path[taken_[i].path].push_back(i);

  // The file that an operation means went away with the first taking after it that covers its
  // path; whatever else was at that path later did not come from this operation.
  const auto taking_of = [&](std::string_view path, std::uint64_t file) {
    std::optional<std::size_t> first;
    for (auto end = path.size(); end != std::string_view::npos && end != 0;
         end = path.rfind('/', end - 1)) {
      const auto found = by_path.find(path.substr(0, end));
      if (found == by_path.end())
        continue;
      for (const auto i : found->second) {
        if (taken_[i].files_so_far > file) {
          if (!first || i < *first)
            first = i;
          break;
        }
      }
    }
    return first;
  };

  auto reader = tar_record_reader::open(record);
  if (!reader.has_value())
    return reader.error();
  for (std::uint64_t file = 0;;) {
    const auto operation = reader->next();
    if (!operation.has_value())
      return operation.error();
    if (std::holds_alternative<record::end>(*operation))
      break;
    const auto* f = std::get_if<record::file>(&*operation);
    if (f == nullptr)
      continue;
    if (const auto i = taking_of(f->path, file)) {
      const auto from = std::to_string(*i) + std::string{f->path.substr(taken_[*i].path.size())};
      const auto to = layer_ / replaced_name(file);
      confined_root waiting{host::duplicate(waiting_.get())};
      const auto slash = from.rfind('/');
      const auto parent =
          waiting.open_directory(slash == std::string::npos ? "" : from.substr(0, slash));
      if (!parent.has_value())
        return parent.error();
      const auto name = slash == std::string::npos ? from : from.substr(slash + 1);
      if (::renameat(parent->fd, name.c_str(), AT_FDCWD, to.c_str()) != 0)
        return file_error("rename", to.string(), errno);
    }
    ++file;
  }
  waiting_.reset();
  taken_.clear();
  return remove_tree(directory() / "waiting");
}

} // namespace gantry::store
