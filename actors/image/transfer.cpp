#include "actors/image/transfer.hpp"

#include "protocol/stream/json_message.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace gantry::image {

// -- lease --------------------------------------------------------------------

result<held_lease> held_lease::begin(const image_store_actor& store) {
  auto begun = ask_store_blocking(store, "begin lease", [](store::image_store& s) {
    return result<store::lease>{s.begin_lease()};
  });
  if (!begun)
    return begun.error();
  return held_lease{store, *begun};
}

held_lease::~held_lease() {
  if (lease_.number == 0)
    return;
  (void)ask_store_blocking(store_, "end lease", [lease = lease_](store::image_store& s) {
    s.end_lease(lease);
    return result<void>{};
  });
}

// -- scratch directory --------------------------------------------------------

result<scratch_directory> scratch_directory::make(const store::layer_files& files) {
  auto path = files.prepare();
  if (!path)
    return path.error();
  return scratch_directory{files, std::move(*path)};
}

scratch_directory& scratch_directory::operator=(scratch_directory&& other) noexcept {
  std::swap(files_, other.files_);
  std::swap(path_, other.path_);
  return *this;
}

scratch_directory::~scratch_directory() {
  if (!path_.empty())
    (void)files_->discard(path_);
}

// -- progress -----------------------------------------------------------------

namespace {

constexpr std::chrono::milliseconds progress_interval{100};
constexpr int bar_width = 50;

// `1.234MB`: four digits, powers of 1000.
std::string human_size(std::int64_t bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1000.0 && unit + 1 < units.size(); ++unit)
    size /= 1000.0;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g%s", size, units[unit]);
  return text.data();
}

std::string padded(std::string text) {
  constexpr std::size_t width = 8;
  if (text.size() < width)
    text.insert(0, width - text.size(), ' ');
  return text;
}

} // namespace

std::string progress_bar(std::int64_t current, std::int64_t total) {
  if (current <= 0 && total <= 0)
    return {};
  if (total <= 0)
    return padded(human_size(current));
  const auto share = static_cast<double>(current) / static_cast<double>(total);
  const auto done = std::min(static_cast<int>(share * 100) / 2, bar_width);
  auto bar = '[' + std::string(static_cast<std::size_t>(done), '=') + '>' +
             std::string(static_cast<std::size_t>(bar_width - done), ' ') + "] " +
             padded(human_size(current));
  if (current <= total)
    bar += '/' + human_size(total);
  return bar;
}

result<void> progress_lines::advance(std::size_t bytes) {
  current_ += static_cast<std::int64_t>(bytes);
  const auto now = std::chrono::steady_clock::now();
  if (now < next_)
    return {};
  next_ = now + progress_interval;
  return tell();
}

result<void> progress_lines::finish() {
  if (current_ == told_)
    return {};
  return tell();
}

result<void> progress_lines::tell() {
  told_ = current_;
  stream::json_message line;
  line.status = action_;
  line.progress = stream::progress_detail{.current = current_, .total = total_, .units = {}};
  line.progress_text = progress_bar(current_, total_);
  line.id = id_;
  return to_.write(stream::encode(line));
}

} // namespace gantry::image
