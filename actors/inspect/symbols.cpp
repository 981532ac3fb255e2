#include "actors/inspect/symbols.hpp"

#include "actors/host/unique_fd.hpp"

#include <boost/core/demangle.hpp>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace gantry::inspect {

namespace {

/// A whole file, mapped for reading.
class mapped_file {
public:
  explicit mapped_file(const char* path) {
    host::unique_fd fd{::open(path, O_RDONLY | O_CLOEXEC)};
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0 || info.st_size <= 0)
      return;
    auto size = static_cast<std::size_t>(info.st_size);
    auto* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (start != MAP_FAILED)
      bytes_ = {static_cast<const std::byte*>(start), size};
  }
  mapped_file(const mapped_file&) = delete;
  mapped_file& operator=(const mapped_file&) = delete;
  ~mapped_file() {
    if (!bytes_.empty())
      ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }

  /// `count` objects of type T from `offset` on; none if the file ends before.
  template <class T>
  std::span<const T> at(std::size_t offset, std::size_t count) const {
    if (offset > bytes_.size() || count > (bytes_.size() - offset) / sizeof(T) ||
        offset % alignof(T) != 0)
      return {};
    return {reinterpret_cast<const T*>(bytes_.data() + offset), count};
  }

private:
  std::span<const std::byte> bytes_;
};

/// Where the program itself is mapped: what its addresses in the file have to be raised by, and the
/// end of it.
struct program_range {
  std::uintptr_t base = 0;
  std::uintptr_t begin = UINTPTR_MAX;
  std::uintptr_t end = 0;
};

program_range find_program() {
  program_range range;
  auto visit = [](dl_phdr_info* info, std::size_t, void* out) {
    auto& r = *static_cast<program_range*>(out);
    r.base = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
      const auto& segment = info->dlpi_phdr[i];
      if (segment.p_type != PT_LOAD)
        continue;
      auto begin = info->dlpi_addr + segment.p_vaddr;
      r.begin = std::min(r.begin, begin);
      r.end = std::max(r.end, begin + segment.p_memsz);
    }
    return 1; // the program comes first
  };
  ::dl_iterate_phdr(visit, &range);
  return range;
}

} // namespace

struct symbolizer::table {
  struct function {
    std::uintptr_t begin = 0; ///< as in the file
    std::uintptr_t size = 0;
    const char* name = nullptr;
  };

  table() {
    auto head = file.at<ElfW(Ehdr)>(0, 1);
    if (head.empty() || std::memcmp(head[0].e_ident, ELFMAG, SELFMAG) != 0 ||
        head[0].e_shentsize != sizeof(ElfW(Shdr)))
      return;
    auto sections = file.at<ElfW(Shdr)>(head[0].e_shoff, head[0].e_shnum);
    for (const auto& s : sections)
      if (s.sh_type == SHT_SYMTAB && s.sh_link < sections.size())
        read(s, sections[s.sh_link]);
    std::sort(functions.begin(), functions.end(),
              [](const auto& a, const auto& b) { return a.begin < b.begin; });
  }

  void read(const ElfW(Shdr) & symbols, const ElfW(Shdr) & names) {
    auto text = file.at<char>(names.sh_offset, names.sh_size);
    if (text.empty() || text.back() != '\0')
      return;
    for (const auto& s :
         file.at<ElfW(Sym)>(symbols.sh_offset, symbols.sh_size / sizeof(ElfW(Sym)))) {
      auto type = ELF64_ST_TYPE(s.st_info); // the same in both classes
      if ((type == STT_FUNC || type == STT_GNU_IFUNC) && s.st_shndx != SHN_UNDEF &&
          s.st_name < text.size())
        functions.push_back({s.st_value, s.st_size, text.data() + s.st_name});
    }
  }

  const function* find(std::uintptr_t address) const {
    auto in_file = address - range.base;
    auto next = std::upper_bound(functions.begin(), functions.end(), in_file,
                                 [](auto a, const auto& f) { return a < f.begin; });
    if (next == functions.begin())
      return nullptr;
    const auto& f = *std::prev(next);
    // Functions in assembly may have no size; they reach to the next one.
    return f.size == 0 || in_file < f.begin + f.size ? &f : nullptr;
  }

  mapped_file file{"/proc/self/exe"};
  program_range range = find_program();
  std::vector<function> functions;
};

symbolizer::symbolizer() {
  auto t = std::make_unique<table>();
  if (!t->functions.empty())
    program_ = std::move(t);
}

symbolizer::~symbolizer() = default;

std::optional<symbol> symbolizer::find(std::uintptr_t address) const {
  if (program_ && address >= program_->range.begin && address < program_->range.end) {
    const auto* f = program_->find(address);
    if (!f)
      return std::nullopt;
    return symbol{boost::core::demangle(f->name), address - program_->range.base - f->begin};
  }
  Dl_info info{};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses come as numbers.
  if (::dladdr(reinterpret_cast<void*>(address), &info) == 0 || !info.dli_sname)
    return std::nullopt;
  return symbol{boost::core::demangle(info.dli_sname),
                address - reinterpret_cast<std::uintptr_t>(info.dli_saddr)};
}

} // namespace gantry::inspect
