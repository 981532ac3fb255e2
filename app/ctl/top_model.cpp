#include "app/ctl/top_model.hpp"

#include "app/ctl/views.hpp"
#include "protocol/inspect/tree.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gantry::ctl {

namespace {

double seconds(std::chrono::nanoseconds d) { return std::chrono::duration<double>{d}.count(); }

double sort_value(const top_row& row, top_column column) {
  const auto& a = row.actor;
  switch (column) {
  case top_column::id:
    return static_cast<double>(a.id);
  case top_column::age:
    return seconds(a.age);
  case top_column::mailbox:
    return static_cast<double>(a.mailbox);
  case top_column::oldest:
    return seconds(a.oldest);
  case top_column::rate:
    return row.rate;
  case top_column::load:
    return row.load;
  case top_column::busy:
    return seconds(a.busy);
  case top_column::waiting:
    return seconds(a.waiting.p99);
  case top_column::handling:
    return seconds(a.handling.p99);
  case top_column::message_age:
    return seconds(a.message_age);
  }
  return 0;
}

} // namespace

top_column column_of(inspect::actor_order order) noexcept {
  using inspect::actor_order;
  switch (order) {
  case actor_order::id:
    return top_column::id;
  case actor_order::age:
    return top_column::age;
  case actor_order::mailbox:
    return top_column::mailbox;
  case actor_order::oldest:
    return top_column::oldest;
  case actor_order::message_age:
    return top_column::message_age;
  case actor_order::busy:
    return top_column::load;
  case actor_order::messages:
    return top_column::rate;
  case actor_order::waiting:
    return top_column::waiting;
  case actor_order::handling:
    return top_column::handling;
  }
  return top_column::load;
}

void top_model::take(inspect::system_view view) {
  error_.clear();
  // A daemon that was started anew counts from 0 again: nothing of the old one is compared.
  const bool follows =
      has_view_ && view.id == view_.id && view.pid == view_.pid && view.uptime > view_.uptime;
  before_.clear();
  span_ = follows ? view.uptime - view_.uptime : std::chrono::nanoseconds{0};
  if (follows)
    for (const auto& a : view_.actors)
      before_.emplace(a.id, before{a.messages, a.busy});
  view_ = std::move(view);
  has_view_ = true;
  arrange();
}

void top_model::take_detail_error(std::string text) {
  detail_.reset();
  detail_error_ = std::move(text);
}

top_row top_model::measured(const inspect::actor_view& actor) const {
  const auto found = before_.find(actor.id);
  const auto then = found == before_.end() ? before{} : found->second;
  const double time = seconds(found == before_.end() ? actor.age : span_);
  top_row row;
  row.actor = actor;
  // To what is shown, or else rows that show the same would change places with each look: a
  // daemon's measure of time gets better while it runs.
  auto rounded = [](double value, double parts) { return std::round(value * parts) / parts; };
  if (time > 0) {
    const auto messages = actor.messages - std::min(actor.messages, then.messages);
    row.rate = rounded(static_cast<double>(messages) / time, 10);
    row.load = rounded(std::max(0.0, seconds(actor.busy - then.busy) / time), 1000);
  }
  return row;
}

void top_model::arrange() {
  std::vector<top_row> chosen;
  for (const auto& actor : view_.actors)
    if (matches(actor, how_.wanted))
      chosen.push_back(measured(actor));
  std::sort(chosen.begin(), chosen.end(), [this](const top_row& a, const top_row& b) {
    const auto left = sort_value(a, how_.order);
    const auto right = sort_value(b, how_.order);
    if (left != right)
      return how_.ascending ? left < right : left > right;
    return a.actor.id < b.actor.id;
  });
  if (how_.tree)
    add_tree_rows(std::move(chosen));
  else
    rows_ = std::move(chosen);
  // The cursor stays on its actor; if that has ended, where it was.
  const auto found = std::find_if(rows_.begin(), rows_.end(),
                                  [this](const auto& row) { return row.actor.id == chosen_; });
  if (found != rows_.end() && chosen_ != 0)
    cursor_ = static_cast<std::size_t>(found - rows_.begin());
  move(0);
}

void top_model::add_tree_rows(std::vector<top_row> rows) {
  std::vector<inspect::actor_view> actors;
  std::unordered_map<std::uint64_t, std::size_t> place;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    actors.push_back(rows[i].actor);
    place.emplace(rows[i].actor.id, i);
  }
  const auto roots = inspect::make_tree(std::move(actors));
  rows_.clear();
  for (auto& line : tree_lines(roots, how_.utf8)) {
    rows_.push_back(rows[place.at(line.actor->id)]);
    rows_.back().lead = std::move(line.lead);
  }
}

void top_model::move(std::ptrdiff_t rows) {
  const auto last = static_cast<std::ptrdiff_t>(rows_.size()) - 1;
  const auto to = std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(cursor_) + rows, 0,
                                             std::max<std::ptrdiff_t>(last, 0));
  cursor_ = static_cast<std::size_t>(to);
  // Only who moved the cursor wants it to stay with an actor: it begins at the top, whoever is
  // there.
  if (rows != 0)
    chosen_ = rows_.empty() ? 0 : rows_[cursor_].actor.id;
}

void top_model::sort_by(top_column column, bool ascending) {
  how_.order = column;
  how_.ascending = ascending;
  how_.tree = false;
  cursor_ = 0; // what comes first now is what is wanted
  chosen_ = 0;
  arrange();
}

void top_model::next_column(int step) {
  constexpr int last = static_cast<int>(top_column::message_age);
  sort_by(static_cast<top_column>(std::clamp(static_cast<int>(how_.order) + step, 0, last)),
          how_.ascending);
}

bool top_model::press(const key_press& pressed) {
  if (pressed.what == key::interrupt)
    return false;
  switch (mode_) {
  case mode::list:
    return press_in_list(pressed);
  case mode::filter:
    press_in_filter(pressed);
    break;
  case mode::help:
  case mode::detail:
    press_in_text(pressed);
    break;
  }
  return true;
}

bool top_model::press_in_list(const key_press& pressed) {
  const auto page = static_cast<std::ptrdiff_t>(page_);
  const auto all = static_cast<std::ptrdiff_t>(rows_.size());
  switch (pressed.what) {
  case key::character:
    return press_character(pressed.text.size() == 1 ? pressed.text[0] : '\0');
  case key::up:
    move(-1);
    break;
  case key::down:
    move(1);
    break;
  case key::page_up:
    move(-page);
    break;
  case key::page_down:
    move(page);
    break;
  case key::home:
    move(-all);
    chosen_ = 0;
    break;
  case key::end:
    move(all);
    break;
  case key::left:
    next_column(-1);
    break;
  case key::right:
    next_column(1);
    break;
  case key::enter:
    if (!rows_.empty()) {
      detail_id_ = rows_[cursor_].actor.id;
      detail_.reset();
      detail_error_.clear();
      scrolled_ = 0;
      mode_ = mode::detail;
    }
    break;
  case key::escape:
    how_.wanted.name.clear();
    arrange();
    break;
  case key::f1:
    return press_character('h');
  case key::f3:
  case key::f4:
    return press_character('/');
  case key::f5:
    return press_character('t');
  case key::f6:
    return press_character('>');
  case key::f10:
    return false;
  default:
    break;
  }
  return true;
}

bool top_model::press_character(char c) {
  switch (c) {
  case 'q':
    return false;
  case 'h':
  case '?':
    scrolled_ = 0;
    mode_ = mode::help;
    break;
  case '/':
  case '\\':
    mode_ = mode::filter;
    break;
  case ' ':
    paused_ = !paused_;
    break;
  case 't':
    how_.tree = !how_.tree;
    arrange();
    break;
  case 'P':
    sort_by(top_column::load);
    break;
  case 'M':
    sort_by(top_column::mailbox);
    break;
  case 'T':
    sort_by(top_column::busy);
    break;
  case 'N':
    sort_by(top_column::id, true);
    break;
  case 'R':
  case 'I':
    how_.ascending = !how_.ascending;
    arrange();
    break;
  case '<':
  case ',':
    next_column(-1);
    break;
  case '>':
  case '.':
    next_column(1);
    break;
  default:
    break;
  }
  return true;
}

void top_model::press_in_filter(const key_press& pressed) {
  auto& name = how_.wanted.name;
  switch (pressed.what) {
  case key::character:
    name += pressed.text;
    break;
  case key::backspace:
    while (!name.empty() && (static_cast<unsigned char>(name.back()) & 0xc0) == 0x80)
      name.pop_back();
    if (!name.empty())
      name.pop_back();
    break;
  case key::escape:
    name.clear();
    mode_ = mode::list;
    break;
  case key::enter:
    mode_ = mode::list;
    break;
  default:
    return;
  }
  arrange();
}

void top_model::press_in_text(const key_press& pressed) {
  switch (pressed.what) {
  case key::up:
    scrolled_ -= std::min<std::size_t>(scrolled_, 1);
    break;
  case key::down:
    ++scrolled_;
    break;
  case key::page_up:
    scrolled_ -= std::min(scrolled_, page_);
    break;
  case key::page_down:
    scrolled_ += page_;
    break;
  case key::home:
    scrolled_ = 0;
    break;
  default:
    mode_ = mode::list;
    detail_id_.reset();
    break;
  }
}

} // namespace gantry::ctl
