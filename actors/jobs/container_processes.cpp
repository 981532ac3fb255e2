#include "actors/jobs/container_processes.hpp"

#include "protocol/api/json.hpp"
#include "protocol/http/form.hpp"
#include "protocol/text.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <limits>
#include <set>

namespace gantry::jobs {

namespace {

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < line.size();) {
    if (is_space(line[at])) {
      ++at;
      continue;
    }
    auto end = std::find_if(line.begin() + static_cast<std::ptrdiff_t>(at), line.end(), is_space);
    words.emplace_back(line.begin() + static_cast<std::ptrdiff_t>(at), end);
    at += words.back().size();
  }
  return words;
}

// The words behind the last column belong to it.
std::vector<std::string> row_of(std::vector<std::string> words, std::size_t columns) {
  for (std::size_t i = columns; i < words.size(); ++i)
    words[columns - 1] += ' ' + words[i];
  words.resize(columns);
  return words;
}

api_error ps_failure(std::string text) { return {errc::system, std::move(text)}; }

} // namespace

std::vector<std::string> ps_arguments(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    if (!word.empty())
      words.emplace_back(word);
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return words;
}

result<void> check_ps_arguments(std::string_view text) {
  // `-o user= PID` names the column PID, too.
  for (auto at = text.find('='); at != text.npos; at = text.find('=', at + 1)) {
    auto title = text.substr(at + 1);
    while (!title.empty() && is_space(title.front()))
      title.remove_prefix(1);
    if (!title.starts_with("PID"))
      continue;
    title = title.substr(0, title.find_first_of(" \t\n\v\f\r"));
    auto column = text.substr(0, at);
    if (const auto before = column.find_last_of(" \t\n\v\f\r,="); before != column.npos)
      column.remove_prefix(before + 1);
    if (column.starts_with("-o"))
      column.remove_prefix(2);
    if (column != "pid")
      return ps_failure("specifying \"" + std::string{column} + "=" + std::string{title} +
                        "\" is not allowed");
  }
  return {};
}

result<process_ids> parse_process_ids(std::string_view json) {
  auto parsed = api::parse_json(json);
  if (!parsed)
    return ps_failure("the runtime's list of processes: " + parsed.error().message);
  process_ids ids;
  if (parsed->is_null())
    return ids;
  const auto* list = parsed->if_array();
  for (const auto& id : list ? *list : boost::json::array{}) {
    const auto* number = id.if_int64();
    if (!number || *number < 1 || *number > std::numeric_limits<std::int32_t>::max())
      list = nullptr;
    else
      ids.push_back(static_cast<std::int32_t>(*number));
    if (!list)
      break;
  }
  if (!list)
    return ps_failure("the runtime's list of processes is none");
  return ids;
}

result<process_table> parse_ps(std::string_view output, const process_ids& wanted) {
  const std::set<std::int64_t> ids(wanted.begin(), wanted.end());
  const auto end = output.find('\n');
  process_table table;
  table.titles = words_of(output.substr(0, end));
  const auto title = std::find(table.titles.begin(), table.titles.end(), "PID");
  if (title == table.titles.end())
    return ps_failure("Couldn't find PID field in ps output");
  const auto column = static_cast<std::size_t>(title - table.titles.begin());
  bool inside = false; // lines without an id are of the process above them
  output.remove_prefix(end == output.npos ? output.size() : end + 1);
  while (!output.empty()) {
    const auto line = output.substr(0, output.find('\n'));
    output.remove_prefix(std::min(output.size(), line.size() + 1));
    auto words = words_of(line);
    if (words.size() <= column)
      continue;
    if (const auto& text = words[column]; text != "-") {
      auto id = http::parse_int(text);
      if (!id)
        return ps_failure("Unexpected pid '" + text + "': " + id.error().message);
      inside = ids.contains(*id);
    }
    if (inside)
      table.rows.push_back(row_of(std::move(words), table.titles.size()));
  }
  return table;
}

} // namespace gantry::jobs
