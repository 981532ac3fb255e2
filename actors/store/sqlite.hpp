#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

/// A thin layer over SQLite's C interface: who owns what, typed values, failures as values.
/// Blocking. A database and all that belongs to it is for one thread at a time.
namespace gantry::store::sqlite {

/// What a failed call of SQLite means for people: `PURPOSE: SQLITE'S TEXT`, and what to do where
/// that is known. A full disk is `no space left on device`, a database that another program holds
/// `unavailable`, a read-only one `forbidden`, everything else `system`.
api_error failure(std::string_view purpose, sqlite3* db, int code);

/// One prepared statement; for use again and again. Lives no longer than its database.
///
///     insert.bind(1, name).bind(2, size);
///     if (auto done = insert.run(); !done) return done.error();
class statement {
public:
  statement(statement&& other) noexcept;
  statement& operator=(statement&& other) noexcept;
  ~statement();

  /// Gives the parameter at `index` (from 1) a value. Text is copied. A failure, which only a wrong
  /// index or no memory makes, is told by the next `step` or `run`.
  statement& bind(int index, std::int64_t value);
  statement& bind(int index, std::string_view value);
  statement& bind(int index, std::nullptr_t);
  template <class T>
  statement& bind(int index, const std::optional<T>& value) {
    return value ? bind(index, *value) : bind(index, nullptr);
  }

  /// Goes to the next row; false after the last, and the statement is as new then. A failure makes
  /// it as new too.
  result<bool> step();
  /// Runs it to the end, whatever rows it gives.
  result<void> run();
  /// Makes it as new before the last row: no values bound, not running.
  void reset() noexcept;

  /// The column at `index` (from 0) of the present row. Text is a view that the next call on this
  /// statement ends. What has another type than asked for is converted as SQLite does.
  std::int64_t integer(int index) const;
  std::string_view text(int index) const;
  bool is_null(int index) const;

private:
  friend class database;
  statement(sqlite3_stmt* raw, std::string purpose);

  sqlite3_stmt* raw_ = nullptr;
  std::string purpose_;
  int bind_fault_ = 0;
};

/// An open database.
class database {
public:
  /// Opens the file, making it (mode 0600) if it is not there, with write-ahead log, full
  /// synchronisation, foreign keys and a busy time-out of 5 s. `application_id` is written into a
  /// new file; a file with another one is refused: it is somebody else's.
  static result<database> open(const std::filesystem::path& file, std::int32_t application_id);

  database(database&&) noexcept = default;
  database& operator=(database&&) noexcept = default;

  /// Compiles one statement. `purpose` begins each of its failures: `add the image`.
  result<statement> prepare(std::string_view sql, std::string purpose);
  /// Calls `use(const statement&)` for each row of a query, which stands on that row. `use` does
  /// not change what is being read.
  template <class Use>
  result<void> each_row(std::string_view sql, std::string purpose, Use use) {
    auto query = prepare(sql, std::move(purpose));
    if (!query)
      return query.error();
    for (;;) {
      auto more = query->step();
      if (!more)
        return more.error();
      if (!*more)
        return {};
      use(std::as_const(*query));
    }
  }
  /// Runs any number of statements that give no rows of interest.
  result<void> execute(const char* sql, std::string_view purpose);
  /// The first column of the first row, for pragmas and counts; 0 if there is no row.
  result<std::int64_t> integer(const char* sql, std::string_view purpose);
  /// The key of the row that was inserted last.
  std::int64_t last_key() const noexcept;
  /// How many rows the last statement changed.
  std::int64_t changes() const noexcept;

private:
  struct close {
    void operator()(sqlite3* db) const noexcept;
  };
  explicit database(sqlite3* raw) : raw_(raw) {}
  friend class transaction;

  std::unique_ptr<sqlite3, close> raw_;
};

/// All or nothing: what is not committed when it is destroyed is undone. The database stays where
/// it is meanwhile.
class transaction {
public:
  /// Begins one, for writing from the start. Errors: as for any statement. `purpose` begins the
  /// failures of the commit too.
  static result<transaction> begin(database& db, std::string purpose);

  transaction(transaction&& other) noexcept;
  transaction& operator=(transaction&&) = delete;
  ~transaction();

  /// Brings all to the disk. After a failure nothing of it is there.
  result<void> commit();

private:
  transaction(database& db, std::string purpose) : db_(&db), purpose_(std::move(purpose)) {}
  database* db_;
  std::string purpose_;
};

} // namespace gantry::store::sqlite
