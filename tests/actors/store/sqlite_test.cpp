#include "actors/store/sqlite.hpp"

#include "tests/actors/store/result_text.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>
#include <sqlite3.h>
#include <sys/stat.h>

#include <string>

using namespace gantry;
using namespace gantry::store;
using Catch::Matchers::Contains;

namespace {

constexpr std::int32_t our_id = 0x1234;

sqlite::database open(const std::string& file) {
  auto db = sqlite::database::open(file, our_id);
  REQUIRE(db);
  return std::move(*db);
}

} // namespace

TEST_CASE("sqlite: a new database is private, logged ahead and fully synchronised",
          "[actors][store]") {
  test::temp_dir dir;
  auto db = open(dir.file("x.db"));
  struct stat facts {};
  REQUIRE(::stat(dir.file("x.db").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  CHECK(db.integer("PRAGMA synchronous", "t").value() == 2);
  CHECK(db.integer("PRAGMA foreign_keys", "t").value() == 1);
  CHECK(db.integer("PRAGMA application_id", "t").value() == our_id);
  auto mode = db.prepare("PRAGMA journal_mode", "t");
  REQUIRE(mode);
  REQUIRE(mode->step().value());
  CHECK(mode->text(0) == "wal");
}

TEST_CASE("sqlite: values come back as they were bound", "[actors][store]") {
  test::temp_dir dir;
  auto db = open(dir.file("x.db"));
  REQUIRE(db.execute("CREATE TABLE t(a INTEGER, b TEXT, c TEXT)", "make t"));
  auto insert = db.prepare("INSERT INTO t VALUES(?, ?, ?)", "fill t").value();
  std::string zero("a\0b", 3);
  REQUIRE(insert.bind(1, -5).bind(2, zero).bind(3, nullptr).run());
  REQUIRE(insert.bind(1, INT64_MAX).bind(2, std::string_view{}).run());
  REQUIRE(insert.bind(1, std::optional<std::int64_t>{}).run());
  CHECK(db.changes() == 1);
  CHECK(db.last_key() == 3);

  auto query = db.prepare("SELECT * FROM t ORDER BY rowid", "read t").value();
  REQUIRE(query.step().value());
  CHECK(query.integer(0) == -5);
  CHECK(query.text(1) == zero);
  CHECK(query.is_null(2));
  REQUIRE(query.step().value());
  CHECK(query.integer(0) == INT64_MAX);
  CHECK(query.text(1) == "");
  CHECK_FALSE(query.is_null(1));
  CHECK(query.is_null(2)); // nothing is left of the run before
  REQUIRE(query.step().value());
  CHECK(query.is_null(0));
  CHECK_FALSE(query.step().value());
  CHECK(query.step().value()); // from the start again
}

TEST_CASE("sqlite: what is not committed is undone", "[actors][store]") {
  test::temp_dir dir;
  auto db = open(dir.file("x.db"));
  REQUIRE(db.execute("CREATE TABLE t(a)", "make t"));
  {
    auto change = sqlite::transaction::begin(db, "fill t");
    REQUIRE(change);
    REQUIRE(db.execute("INSERT INTO t VALUES(1)", "fill t"));
  }
  CHECK(db.integer("SELECT count(*) FROM t", "count").value() == 0);
  auto change = sqlite::transaction::begin(db, "fill t");
  REQUIRE(change);
  REQUIRE(db.execute("INSERT INTO t VALUES(1)", "fill t"));
  REQUIRE(change->commit());
  CHECK(db.integer("SELECT count(*) FROM t", "count").value() == 1);
}

TEST_CASE("sqlite: a statement can be used again after a failure", "[actors][store]") {
  test::temp_dir dir;
  auto db = open(dir.file("x.db"));
  REQUIRE(db.execute("CREATE TABLE t(a TEXT UNIQUE)", "make t"));
  auto insert = db.prepare("INSERT INTO t VALUES(?)", "add the row").value();
  REQUIRE(insert.bind(1, "x").run());
  auto failed = insert.bind(1, "x").run();
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message == "add the row: UNIQUE constraint failed: t.a");
  auto unbindable = insert.bind(7, "x").run();
  REQUIRE_FALSE(unbindable);
  CHECK_THAT(unbindable.error().message, Contains("add the row: column index out of range"));
  CHECK(insert.bind(1, "y").run());
}

TEST_CASE("sqlite: a statement that does not compile says for what it was", "[actors][store]") {
  test::temp_dir dir;
  auto db = open(dir.file("x.db"));
  auto bad = db.prepare("SELECT * FROM absent", "read it");
  REQUIRE_FALSE(bad);
  CHECK(bad.error() == api_error{errc::system, "read it: no such table: absent"});
}

TEST_CASE("sqlite: the database of another program is refused", "[actors][store]") {
  test::temp_dir dir;
  { auto other = sqlite::database::open(dir.file("x.db"), 99).value(); }
  auto refused = sqlite::database::open(dir.file("x.db"), our_id);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == api_error{errc::conflict, "open database '" + dir.file("x.db") +
                                                         "': the file is a database of another "
                                                         "program"});
}

TEST_CASE("sqlite: a file that is no database is told with what to do", "[actors][store]") {
  test::temp_dir dir;
  dir.write("x.db", std::string(5000, 'x'));
  auto refused = sqlite::database::open(dir.file("x.db"), our_id);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "open database '" + dir.file("x.db") + "': file is not a database: restore the database '" +
            dir.file("x.db") + "' from a copy, or move it away to start anew");
}

TEST_CASE("sqlite: a directory that is not there is told", "[actors][store]") {
  test::temp_dir dir;
  auto refused = sqlite::database::open(dir.file("no/x.db"), our_id);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == errc::not_found);
  CHECK(refused.error().message ==
        "open database '" + dir.file("no/x.db") + "': No such file or directory");
}

TEST_CASE("sqlite: failures get the kind that fits", "[actors][store]") {
  auto told = [](int code) { return sqlite::failure("do it", nullptr, code); };
  CHECK(told(SQLITE_FULL) == api_error{errc::system, "do it: no space left on device"});
  CHECK(told(SQLITE_BUSY).kind == errc::unavailable);
  CHECK_THAT(told(SQLITE_BUSY).message, Contains("another program holds the database"));
  CHECK(told(SQLITE_READONLY).kind == errc::forbidden);
  CHECK_THAT(told(SQLITE_READONLY).message, Contains("have to be writable"));
  CHECK_THAT(told(SQLITE_CORRUPT).message, Contains("malformed: restore the database"));
  CHECK_THAT(told(SQLITE_IOERR_READ).message, Contains("the disk under the database fails"));
}
