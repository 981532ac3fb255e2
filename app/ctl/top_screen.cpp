#include "app/ctl/top_model.hpp"

#include "app/ctl/text.hpp"
#include "app/ctl/views.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace gantry::ctl {

namespace {

struct title {
  std::string_view text;
  std::optional<top_column> sorts;
  side align = side::right;
  std::size_t least = 5;      // what they show should not move about
  std::size_t from_width = 0; // of the paper; on less it is only there if it is sorted by
};

constexpr auto titles = std::to_array<title>({
    {"ID", top_column::id},
    {"KIND", std::nullopt, side::left, 10},
    {"STATE", std::nullopt, side::left, 7},
    {"AGE", top_column::age, side::right, 5, 100},
    {"MAILBOX", top_column::mailbox},
    {"OLDEST", top_column::oldest, side::right, 5, 90},
    {"MSG/S", top_column::rate},
    {"BUSY%", top_column::load},
    {"BUSY", top_column::busy, side::right, 5, 110},
    {"WAIT99", top_column::waiting, side::right, 5, 130},
    {"HANDLE99", top_column::handling, side::right, 5, 130},
    {"FOR", top_column::message_age},
    {"MESSAGE", std::nullopt, side::left, 10},
    {"NAME", std::nullopt, side::left},
});

constexpr auto help_lines = std::to_array<std::string_view>({
    "Keys of gantryctl top",
    "",
    "  Up Down PgUp PgDn Home End   choose an actor; the cursor stays with it",
    "  Enter                        show that actor",
    "  P M T N                      sort by BUSY%, MAILBOX, BUSY, ID",
    "  < >  Left Right  F6          sort by the column before or behind",
    "  R I                          turn the order round",
    "  t F5                         children below their parents, and back",
    "  / F3 F4                      show only names and kinds with a text; Esc ends that",
    "  Space                        stop looking, and go on",
    "  h ? F1                       this page",
    "  q F10 Ctrl-C                 end",
    "",
    "BUSY% is the share of the time between two looks that an actor spent in handlers.",
    "WAIT99 and HANDLE99: 99 of 100 times it was run sooner, or done with a message sooner,",
    "than that. FOR is how long it has been handling MESSAGE.",
});

std::string tenths(double value) {
  const auto n = static_cast<std::uint64_t>(std::llround(std::max(value, 0.0) * 10));
  return std::to_string(n / 10) + '.' + std::to_string(n % 10);
}

std::string rate_text(double value) {
  return value >= 1000 ? short_count(static_cast<std::uint64_t>(std::llround(value)))
                       : tenths(value);
}

std::string dash_if(bool none, std::string text) { return none ? "-" : std::move(text); }

std::vector<cell> cells_of(const top_row& row) {
  const auto& a = row.actor;
  return {std::to_string(a.id),
          a.kind,
          cell{a.state, tint_of_state(a.state)},
          short_duration(a.age),
          cell{std::to_string(a.mailbox), a.mailbox > 0 ? tint::warning : tint::plain},
          dash_if(a.oldest.count() == 0, short_duration(a.oldest)),
          rate_text(row.rate),
          tenths(row.load * 100),
          short_duration(a.busy),
          dash_if(a.waiting.count == 0, short_duration(a.waiting.p99)),
          dash_if(a.handling.count == 0, short_duration(a.handling.p99)),
          dash_if(a.message.empty(), short_duration(a.message_age)),
          dash_if(a.message.empty(), a.message),
          row.lead + a.name};
}

std::vector<cell> chosen_cells(std::vector<cell> all, const std::vector<std::size_t>& places) {
  std::vector<cell> out;
  for (auto place : places)
    out.push_back(std::move(all[place]));
  return out;
}

/// Cut to the paper, or filled up to it, as one piece of a tint.
std::string bar(std::string_view text, tint t, const paper& on) {
  auto line = cut(printable(text, on.utf8), on.width.value_or(display_width(text)), on.utf8);
  if (on.colour && on.width)
    line.append(*on.width - std::min(*on.width, display_width(line)), ' ');
  return tinted(line, t, on);
}

std::string plain_line(std::string_view text, const paper& on) {
  return cut(printable(text, on.utf8), on.width.value_or(display_width(text)), on.utf8);
}

} // namespace

std::vector<std::string> top_model::head(const paper& on) const {
  if (!has_view_)
    return {"asking..."};
  const auto count = [this](std::string_view state) {
    return std::count_if(view_.actors.begin(), view_.actors.end(),
                         [state](const auto& a) { return a.state == state; });
  };
  double rate = 0;
  std::uint64_t waiting = 0;
  std::chrono::nanoseconds oldest{0};
  for (const auto& a : view_.actors) {
    rate += measured(a).rate;
    waiting += a.mailbox;
    oldest = std::max(oldest, a.oldest);
  }
  const auto busy = std::count_if(view_.threads.begin(), view_.threads.end(),
                                  [](const auto& t) { return t.actor != 0; });
  const auto at_work = std::count_if(view_.pool.tasks.begin(), view_.pool.tasks.end(),
                                     [](const auto& t) { return t.state == "running"; });
  const auto stalls = std::count_if(view_.stalls.begin(), view_.stalls.end(),
                                    [](const auto& s) { return !s.over; });
  std::vector<std::string> lines;
  lines.push_back(plain_line("gantry " + view_.version + "  pid " + std::to_string(view_.pid) +
                                 "  up " + short_duration(view_.uptime) + "  at " +
                                 short_time(view_.time),
                             on));
  lines.push_back(plain_line(
      counted(view_.actors.size(), "actor") + ": " + std::to_string(count("running")) +
          " running, " + std::to_string(count("ready")) + " ready, " +
          std::to_string(count("idle")) + " idle, " + std::to_string(count("paused")) +
          " paused; " + rate_text(rate) + " messages/s, " + std::to_string(waiting) + " waiting" +
          (oldest.count() > 0 ? ", the oldest for " + short_duration(oldest) : ""),
      on));
  const auto parts =
      std::to_string(busy) + " of " + counted(view_.threads.size(), "thread") + " and " +
      std::to_string(at_work) + " of " + counted(view_.pool.threads, "worker") + " busy, " +
      counted(view_.jobs.size(), "job") + ", " + counted(view_.connections.size(), "connection") +
      ", " + counted(static_cast<std::uint64_t>(stalls), "stall");
  lines.push_back(tinted(plain_line(parts, on), stalls > 0 ? tint::bad : tint::plain, on));
  return lines;
}

std::string top_model::status(const paper& on) const {
  if (mode_ == mode::filter)
    return plain_line("Show only: " + how_.wanted.name + '_', on);
  if (!error_.empty())
    return tinted(plain_line(error_, on), tint::bad, on);
  std::string text = paused_ ? "paused" : "";
  auto add = [&text](const std::string& more) { text += (text.empty() ? "" : "; ") + more; };
  if (const auto& w = how_.wanted; !w.kind.empty() || !w.state.empty() || !w.name.empty())
    add(std::to_string(rows_.size()) + " shown:" + (w.kind.empty() ? "" : " kind " + w.kind) +
        (w.state.empty() ? "" : " " + w.state) + (w.name.empty() ? "" : " with \"" + w.name + '"'));
  for (const auto& part : view_.missing)
    add("missing " + part);
  return tinted(plain_line(text, on), tint::warning, on);
}

std::string top_model::hints(const paper& on) const {
  return bar(mode_ == mode::list
                 ? "q quit  h help  / filter  P M T < > sort  R reverse  t tree  Enter show  "
                   "Space pause"
             : mode_ == mode::filter ? "Enter keep  Esc show all"
                                     : "Up Down scroll  any other key back",
             tint::chosen, on);
}

std::vector<std::string> top_model::rows(std::size_t from, std::size_t count, bool cursor,
                                         const paper& on) const {
  std::vector<column> columns;
  std::vector<std::size_t> places; // of those columns
  for (const auto& t : titles) {
    if (on.width && *on.width < t.from_width && t.sorts != how_.order)
      continue;
    places.push_back(static_cast<std::size_t>(&t - titles.data()));
    auto& column = columns.emplace_back(std::string{t.text}, t.align, t.least);
    if (t.sorts == how_.order && !how_.tree)
      column.title += on.utf8 ? (how_.ascending ? "▲" : "▼") : (how_.ascending ? "^" : "v");
  }
  table shown{std::move(columns)};
  const auto to = std::min(rows_.size(), from + count);
  for (std::size_t i = from; i < to; ++i)
    shown.add(chosen_cells(cells_of(rows_[i]), places));
  auto lines = shown.lines(on);
  if (!cursor)
    return lines;
  // Without tints in it, so that all of the line is in that of the cursor.
  auto plain = on;
  plain.colour = false;
  const auto uncoloured = shown.lines(plain);
  lines[0] = bar(uncoloured[0], tint::chosen, on);
  if (cursor_ >= from && cursor_ < to)
    lines[cursor_ - from + 1] =
        bar((on.colour ? "" : ">") + uncoloured[cursor_ - from + 1], tint::chosen, on);
  return lines;
}

std::vector<std::string> top_model::text(const paper& on) const {
  std::vector<std::string> lines;
  if (mode_ == mode::help) {
    for (auto line : help_lines)
      lines.push_back(plain_line(line, on));
    return lines;
  }
  if (!detail_error_.empty())
    return {tinted(plain_line(detail_error_, on), tint::bad, on)};
  if (!detail_)
    return {"asking..."};
  auto rest = detail_text(*detail_, on);
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    lines.push_back(rest.substr(0, end));
    rest.erase(0, end + 1);
  }
  return lines;
}

std::vector<std::string> top_model::screen(std::size_t height, const paper& on) {
  auto lines = head(on);
  lines.push_back(status(on));
  const auto around = lines.size() + 2; // the titles and the hints
  page_ = height > around ? height - around : 1;
  if (mode_ == mode::help || mode_ == mode::detail) {
    const auto all = text(on);
    scrolled_ = std::min(scrolled_, all.size() > page_ ? all.size() - page_ : 0);
    lines.insert(lines.end(), all.begin() + static_cast<std::ptrdiff_t>(scrolled_), all.end());
  } else {
    first_ = std::min(first_, cursor_);
    first_ = std::max(first_, cursor_ + 1 > page_ ? cursor_ + 1 - page_ : 0);
    const auto shown = rows(first_, page_, true, on);
    lines.insert(lines.end(), shown.begin(), shown.end());
  }
  if (height > 0 && lines.size() < height)
    lines.resize(height - 1);
  lines.resize(std::min(lines.size(), height > 0 ? height - 1 : 0));
  if (height > 0)
    lines.push_back(hints(on));
  return lines;
}

std::vector<std::string> top_model::page(const paper& on) const {
  auto lines = head(on);
  lines.push_back(status(on));
  const auto shown = rows(0, rows_.size(), false, on);
  lines.insert(lines.end(), shown.begin(), shown.end());
  return lines;
}

} // namespace gantry::ctl
