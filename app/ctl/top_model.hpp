#pragma once

#include "app/ctl/keys.hpp"
#include "app/ctl/table.hpp"
#include "protocol/inspect/actor_query.hpp"
#include "protocol/inspect/model.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// `gantryctl top` without its terminal: what it knows, what keys do to it, what it shows. Pure.
namespace gantry::ctl {

/// What its rows can be sorted by, in the order of the columns.
enum class top_column : std::uint8_t {
  id,
  age,
  mailbox,
  oldest,
  rate, ///< messages in a second
  load, ///< share of the time spent in handlers
  busy, ///< all of that time
  waiting,
  handling,
  message_age,
};

/// An actor, and what it did since the look before; since its beginning, if there was none.
struct top_row {
  inspect::actor_view actor;
  double rate = 0;  ///< messages in a second
  double load = 0;  ///< 1: it was always busy
  std::string lead; ///< what stands before its name in a tree
};

/// How it begins.
struct top_settings {
  top_column order = top_column::load;
  bool ascending = false;
  bool tree = false;
  bool utf8 = true;            ///< for the strokes of the tree
  inspect::actor_query wanted; ///< its kind, state and name
};

/// The column for a name as `--sort` takes it.
top_column column_of(inspect::actor_order order) noexcept;

class top_model {
public:
  explicit top_model(top_settings how) : how_(std::move(how)) {}

  /// A new look at the daemon.
  void take(inspect::system_view view);
  /// The last look failed: it says so until one works.
  void take_error(std::string text) { error_ = std::move(text); }
  /// What is known of the actor that was asked for.
  void take_detail(inspect::actor_detail detail) { detail_ = std::move(detail); }
  void take_detail_error(std::string text);

  /// What a key does. False: to end.
  bool press(const key_press& pressed);

  bool paused() const noexcept { return paused_; }
  /// The actor whose details are shown, if any.
  std::optional<std::uint64_t> wanted_detail() const noexcept { return detail_id_; }

  /// The whole screen: `height` lines, fewer if there is less to show.
  std::vector<std::string> screen(std::size_t height, const paper& on);
  /// The same on paper: all rows, no cursor, no hints.
  std::vector<std::string> page(const paper& on) const;

private:
  enum class mode : std::uint8_t { list, filter, help, detail };
  struct before {
    std::uint64_t messages = 0;
    std::chrono::nanoseconds busy{0};
  };

  bool press_in_list(const key_press& pressed);
  bool press_character(char c);
  void press_in_filter(const key_press& pressed);
  void press_in_text(const key_press& pressed);
  void move(std::ptrdiff_t rows);
  void sort_by(top_column column, bool ascending = false);
  void next_column(int step);
  void arrange();
  void add_tree_rows(std::vector<top_row> rows);
  top_row measured(const inspect::actor_view& actor) const;

  std::vector<std::string> head(const paper& on) const;
  std::string status(const paper& on) const;
  std::string hints(const paper& on) const;
  std::vector<std::string> rows(std::size_t from, std::size_t count, bool cursor,
                                const paper& on) const;
  std::vector<std::string> text(const paper& on) const;

  top_settings how_;
  mode mode_ = mode::list;
  inspect::system_view view_;
  std::unordered_map<std::uint64_t, before> before_;
  std::chrono::nanoseconds span_{0}; ///< between the last two looks
  bool has_view_ = false;
  bool paused_ = false;
  std::string error_;
  std::vector<top_row> rows_; ///< chosen and sorted
  std::size_t cursor_ = 0;    ///< of rows_
  std::uint64_t chosen_ = 0;  ///< the actor at the cursor, which the cursor follows
  std::size_t first_ = 0;     ///< row at the top
  std::size_t page_ = 1;      ///< rows on the screen
  std::size_t scrolled_ = 0;  ///< of help or details
  std::optional<std::uint64_t> detail_id_;
  std::optional<inspect::actor_detail> detail_;
  std::string detail_error_;
};

} // namespace gantry::ctl
