#include "actors/store/sqlite.hpp"

#include "actors/host/unique_fd.hpp"
#include "actors/store/file_steps.hpp"

#include <sqlite3.h>

#include <fcntl.h>

#include <cerrno>
#include <utility>

namespace gantry::store::sqlite {

namespace {

/// How long a statement waits for another program (a person with sqlite3) to let go.
constexpr int busy_timeout_ms = 5000;

bool is_disk_full(sqlite3* db, int code) {
  int primary = code & 0xff;
  if (primary == SQLITE_FULL)
    return true;
  int cause = db == nullptr ? 0 : sqlite3_system_errno(db);
  return primary == SQLITE_IOERR && (cause == ENOSPC || cause == EDQUOT);
}

} // namespace

api_error failure(std::string_view purpose, sqlite3* db, int code) {
  api_error error{errc::system, std::string{purpose} + ": "};
  if (is_disk_full(db, code)) {
    error.message += "no space left on device";
    return error;
  }
  // The handle knows more than the code, unless it speaks of another failure.
  bool own_text = db != nullptr && (sqlite3_errcode(db) & 0xff) == (code & 0xff);
  error.message += own_text ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  const char* file = db == nullptr ? nullptr : sqlite3_db_filename(db, "main");
  std::string name = file != nullptr && *file != '\0' ? " '" + std::string{file} + "'" : "";
  switch (code & 0xff) {
  case SQLITE_READONLY:
  case SQLITE_CANTOPEN:
  case SQLITE_PERM:
    error.kind = errc::forbidden;
    error.message += ": the database" + name + " and its directory have to be writable";
    break;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    error.message +=
        ": restore the database" + name + " from a copy, or move it away to start anew";
    break;
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    error.kind = errc::unavailable;
    error.message += ": another program holds the database" + name;
    break;
  case SQLITE_IOERR:
    error.message += ": the disk under the database" + name + " fails";
    break;
  default:
    break;
  }
  return error;
}

// -- statement ----------------------------------------------------------------

statement::statement(sqlite3_stmt* raw, std::string purpose)
    : raw_(raw), purpose_(std::move(purpose)) {}

statement::statement(statement&& other) noexcept
    : raw_(std::exchange(other.raw_, nullptr)), purpose_(std::move(other.purpose_)),
      bind_fault_(other.bind_fault_) {}

statement& statement::operator=(statement&& other) noexcept {
  std::swap(raw_, other.raw_);
  std::swap(purpose_, other.purpose_);
  std::swap(bind_fault_, other.bind_fault_);
  return *this;
}

statement::~statement() { sqlite3_finalize(raw_); }

statement& statement::bind(int index, std::int64_t value) {
  if (int code = sqlite3_bind_int64(raw_, index, value); code != SQLITE_OK)
    bind_fault_ = code;
  return *this;
}

statement& statement::bind(int index, std::string_view value) {
  // NOTE: a null pointer would bind NULL, and an empty view may have one.
  const char* data = value.data() == nullptr ? "" : value.data();
  if (int code =
          sqlite3_bind_text64(raw_, index, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
      code != SQLITE_OK)
    bind_fault_ = code;
  return *this;
}

statement& statement::bind(int index, std::nullptr_t) {
  if (int code = sqlite3_bind_null(raw_, index); code != SQLITE_OK)
    bind_fault_ = code;
  return *this;
}

result<bool> statement::step() {
  int code = bind_fault_ != 0 ? bind_fault_ : sqlite3_step(raw_);
  if (code == SQLITE_ROW)
    return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  auto error = failure(purpose_, sqlite3_db_handle(raw_), code);
  reset();
  return error;
}

result<void> statement::run() {
  for (;;) {
    auto row = step();
    if (!row)
      return row.error();
    if (!*row)
      return {};
  }
}

void statement::reset() noexcept {
  sqlite3_reset(raw_);
  sqlite3_clear_bindings(raw_);
  bind_fault_ = 0;
}

std::int64_t statement::integer(int index) const { return sqlite3_column_int64(raw_, index); }

std::string_view statement::text(int index) const {
  auto* data = reinterpret_cast<const char*>(sqlite3_column_text(raw_, index));
  if (data == nullptr)
    return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(raw_, index))};
}

bool statement::is_null(int index) const { return sqlite3_column_type(raw_, index) == SQLITE_NULL; }

// -- database -----------------------------------------------------------------

void database::close::operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }

result<database> database::open(const std::filesystem::path& file, std::int32_t application_id) {
  std::string purpose = "open database '" + file.string() + "'";
  sqlite3* raw = nullptr;
  // SQLite would make it readable for all; its log gets the same mode.
  host::unique_fd made{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!made)
    return file_error(purpose, errno);
  made.reset();
  int code = sqlite3_open_v2(file.c_str(), &raw,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_EXRESCODE,
                             nullptr);
  database db{raw}; // to be closed after a failure too
  if (code != SQLITE_OK)
    return failure(purpose, raw, code);
  sqlite3_busy_timeout(raw, busy_timeout_ms);

  auto owner = db.integer("PRAGMA application_id", purpose);
  if (!owner)
    return owner.error();
  auto version = db.integer("PRAGMA schema_version", purpose);
  if (!version)
    return version.error();
  bool fresh = *version == 0;
  if (*owner != application_id && !(fresh && *owner == 0))
    return api_error{errc::conflict, purpose + ": the file is a database of another program"};

  std::string setup;
  if (*owner != application_id)
    setup = "PRAGMA application_id = " + std::to_string(application_id) + ";";
  // Truncated when it is large: a mass of removals would leave a large log for ever.
  setup += "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
           "PRAGMA journal_size_limit = 4194304;";
  if (auto done = db.execute(setup.c_str(), purpose); !done)
    return done.error();
  return db;
}

result<statement> database::prepare(std::string_view sql, std::string purpose) {
  sqlite3_stmt* raw = nullptr;
  int code = sqlite3_prepare_v3(raw_.get(), sql.data(), static_cast<int>(sql.size()),
                                SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK)
    return failure(purpose, raw_.get(), code);
  return statement{raw, std::move(purpose)};
}

result<void> database::execute(const char* sql, std::string_view purpose) {
  if (int code = sqlite3_exec(raw_.get(), sql, nullptr, nullptr, nullptr); code != SQLITE_OK)
    return failure(purpose, raw_.get(), code);
  return {};
}

result<std::int64_t> database::integer(const char* sql, std::string_view purpose) {
  auto query = prepare(sql, std::string{purpose});
  if (!query)
    return query.error();
  auto row = query->step();
  if (!row)
    return row.error();
  return *row ? query->integer(0) : 0;
}

std::int64_t database::last_key() const noexcept { return sqlite3_last_insert_rowid(raw_.get()); }

std::int64_t database::changes() const noexcept { return sqlite3_changes64(raw_.get()); }

// -- transaction --------------------------------------------------------------

result<transaction> transaction::begin(database& db, std::string purpose) {
  if (auto begun = db.execute("BEGIN IMMEDIATE", purpose); !begun)
    return begun.error();
  return transaction{db, std::move(purpose)};
}

transaction::transaction(transaction&& other) noexcept
    : db_(std::exchange(other.db_, nullptr)), purpose_(std::move(other.purpose_)) {}

transaction::~transaction() {
  // Some failures (a full disk) have undone it already; to do so once more does no harm.
  if (db_ != nullptr)
    (void)db_->execute("ROLLBACK", purpose_);
}

result<void> transaction::commit() {
  auto done = db_->execute("COMMIT", purpose_);
  if (done)
    db_ = nullptr;
  return done;
}

} // namespace gantry::store::sqlite
