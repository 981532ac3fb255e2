#include "actors/containers/registry.hpp"

#include "actors/store/schema.hpp"
#include "protocol/container/inspect_view.hpp"

#include <optional>
#include <utility>

namespace gantry::containers {

namespace {

using store::sqlite::database;
using store::sqlite::statement;
using store::sqlite::transaction;

constexpr const char* load_purpose = "read the containers";

/// A row that cannot be used.
struct bad_row {
  std::int64_t key = 0;
  std::string name;
  std::string content;
  std::string reason;
};

} // namespace

struct registry::parts {
  database db;
  statement add;
  statement keep_volumes;
  statement change_definition;
  statement change_life;
  statement forget;

  result<void> set_aside_row(const bad_row& row);
};

registry::registry(std::unique_ptr<parts> p) : parts_(std::move(p)) {}

registry::~registry() = default;

result<std::unique_ptr<registry>> registry::open(const std::filesystem::path& file) {
  auto db = store::open_metadata(file);
  if (!db)
    return db.error();
  auto add = db->prepare("INSERT INTO containers(id, name, definition, state, restart_count, "
                         "stopped_by_hand, discards_volumes) VALUES(?, ?, ?, ?, ?, ?, ?)",
                         "add the container");
  auto keep_volumes = db->prepare("UPDATE volumes SET made_for = NULL WHERE made_for = ?",
                                  "keep the volumes of the container");
  auto definition = db->prepare("UPDATE containers SET name = ?, definition = ? WHERE id = ?",
                                "change the container");
  auto life = db->prepare("UPDATE containers SET state = ?, restart_count = ?, stopped_by_hand = "
                          "?, discards_volumes = ? WHERE id = ?",
                          "note the container's state");
  auto forget = db->prepare("DELETE FROM containers WHERE id = ?", "forget the container");
  for (auto* prepared : {&add, &keep_volumes, &definition, &life, &forget})
    if (!*prepared)
      return prepared->error();
  return std::unique_ptr<registry>{new registry{std::make_unique<parts>(
      parts{std::move(*db), std::move(*add), std::move(*keep_volumes), std::move(*definition),
            std::move(*life), std::move(*forget)})}};
}

result<void> registry::parts::set_aside_row(const bad_row& row) {
  if (auto noted = store::set_aside(db, {"container", row.name, row.content, row.reason}); !noted)
    return noted;
  auto gone = db.prepare("DELETE FROM containers WHERE key = ?", "set aside what cannot be used");
  if (!gone)
    return gone.error();
  return gone->bind(1, row.key).run();
}

result<registry::content> registry::load() {
  content all;
  std::vector<bad_row> bad;
  auto read = parts_->db.each_row(
      "SELECT key, id, name, definition, state, restart_count, stopped_by_hand, discards_volumes "
      "FROM containers ORDER BY key",
      load_purpose, [&](const statement& row) {
        kept_container one;
        one.id = row.text(1);
        one.name = row.text(2);
        auto definition = container::parse_definition(row.text(3));
        auto state = container::parse_state(row.text(4));
        if (!definition || !state) {
          bad.push_back({row.integer(0), one.id,
                         std::string{row.text(3)} + "\n" + std::string{row.text(4)},
                         definition ? state.error().message : definition.error().message});
          return;
        }
        one.definition = std::move(*definition);
        one.life = {std::move(*state), row.integer(5), row.integer(6) != 0, row.integer(7) != 0};
        all.containers.push_back(std::move(one));
      });
  if (!read)
    return read.error();
  for (auto& row : bad) {
    if (auto done = parts_->set_aside_row(row); !done)
      return done.error();
    all.set_aside.push_back("container " + row.name + " is set aside: " + row.reason);
  }
  return all;
}

namespace {

/// Makes one change.
template <class Parts>
struct maker {
  Parts& p;

  result<void> operator()(const add_container& c) const {
    auto added = p.add.bind(1, c.what.id)
                     .bind(2, c.what.name)
                     .bind(3, container::write_definition(c.what.definition))
                     .bind(4, container::write_state(c.what.life.state))
                     .bind(5, c.what.life.restart_count)
                     .bind(6, std::int64_t{c.what.life.stopped_by_hand})
                     .bind(7, std::int64_t{c.what.life.discards_volumes})
                     .run();
    return added ? p.keep_volumes.bind(1, c.what.id).run() : added;
  }
  result<void> operator()(const change_definition& c) const {
    return p.change_definition.bind(1, c.name)
        .bind(2, container::write_definition(c.definition))
        .bind(3, c.id)
        .run();
  }
  result<void> operator()(const change_life& c) const {
    return p.change_life.bind(1, container::write_state(c.life.state))
        .bind(2, c.life.restart_count)
        .bind(3, std::int64_t{c.life.stopped_by_hand})
        .bind(4, std::int64_t{c.life.discards_volumes})
        .bind(5, c.id)
        .run();
  }
  result<void> operator()(const forget_container& c) const { return p.forget.bind(1, c.id).run(); }
};

} // namespace

result<void> registry::apply(const std::vector<registry_change>& changes) {
  auto all = transaction::begin(parts_->db, "keep the containers");
  if (!all)
    return all.error();
  for (auto& change : changes)
    if (auto done = std::visit(maker<parts>{*parts_}, change); !done)
      return done.error();
  return all->commit();
}

} // namespace gantry::containers
