#include "actors/host/startup_memory.hpp"

#include "actors/host/tree_reader.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gantry::host {

namespace {

bool is_traced() {
  auto status = read_text("/proc/self/status");
  constexpr std::string_view name = "TracerPid:\t";
  auto at = status.find(name);
  return at == status.npos || !std::string_view{status}.substr(at + name.size()).starts_with("0\n");
}

/// What is mapped privately from the file and never written: dropping it loses nothing.
int release_unwritten(dl_phdr_info* object, std::size_t, void* with_code) noexcept {
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    auto is_code = (segment.p_flags & PF_X) != 0;
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0 ||
        (is_code && !*static_cast<const bool*>(with_code)))
      continue;
    auto begin = (object->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    auto end = (object->dlpi_addr + segment.p_vaddr + segment.p_filesz + page - 1) & ~(page - 1);
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader gives addresses as numbers.
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

} // namespace

void release_startup_memory() {
  auto with_code = !is_traced();
  ::dl_iterate_phdr(release_unwritten, &with_code);
  ::malloc_trim(0);
}

} // namespace gantry::host
