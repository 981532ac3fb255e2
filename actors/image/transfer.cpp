#include "actors/image/transfer.hpp"

#include "actors/store/trash.hpp"
#include "protocol/stream/json_message.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

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
  auto discarded = ask_store_blocking(store_, "end lease", [lease = lease_](store::image_store& s) {
    return result<store::trash>{s.end_lease(lease)};
  });
  if (discarded)
    (void)discarded->remove(); // what is left the next start takes away
}

// -- scratch directory --------------------------------------------------------

result<scratch_directory> scratch_directory::make(const store::layer_files& files) {
  auto path = files.prepare();
  if (!path)
    return path.error();
  return scratch_directory{std::move(*path)};
}

scratch_directory& scratch_directory::operator=(scratch_directory&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

scratch_directory::~scratch_directory() {
  if (!path_.empty())
    (void)store::remove_tree(path_); // what is left the next start takes away
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

// -- platform -----------------------------------------------------------------

namespace {

api_error bad_platform(std::string text) { return {errc::invalid_parameter, std::move(text)}; }

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_os(std::string_view text) {
  return is_one_of(text,
                   {"aix", "android", "darwin", "dragonfly", "freebsd", "illumos", "ios", "js",
                    "linux", "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows"});
}

bool is_architecture(std::string_view text) {
  return is_one_of(text, {"386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le",
                          "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm"});
}

// Names that mean the same become one.
void normalize(oci::platform& p) {
  if (is_one_of(p.architecture, {"x86_64", "x86-64"}))
    p.architecture = "amd64";
  else if (is_one_of(p.architecture, {"i386", "i686"}))
    p.architecture = "386";
  else if (p.architecture == "aarch64")
    p.architecture = "arm64";
  else if (p.architecture == "armhf")
    p = {"arm", p.os, p.os_version, p.os_features, "v7"};
  else if (p.architecture == "armel")
    p = {"arm", p.os, p.os_version, p.os_features, "v6"};
  if (p.architecture == "arm64" && is_one_of(p.variant, {"8", "v8"}))
    p.variant.clear();
  if (p.architecture == "amd64" && p.variant == "v1")
    p.variant.clear();
  if (p.architecture == "arm" && p.variant.empty())
    p.variant = "v7";
  if (p.os == "macos")
    p.os = "darwin";
}

result<oci::platform> parse_json_platform(std::string_view text, const oci::platform& host) {
  boost::system::error_code broken;
  const auto parsed = boost::json::parse(text, broken);
  if (broken)
    return bad_platform("failed to parse platform: " + broken.message());
  if (!parsed.is_object())
    return bad_platform("failed to parse platform: it is no object");
  oci::platform p;
  for (const auto& [key, value] : parsed.get_object()) {
    auto* member = key == "os"             ? &p.os
                   : key == "architecture" ? &p.architecture
                   : key == "variant"      ? &p.variant
                   : key == "os.version"   ? &p.os_version
                                           : nullptr;
    if (member == nullptr)
      continue;
    if (!value.is_string())
      return bad_platform("failed to parse platform: " + std::string{key} + " is no string");
    *member = std::string_view{value.get_string()};
  }
  if (p.os.empty() && p.architecture.empty()) {
    if (!p.variant.empty() || !p.os_version.empty())
      return bad_platform("optional platform fields provided, but OS and Architecture are missing");
    return host;
  }
  if (p.os.empty() || p.architecture.empty())
    return bad_platform("both OS and Architecture must be provided");
  normalize(p);
  return p;
}

} // namespace

result<oci::platform> parse_platform(std::string_view text, const oci::platform& host) {
  if (text.starts_with('{'))
    return parse_json_platform(text, host);
  const auto cannot = [&] {
    return bad_platform('"' + std::string{text} +
                        "\": cannot parse platform specifier: invalid argument");
  };
  std::vector<std::string> parts{""};
  for (char c : text) {
    if (c == '/') {
      parts.emplace_back();
      continue;
    }
    const bool upper = c >= 'A' && c <= 'Z';
    parts.back() += static_cast<char>(upper ? c - 'A' + 'a' : c);
  }
  for (const auto& part : parts)
    if (part.empty() ||
        part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.-") != std::string::npos)
      return bad_platform('"' + part + "\" is an invalid component of \"" + std::string{text} +
                          "\": platform specifier component must match "
                          "\"^[A-Za-z0-9_.-]+$\": invalid argument");
  oci::platform p;
  if (parts.size() == 1) {
    if (is_os(parts[0]) || parts[0] == "macos") {
      p.os = parts[0];
      p.architecture = host.architecture;
      p.variant = host.variant;
    } else {
      p.architecture = parts[0];
      p.os = host.os;
    }
    normalize(p);
    if (!is_architecture(p.architecture))
      return bad_platform('"' + std::string{text} +
                          "\": unknown operating system or architecture: invalid argument");
    return p;
  }
  if (parts.size() > 3)
    return cannot();
  p.os = parts[0];
  p.architecture = parts[1];
  if (parts.size() == 3)
    p.variant = parts[2];
  normalize(p);
  return p;
}

result<std::optional<oci::platform>> only_platform(const std::vector<std::string>& texts,
                                                   const oci::platform& host) {
  if (texts.empty())
    return std::optional<oci::platform>{};
  if (texts.size() > 1)
    return bad_platform("multiple platforms are not supported");
  auto parsed = parse_platform(texts.front(), host);
  if (!parsed)
    return parsed.error();
  return std::optional{std::move(*parsed)};
}

} // namespace gantry::image
