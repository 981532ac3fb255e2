// What importing and exporting one layer costs: `layer_bench FILE DIRECTORY [flush]`. Prints
// seconds. Files that are on the disk can take long to delete, so `flush` is not the default.
#include "actors/store/layer_export.hpp"
#include "actors/store/layer_files.hpp"
#include "actors/store/layer_import.hpp"
#include "actors/store/trash.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

using namespace gantry;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int fail(const api_error& error) {
  std::fprintf(stderr, "layer_bench: %s\n", error.message.c_str());
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: layer_bench FILE DIRECTORY [flush]\n");
    return 2;
  }
  const std::filesystem::path root = argv[2];
  auto files = store::layer_files::open(store::paths{root});
  if (!files.has_value())
    return fail(files.error());
  const auto barrier = files->barrier();
  if (!barrier.has_value())
    return fail(barrier.error());
  const auto prepared = files->prepare();
  if (!prepared.has_value())
    return fail(prepared.error());
  const int fd = ::open(argv[1], O_RDONLY | O_CLOEXEC);
  std::vector<char> buffer(256 * 1024);

  auto start = std::chrono::steady_clock::now();
  store::layer_import import{*prepared, files->whiteouts()};
  for (;;) {
    const auto n = ::read(fd, buffer.data(), buffer.size());
    if (n <= 0)
      break;
    if (auto done = import.write({buffer.data(), static_cast<std::size_t>(n)}); !done.has_value())
      return fail(done.error());
  }
  const auto layer = import.finish();
  if (!layer.has_value())
    return fail(layer.error());
  std::printf("import %.3f s, %llu entries, %.1f MB, tree %.1f MB\n", seconds_since(start),
              static_cast<unsigned long long>(layer->entries),
              static_cast<double>(layer->diff_size) / 1e6,
              static_cast<double>(layer->tree_size) / 1e6);

  start = std::chrono::steady_clock::now();
  if (argc > 3) {
    if (auto done = barrier->flush(); !done.has_value())
      return fail(done.error());
  }
  std::printf("flush %.3f s\n", seconds_since(start));
  start = std::chrono::steady_clock::now();
  const int out = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  const auto size =
      store::export_layer(*prepared, layer->diff_id, [out](std::string_view bytes) -> result<void> {
        (void)!::write(out, bytes.data(), bytes.size());
        return {};
      });
  if (!size.has_value())
    return fail(size.error());
  std::printf("export %.3f s\n", seconds_since(start));
  std::printf("record %.1f kB\n",
              static_cast<double>(std::filesystem::file_size(*prepared / "record")) / 1e3);

  start = std::chrono::steady_clock::now();
  if (auto done = store::remove_tree(*prepared); !done.has_value())
    return fail(done.error());
  std::printf("remove %.3f s\n", seconds_since(start));
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  std::printf(
      "peak memory %.1f MB, cpu %.2f s user %.2f s system\n",
      static_cast<double>(used.ru_maxrss) / 1e3,
      static_cast<double>(used.ru_utime.tv_sec) + static_cast<double>(used.ru_utime.tv_usec) / 1e6,
      static_cast<double>(used.ru_stime.tv_sec) + static_cast<double>(used.ru_stime.tv_usec) / 1e6);
  return 0;
}
