#include "actors/store/block_queue.hpp"
#include "tests/actors/store/layer_support.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <fstream>
#include <thread>
#include <utility>

using namespace gantry;
using namespace gantry::test;
using store::compression;
namespace fs = std::filesystem;

namespace {

// A tree with one of everything that anybody may make.
void make_tree(const std::string& dir) {
  const std::string program = R"(
    mkdir -p usr/bin etc/empty many
    head -c 700000 /dev/urandom > usr/bin/big
    printf hello > etc/hosts
    : > etc/nothing
    ln -s ../etc/hosts usr/link
    ln etc/hosts usr/bin/hard
    chmod 4755 usr/bin/big
    chmod 1777 etc/empty
    for i in $(seq 300); do printf %s $i > many/f$i; done
    long=$(printf 'long%.0s' $(seq 30))/$(printf 'name%.0s' $(seq 40))
    mkdir -p $long
    printf x > $long/file
    ln -s $long/file linked
    printf y > 'föö bär'
    mkfifo fifo
    touch -d '2038-02-01 00:00:00.123456789' new
    truncate -s 100000 sparse
    printf data | dd of=sparse bs=1 seek=50000 conv=notrunc status=none)";
  fs::create_directories(dir);
  shell("cd '" + dir + "' && sh -ec '" + [&] {
    std::string quoted;
    for (const char c : program)
      quoted += c == '\'' ? std::string{"'\\''"} : std::string{c};
    return quoted;
  }() + "'");
}

// What `find` sees, with times to the second: more the older formats cannot say.
std::string listing(const std::string& dir) {
  return shell_output("cd '" + dir +
                      "' && find . -printf '%p %y %m %U %G %l %n ' -a \\( -type d -printf '\\n' "
                      "-o -printf '%s %.10T@\\n' \\) | sort");
}

// A digest of each file.
std::string contents(const std::string& dir) {
  return shell_output("cd '" + dir + "' && find . -type f -exec sha256sum {} + | sort");
}

// The tree in a format of libarchive, written by it. To find the format by its name would link all
// formats, and what they need.
std::string written_by_libarchive(const std::string& tree, int (*set_format)(archive*)) {
  std::string out;
  archive* a = archive_write_new();
  REQUIRE(set_format(a) == ARCHIVE_OK);
  REQUIRE(archive_write_open(
              a, &out, nullptr,
              [](archive*, void* to, const void* bytes, std::size_t n) -> la_ssize_t {
                static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), n);
                return static_cast<la_ssize_t>(n);
              },
              nullptr) == ARCHIVE_OK);
  for (const auto& item : fs::recursive_directory_iterator{tree}) {
    const auto s = status_of(item.path());
    archive_entry* e = archive_entry_new();
    archive_entry_copy_stat(e, &s);
    archive_entry_set_pathname(e, item.path().lexically_relative(tree).c_str());
    if (S_ISLNK(s.st_mode))
      archive_entry_set_symlink(e, fs::read_symlink(item.path()).c_str());
    if (archive_write_header(a, e) >= ARCHIVE_WARN && S_ISREG(s.st_mode)) {
      std::ifstream in{item.path(), std::ios::binary};
      const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
      CHECK(archive_write_data(a, bytes.data(), bytes.size()) ==
            static_cast<la_ssize_t>(bytes.size()));
    }
    archive_entry_free(e);
  }
  REQUIRE(archive_write_close(a) == ARCHIVE_OK);
  archive_write_free(a);
  return out;
}

bool is_no_whole_tar(std::string_view message) {
  return message == "unexpected EOF" || message == "archive/tar: invalid tar header";
}

std::string error_of(const std::string& tar) {
  const memory_dir dir;
  const auto made = import_layer(dir.file("layer"), tar);
  return made.has_value() ? "" : made.error().message;
}

long resident_kib() {
  std::ifstream in{"/proc/self/status"};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("VmRSS:"))
      return std::atol(line.c_str() + 6);
  return 0;
}

} // namespace

TEST_CASE("layer_import: what GNU tar writes comes out bit for bit", "[actors][store]") {
  const memory_dir dir;
  make_tree(dir.file("tree"));
  for (const std::string options :
       {"--format=gnu", "--format=posix", "--format=oldgnu", "--format=gnu --sparse",
        "--format=posix --sparse --sparse-version=0.0",
        "--format=posix --sparse --sparse-version=0.1",
        "--format=posix --sparse --sparse-version=1.0", "--format=gnu -b 1",
        "--format=posix --pax-option=globexthdr.name=g,comment=all"}) {
    CAPTURE(options);
    const auto tar =
        shell_output("tar -C '" + dir.file("tree") + "' " + options + " --sort=name -c .");
    fs::remove_all(dir.file("layer"));
    const auto layer = round_trip(dir.file("layer"), tar);
    CHECK(layer.entries == std::stoull(shell_output("find '" + dir.file("tree") + "' | wc -l")));
    CHECK(listing(dir.file("tree")) == listing(dir.file("layer/diff")));
    CHECK(contents(dir.file("tree")) == contents(dir.file("layer/diff")));
    CHECK(layer.tree_size ==
          std::stoull(shell_output(
              "cd '" + dir.file("tree") +
              "' && find . ! -type d -printf '%i %s\\n' | sort -u | awk '{s+=$2} END{print s}'")));
  }
}

TEST_CASE("layer_import: ustar and v7 as GNU tar writes them", "[actors][store]") {
  const memory_dir dir;
  fs::create_directories(dir.file("tree/d"));
  dir.write("tree/d/f", std::string(5000, 'x'));
  shell("cd '" + dir.file("tree") + "' && ln d/f hard && ln -s d/f soft");
  for (const std::string format : {"ustar", "v7"}) {
    CAPTURE(format);
    fs::remove_all(dir.file("layer"));
    round_trip(dir.file("layer"),
               shell_output("tar -C '" + dir.file("tree") + "' --format=" + format + " -c ."));
    CHECK(listing(dir.file("tree")) == listing(dir.file("layer/diff")));
  }
}

TEST_CASE("layer_import: what libarchive writes comes out bit for bit", "[actors][store]") {
  const memory_dir dir;
  make_tree(dir.file("tree"));
  fs::remove(dir.file("tree/föö bär")); // its writer wants a locale
  const std::pair<const char*, int (*)(archive*)> formats[] = {
      {"pax", archive_write_set_format_pax},
      {"paxr", archive_write_set_format_pax_restricted},
      {"gnutar", archive_write_set_format_gnutar}};
  for (const auto& [format, set_format] : formats) {
    CAPTURE(format);
    fs::remove_all(dir.file("layer"));
    const auto layer =
        round_trip(dir.file("layer"), written_by_libarchive(dir.file("tree"), set_format));
    shell("cmp '" + dir.file("tree/usr/bin/big") + "' '" + dir.file("layer/diff/usr/bin/big") +
          "'");
    CHECK(layer.entries > 300);
  }
}

TEST_CASE("layer_import: what Python's tarfile writes comes out bit for bit", "[actors][store]") {
  if (!have_program("python3")) {
    WARN("needs python3");
    return;
  }
  const memory_dir dir;
  make_tree(dir.file("tree"));
  for (const std::string format : {"GNU_FORMAT", "PAX_FORMAT"}) {
    CAPTURE(format);
    shell("cd '" + dir.file("tree") + "' && python3 -c \"import tarfile; " +
          "t=tarfile.open('../p.tar','w',format=tarfile." + format + "); t.add('.'); t.close()\"");
    fs::remove_all(dir.file("layer"));
    round_trip(dir.file("layer"), dir.read("p.tar"));
    CHECK(listing(dir.file("tree")) == listing(dir.file("layer/diff")));
  }
}

TEST_CASE("layer_import: every compression, and the digests of both forms", "[actors][store]") {
  const memory_dir dir;
  make_tree(dir.file("tree"));
  const auto tar = shell_output("tar -C '" + dir.file("tree") + "' -c .");
  dir.write("tar", tar);
  struct form {
    compression packed;
    const char* command;
  };
  for (const auto& [packed, command] :
       {form{compression::gzip, "gzip -c"}, form{compression::bzip2, "bzip2 -c"},
        form{compression::xz, "xz -c"}, form{compression::zstd, "zstd -q -c"}}) {
    for (const std::size_t step : {std::size_t{1000}, std::size_t{1} << 20}) {
      CAPTURE(command, step);
      const auto bytes = shell_output(command + (" < " + dir.file("tar")));
      fs::remove_all(dir.file("layer"));
      const auto layer =
          import_layer(dir.file("layer"), bytes, store::whiteout_form::overlay, step);
      REQUIRE(layer.has_value());
      CHECK(layer->packed == packed);
      CHECK(layer->digest == oci::sha256_of(bytes));
      CHECK(layer->size == bytes.size());
      CHECK(layer->diff_id == oci::sha256_of(tar));
      CHECK(layer->diff_size == tar.size());
      const auto rebuilt = export_to_string(dir.file("layer"), layer->diff_id);
      REQUIRE(rebuilt.has_value());
      CHECK((*rebuilt == tar));
    }
  }
}

TEST_CASE("layer_import: bytes one at a time", "[actors][store]") {
  const memory_dir dir;
  const auto tar = tar_of(entry('5', "d") + entry('0', "d/f", {}, "hello"));
  const auto layer = import_layer(dir.file("layer"), tar, store::whiteout_form::overlay, 1);
  REQUIRE(layer.has_value());
  CHECK(layer->diff_id == oci::sha256_of(tar));
}

TEST_CASE("layer_import: layers with nothing in them", "[actors][store]") {
  const memory_dir dir;
  const auto empty_tar = std::string(1024, '\0');
  CHECK(round_trip(dir.file("a"), empty_tar).diff_id.str() ==
        "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
  round_trip(dir.file("b"), std::string(10240, '\0'));
  round_trip(dir.file("c"), std::string(512, '\0'));
  const auto nothing = round_trip(dir.file("d"), "");
  CHECK(nothing.entries == 0);
  CHECK(nothing.diff_size == 0);
  CHECK((status_of(dir.file("d/diff")).st_mode & 07777) == 0755);
}

TEST_CASE("layer_import: what follows the end of the archive is kept", "[actors][store]") {
  const memory_dir dir;
  const auto tar = tar_of(entry('0', "f", {}, "x"));
  round_trip(dir.file("a"), tar + std::string(1'000'000, '\0'));
  round_trip(dir.file("b"), tar + "anything at all");
  round_trip(dir.file("c"), tar + entry('0', "g", {}, "not read"));
  CHECK_FALSE(dir.has("c/diff/g"));
  round_trip(dir.file("d"), entry('0', "f", {}, "x")); // no end at all: some writers leave it out
  CHECK(dir.read("d/diff/f") == "x");
}

TEST_CASE("layer_import: the last file's padding may be missing, as umoci leaves it",
          "[actors][store]") {
  const memory_dir dir;
  for (const std::size_t size : {std::size_t{1}, std::size_t{511}, std::size_t{513}}) {
    const auto whole = entry('0', "first", {}, std::string(600, 'a')) +
                       entry('0', "f", {}, std::string(size, 'x'));
    const auto contents_end = 512 + 1024 + 512 + size;
    for (const auto n : {contents_end, contents_end + 1, whole.size() - 1, whole.size()}) {
      CAPTURE(size, n);
      fs::remove_all(dir.file("layer"));
      round_trip(dir.file("layer"), whole.substr(0, n));
      CHECK(dir.read("layer/diff/f") == std::string(size, 'x'));
    }
    CHECK(error_of(whole.substr(0, contents_end - 1)) == "unexpected EOF");
  }
}

TEST_CASE("layer_import: contents with sizes around blocks and pieces", "[actors][store]") {
  const memory_dir dir;
  std::string entries;
  int n = 0;
  for (const std::size_t edge : {std::size_t{512}, store::block::capacity}) {
    for (const std::size_t size : {edge - 513, edge - 512, edge - 1, edge, edge + 1, 2 * edge})
      if (size < 3 * edge)
        entries += entry('0', "f" + std::to_string(n++), {}, std::string(size, 'a'));
  }
  round_trip(dir.file("layer"), tar_of(entries));
}

TEST_CASE("layer_import: names are bytes, also those that are no UTF-8", "[actors][store]") {
  const memory_dir dir;
  const auto pax = [](std::string_view key, std::string_view value) {
    std::string records;
    stream::append_pax_record(records, key, value);
    return entry('x', "x", {}, records);
  };
  round_trip(dir.file("layer"),
             tar_of(pax("path", "latin\xe4") + entry('0', "?", {}, "1") +
                    pax("path", "utf\xc3\xa4") + entry('0', "?", {}, "2") + "" +
                    entry('5', "raw\xe4") + pax("linkpath", "to\xff") + entry('2', "link", "?") +
                    pax("linkpath", "latin\xe4") + entry('1', "hard", "?")));
  CHECK(dir.read("layer/diff/latin\xe4") == "1");
  CHECK(dir.read("layer/diff/utf\xc3\xa4") == "2");
  CHECK(dir.has("layer/diff/raw\xe4"));
  CHECK(fs::read_symlink(dir.file("layer/diff/link")) == "to\xff");
  CHECK(dir.read("layer/diff/hard") == "1");
}

TEST_CASE("layer_import: a tar that is cut at any block is told or whole", "[actors][store]") {
  const memory_dir dir;
  make_tree(dir.file("tree"));
  shell("cd '" + dir.file("tree") + "' && rm -r many usr/bin/big && head -c 3000 /dev/zero > z");
  const auto tar = shell_output("tar -C '" + dir.file("tree") + "' --format=posix -b 1 -c .");
  int whole = 0;
  for (std::size_t n = 512; n < tar.size(); n += 512) {
    fs::remove_all(dir.file("layer"));
    const auto cut = std::string_view{tar}.substr(0, n);
    const auto layer = import_layer(dir.file("layer"), cut);
    if (!layer.has_value()) {
      CHECK(layer.error().kind == errc::invalid_parameter);
      CHECK(is_no_whole_tar(layer.error().message));
      continue;
    }
    // An end between two entries: nothing shows it but the digest.
    ++whole;
    CHECK(layer->diff_id == oci::sha256_of(cut));
    CHECK(export_to_string(dir.file("layer"), layer->diff_id).has_value());
  }
  CHECK(whole > 5);
  for (const std::size_t n :
       {std::size_t{1}, std::size_t{100}, std::size_t{511}, std::size_t{513}, std::size_t{1000}})
    CHECK(is_no_whole_tar(error_of(tar.substr(0, n))));
}

TEST_CASE("layer_import: a compressed layer that is cut or changed is told", "[actors][store]") {
  const memory_dir dir;
  dir.write("tar", tar_of(entry('0', "f", {}, std::string(100'000, 'x')) +
                          entry('0', "g", {}, shell_output("head -c 50000 /dev/urandom"))));
  for (const std::string command : {"gzip -c", "bzip2 -c", "xz -c", "zstd -q -c --check"}) {
    CAPTURE(command);
    const auto bytes = shell_output(command + " < " + dir.file("tar"));
    for (std::size_t n = 10; n < bytes.size(); n += bytes.size() / 20)
      CHECK(error_of(bytes.substr(0, n)) != "");
    for (std::size_t i = 20; i < bytes.size(); i += bytes.size() / 20) {
      auto changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ 0x55);
      CHECK(error_of(changed) != "");
    }
  }
}

TEST_CASE("layer_import: changed bytes do no harm, and what is taken is kept", "[actors][store]") {
  const memory_dir dir;
  const auto tar = tar_of(entry('5', "d") + entry('0', "d/f", {}, std::string(700, 'x')) +
                          entry('2', "l", "d/f") + entry('1', "h", "d/f") +
                          entry('x', "x", {}, "14 path=d/abc\n") + entry('0', "y", {}, "z"));
  for (std::size_t i = 0; i < tar.size(); i += 3) {
    auto changed = tar;
    changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
    fs::remove_all(dir.file("layer"));
    const auto layer = import_layer(dir.file("layer"), changed);
    if (!layer.has_value())
      continue;
    const auto rebuilt = export_to_string(dir.file("layer"), layer->diff_id);
    REQUIRE(rebuilt.has_value());
    if (*rebuilt != changed)
      FAIL_CHECK("byte " << i);
  }
}

TEST_CASE("layer_import: what is no tar is told", "[actors][store]") {
  CHECK(error_of("hello") == "archive/tar: invalid tar header");
  CHECK(error_of(std::string(100'000, 'x')) == "archive/tar: invalid tar header");
  CHECK(error_of(shell_output("printf hello | gzip")) == "archive/tar: invalid tar header");
  auto damaged = tar_of(entry('0', "f", {}, "x") + entry('0', "g", {}, "y"));
  damaged[1024 + 5] = 'X';
  CHECK(error_of(damaged) == "archive/tar: invalid tar header");
}

TEST_CASE("layer_import: headers that ask for too much are refused", "[actors][store]") {
  std::string chain;
  for (int i = 0; i < 50; ++i)
    chain += entry('g', "g", {}, "6 a=b\n");
  for (const auto& tar :
       {tar_of(chain + entry('0', "f")), tar_of(entry('x', "x", {}, std::string(5'000'000, 'x'))),
        tar_of(entry('L', "x", {}, std::string(5'000'000, 'x')))})
    CHECK(error_of(tar) == "archive/tar: invalid tar header");
}

TEST_CASE("layer_import: the first failure stays, and the writer is not held up",
          "[actors][store]") {
  const memory_dir dir;
  fs::create_directory(dir.file("layer"));
  store::layer_import import{dir.file("layer"), store::whiteout_form::overlay};
  const auto bad = entry('0', "../x");
  const std::string more(1 << 20, 'x');
  result<void> written = import.write(bad);
  for (int i = 0; i < 100 && written.has_value(); ++i)
    written = import.write(more);
  REQUIRE(written.has_error());
  CHECK(written.error().message == "failed to unpack '../x': \"../x\" is outside of the layer");
  CHECK(import.write("x").error() == written.error());
}

TEST_CASE("layer_import: cancelled from another thread in the middle of writing",
          "[actors][store]") {
  const memory_dir dir;
  fs::create_directory(dir.file("layer"));
  store::layer_import import{dir.file("layer"), store::whiteout_form::overlay};
  std::thread other{[&] { import.cancel(); }};
  const auto head = stream::tar_header({.path = "endless", .size = 1ULL << 40, .link = {}});
  auto written = import.write(head);
  const std::string zeros(1 << 20, '\0');
  for (int i = 0; i < 4000 && written.has_value(); ++i)
    written = import.write(zeros);
  other.join();
  REQUIRE(written.has_error());
  CHECK(written.error().message == "layer import was cancelled");
  CHECK(import.finish().has_error());
}

TEST_CASE("layer_import: one that is given up in the middle ends its threads", "[actors][store]") {
  const memory_dir dir;
  for (int i = 0; i < 20; ++i) {
    const auto layer = dir.file("layer" + std::to_string(i));
    fs::create_directory(layer);
    store::layer_import import{layer, store::whiteout_form::overlay};
    const auto part = tar_of(entry('0', "f", {}, std::string(400'000, 'x')))
                          .substr(0, static_cast<std::size_t>(i) * 20'000);
    REQUIRE(import.write(part).has_value());
  }
  store::layer_import unused{dir.path(), store::whiteout_form::overlay};
}

TEST_CASE("layer_import: a place that cannot be written to is told", "[actors][store]") {
  const memory_dir dir;
  store::layer_import import{dir.file("none"), store::whiteout_form::overlay};
  (void)import.write(tar_of(entry('0', "f")));
  const auto made = import.finish();
  REQUIRE(made.has_error());
  CHECK(made.error().message == "mkdir '" + dir.file("none/diff") + "': No such file or directory");
}

TEST_CASE("layer_import: 100,000 tiny files", "[actors][store][large]") {
  const memory_dir dir;
  std::string tar;
  tar.reserve(105'000'000);
  for (int i = 0; i < 100'000; ++i)
    tar += entry('0', "d" + std::to_string(i / 1000) + "/f" + std::to_string(i), {},
                 std::to_string(i));
  tar += stream::tar_end();
  const auto before = resident_kib();
  const auto layer = import_layer(dir.file("layer"), tar);
  REQUIRE(layer.has_value());
  CHECK(layer->entries == 100'000);
  CHECK(layer->tree_size == 488'890);
  CHECK(layer->diff_id == oci::sha256_of(tar));
  std::uint64_t seen = 0;
  const auto same = store::export_layer(dir.file("layer"), layer->diff_id,
                                        [&](std::string_view bytes) -> result<void> {
                                          if (tar.compare(seen, bytes.size(), bytes) != 0)
                                            return api_error{errc::system, "differs"};
                                          seen += bytes.size();
                                          return {};
                                        });
  CHECK(same.has_value());
  CHECK(resident_kib() - before < 48 * 1024);
}

TEST_CASE("layer_import: a sparse file of 4 GiB costs neither memory nor disk",
          "[actors][store][large]") {
  const memory_dir dir;
  fs::create_directory(dir.file("tree"));
  shell("cd '" + dir.file("tree") +
        "' && truncate -s 4G f && printf start | dd of=f conv=notrunc status=none && printf end | "
        "dd of=f bs=1M seek=4000 conv=notrunc status=none && truncate -s 1G hole");
  for (const std::string format : {"gnu", "posix"}) {
    CAPTURE(format);
    const auto tar = shell_output("tar -C '" + dir.file("tree") + "' --format=" + format +
                                  " --sparse -c f hole");
    CHECK(tar.size() < 100'000);
    const auto before = resident_kib();
    fs::remove_all(dir.file("layer"));
    round_trip(dir.file("layer"), tar);
    const auto s = status_of(dir.file("layer/diff/f"));
    CHECK(s.st_size == 4294967296);
    CHECK(s.st_blocks < 100);
    CHECK(status_of(dir.file("layer/diff/hole")).st_size == 1073741824);
    CHECK(shell_output("dd if='" + dir.file("layer/diff/f") +
                       "' bs=1M skip=4000 count=1 status=none | head -c 3") == "end");
    CHECK(resident_kib() - before < 32 * 1024);
  }
}

TEST_CASE("layer_import: memory stays flat for a large layer", "[actors][store][large]") {
  const memory_dir dir;
  fs::create_directory(dir.file("layer"));
  store::layer_import import{dir.file("layer"), store::whiteout_form::overlay};
  constexpr std::uint64_t size = 300'000'000;
  REQUIRE(import.write(stream::tar_header({.path = "f", .size = size, .link = {}})).has_value());
  const std::string piece(1'000'000, 'p');
  const auto before = resident_kib();
  long most = 0;
  for (std::uint64_t n = 0; n < size; n += piece.size()) {
    REQUIRE(import.write(piece).has_value());
    most = std::max(most, resident_kib());
  }
  REQUIRE(import.write(stream::tar_padding(size)).has_value());
  REQUIRE(import.write(stream::tar_end()).has_value());
  const auto layer = import.finish();
  REQUIRE(layer.has_value());
  CHECK(layer->tree_size == size);
  CHECK(most - before < 24 * 1024);
}
