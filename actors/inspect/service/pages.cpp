#include "actors/inspect/service/pages.hpp"

#include "actors/core/limits.hpp"
#include "actors/inspect/requests.hpp"
#include "actors/inspect/service/web.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/scheduler.hpp"
#include "protocol/http/form.hpp"
#include "protocol/inspect/answers.hpp"
#include "protocol/inspect/json.hpp"
#include "protocol/text.hpp"
#include "protocol/utf8.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/serialize.hpp>

#include <unistd.h>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace gantry::inspect {

namespace json = boost::json;

namespace {

enum page : mux::payload_id {
  view_page,
  actor_page_of,
  event_page,
  document_page,
  level_page,
  new_level_page,
  message_page,
  begin_trace_page,
  end_trace_page,
  kill_page,
  pause_page,
  resume_page,
};

struct route_entry {
  page_route route;
  page leads_to;
};

constexpr auto entries = std::to_array<route_entry>({
    {{"GET", "/v1/"}, view_page},
    {{"GET", "/v1/actors"}, view_page},
    {{"GET", "/v1/actors/{id}"}, actor_page_of},
    {{"GET", "/v1/actors/{id}/trace"}, message_page},
    {{"POST", "/v1/actors/{id}/trace"}, begin_trace_page},
    {{"DELETE", "/v1/actors/{id}/trace"}, end_trace_page},
    {{"POST", "/v1/actors/{id}/kill"}, kill_page},
    {{"POST", "/v1/actors/{id}/pause"}, pause_page},
    {{"POST", "/v1/actors/{id}/resume"}, resume_page},
    {{"GET", "/v1/tree"}, view_page},
    {{"GET", "/v1/kinds"}, view_page},
    {{"GET", "/v1/threads"}, view_page},
    {{"GET", "/v1/pool"}, view_page},
    {{"GET", "/v1/jobs"}, view_page},
    {{"GET", "/v1/connections"}, view_page},
    {{"GET", "/v1/streams"}, view_page},
    {{"GET", "/v1/requests"}, view_page},
    {{"GET", "/v1/requests/{id}"}, view_page},
    {{"GET", "/v1/containers"}, view_page},
    {{"GET", "/v1/dead-letters"}, view_page},
    {{"GET", "/v1/deaths"}, view_page},
    {{"GET", "/v1/stalls"}, view_page},
    {{"GET", "/v1/dump"}, view_page},
    {{"GET", "/v1/events"}, event_page},
    {{"GET", "/v1/openapi.yaml"}, document_page},
    {{"GET", "/v1/loglevel"}, level_page},
    {{"PUT", "/v1/loglevel"}, new_level_page},
});

constexpr auto routes = [] {
  std::array<page_route, entries.size()> all;
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = entries[i].route;
  return all;
}();

mux::table make_table() {
  mux::router router;
  router.skip_clean();
  for (const auto& [route, leads_to] : entries) {
    auto& made = router.path(route.path);
    if (route.method == "GET")
      made.methods({"GET", "HEAD"});
    else
      made.methods({route.method});
    made.payload(leads_to);
  }
  // A route that is wrong is a mistake in this program.
  return std::move(router).freeze().value();
}

http::response page_of(const json::value& value) {
  http::response r;
  r.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  r.body = json::serialize(value);
  r.body += '\n';
  return r;
}

http::response error_page(const api_error& error) {
  return inspect::error_page(http_status(error.kind), error.message);
}

/// Reads what the page wants and no more.
struct view_of_page {
  std::string_view path;
  void (*read)(system_view&, const sources&);
};

constexpr auto views = std::to_array<view_of_page>({
    {"/v1/", [](system_view&, const sources&) {}},
    {"/v1/kinds", [](system_view& v, const sources& from) { v.kinds = read_kinds(from); }},
    {"/v1/threads", [](system_view& v, const sources& from) { v.threads = read_threads(from); }},
    {"/v1/pool", [](system_view& v, const sources& from) { v.pool = read_pool(from); }},
    {"/v1/jobs", [](system_view& v, const sources& from) { v.jobs = read_jobs(from); }},
    {"/v1/connections",
     [](system_view& v, const sources& from) { v.connections = read_connections(from); }},
    {"/v1/streams", [](system_view& v, const sources& from) { v.streams = read_streams(from); }},
    {"/v1/requests", [](system_view& v, const sources& from) { v.requests = read_requests(from); }},
    {"/v1/containers",
     [](system_view& v, const sources& from) { v.containers = read_containers(from); }},
    {"/v1/dead-letters",
     [](system_view& v, const sources& from) { v.dead_letters = read_dead_letters(from); }},
    {"/v1/deaths", [](system_view& v, const sources& from) { v.deaths = read_deaths(from); }},
    {"/v1/stalls", [](system_view& v, const sources& from) { v.stalls = read_stalls(from); }},
});

/// What `PUT /v1/loglevel` asks for.
struct wanted_level {
  log::level level = log::level::info;
  std::chrono::nanoseconds length{0};
};

result<wanted_level> parse_level_change(std::string_view body) {
  auto value = parse_json(body);
  if (!value)
    return value.error();
  const auto* object = value->if_object();
  if (!object)
    return invalid("not an object");
  wanted_level wanted;
  bool has_level = false;
  for (const auto& [key, member] : *object) {
    if (key == "level") {
      const auto* word = member.if_string();
      auto level = word ? log::parse_level({word->data(), word->size()}) : std::nullopt;
      if (!level)
        return invalid("level: one of debug, info, warn, error, fatal");
      wanted.level = *level;
      has_level = true;
    } else if (key == "for_ns") {
      const auto* length = member.if_int64();
      if (!length || *length < 0)
        return invalid("for_ns: not a number of nanoseconds");
      wanted.length = std::chrono::nanoseconds{*length};
    } else {
      return invalid("unknown member " + quoted({key.data(), key.size()}) +
                     ": there are level, for_ns");
    }
  }
  if (!has_level)
    return invalid("\"level\" is missing");
  return wanted;
}

json::object level_object(log::level level) { return {{"level", log::to_string(level)}}; }

/// Who did what, or was kept from it, for those who look it up later. A warning, so that it is
/// written at most levels.
void audit(const page_request& asked, std::string_view what, std::string_view outcome) {
  log::write(log::level::warn, "audit", what,
             {{"outcome", outcome},
              {"client", asked.who.address},
              {"uid", asked.who.uid ? std::to_string(*asked.who.uid) : "none"},
              {"pid", asked.who.pid ? std::to_string(*asked.who.pid) : "none"},
              {"certificate", asked.who.subject}});
}

std::optional<std::uint64_t> actor_id(std::string_view text) {
  const auto number = http::parse_uint(text, std::numeric_limits<std::uint64_t>::max());
  return number ? std::optional{*number} : std::nullopt;
}

http::response no_actor(std::string_view id) {
  return inspect::error_page(404, "no such actor: " + std::string{id});
}

constexpr std::string_view who_may_change =
    "changes are for root and the daemon's own user, over the unix socket";

http::response done_page() {
  http::response r;
  r.status = 204;
  return r;
}

std::string_view verb_of(page change) {
  switch (change) {
  case begin_trace_page:
    return "trace";
  case end_trace_page:
    return "end the trace of";
  case kill_page:
    return "kill";
  case pause_page:
    return "pause";
  default:
    return "resume";
  }
}

/// Whether a query is nothing but `force=1`. Errors: it is anything else.
result<bool> parse_force(std::string_view text) {
  const auto query = http::parse_query(text);
  if (!query)
    return query.error();
  for (const auto& [name, value] : *query)
    if (name != "force" || (value != "1" && value != "0") || query->all(name).size() > 1)
      return invalid("this page has no parameters but force, 0 or 1");
  return query->all("force").size() == 1 && query->all("force")[0] == "1";
}

http::response method_page(const mux::method_list& there_are) {
  auto page = inspect::error_page(405, "method not allowed");
  std::string allowed;
  for (auto name : there_are.names)
    allowed.append(allowed.empty() ? "" : ", ").append(name);
  page.headers.emplace_back("Allow", std::move(allowed));
  return page;
}

} // namespace

std::span<const page_route> page_routes() noexcept { return routes; }

http::response error_page(int status, std::string_view text) {
  std::string message{text};
  mend_utf8(message);
  auto page = page_of(json::object{{"message", message}});
  page.status = status;
  return page;
}

http::response actor_page(const awaited_facts& asked) {
  auto detail = asked.detail;
  if (auto facts = asked.answer->facts()) {
    detail.facts = std::move(facts->values);
    for (auto& [name, value] : detail.facts) {
      mend_utf8(name);
      mend_utf8(value);
    }
  } else if (asked.answer->given()) {
    detail.facts_missing = asked.answer->missing();
  } else {
    detail.facts_missing = "no answer within " + core::duration_text(limits::inspected_facts);
  }
  return page_of(to_json(detail));
}

bool may_change(const core::client_info& who) noexcept {
  return who.uid && (*who.uid == 0 || *who.uid == ::geteuid());
}

pages::pages(sources from, std::shared_ptr<const waker> wakes)
    : from_(std::move(from)), describer_(*from_.scheduler, std::move(wakes)),
      traces_(*from_.scheduler), table_(make_table()) {}

http::response pages::refusal(int status, std::string_view text) const {
  return error_page(status, text);
}

runtime::history* pages::events() const noexcept { return &from_.scheduler->registry().history(); }

page_answer pages::answer(const page_request& asked) {
  if (auto page = web_page(asked.head.path)) {
    if (asked.head.method != "GET" && asked.head.method != "HEAD")
      return method_page(mux::method_list{{"GET", "HEAD"}});
    return std::move(*page);
  }
  mux::request r;
  r.method = asked.head.method;
  r.path = asked.head.path;
  auto match = table_.match(r);
  if (match.result == mux::outcome::method_mismatch)
    return method_page(table_.methods_for(r));
  if (match.result != mux::outcome::found)
    return error_page(404, "no such page: " + std::string{asked.head.path});
  // Who looks may wonder why nothing goes on; so does the watchdog then.
  from_.scheduler->rouse();
  switch (static_cast<page>(*match.payload)) {
  case view_page:
    return read(asked, asked.head.path);
  case new_level_page:
    return set_level(asked);
  case begin_trace_page:
  case end_trace_page:
  case kill_page:
  case pause_page:
  case resume_page:
    return change(asked, *match.payload, match.vars.get("id"));
  default:
    break;
  }
  if (!asked.head.query.empty())
    return error_page(400, "this page has no parameters");
  switch (static_cast<page>(*match.payload)) {
  case actor_page_of:
    return actor(match.vars.get("id"));
  case message_page:
    return messages(match.vars.get("id"));
  case event_page:
    return event_answer{};
  case document_page: {
    http::response r;
    r.headers = {{"Content-Type", "application/yaml"}};
    r.body = openapi_document();
    return r;
  }
  default:
    return page_of(level_object(log::current_level()));
  }
}

page_answer pages::read(const page_request& asked, std::string_view path) {
  auto query = http::parse_query(asked.head.query);
  if (!query)
    return error_page(query.error());
  // Ten thousand actors are a few megabytes of small pieces.
  json::monotonic_resource memory;
  if (path == "/v1/actors") {
    auto made = actors_answer(time_text(std::chrono::system_clock::now()), read_actors(from_),
                              *query, &memory);
    return made ? page_of(std::move(*made)) : error_page(made.error());
  }
  const bool is_tree = path == "/v1/tree";
  if ((is_tree || path == "/v1/dump") && query->empty())
    return page_of(is_tree ? tree_answer(read_actors(from_), &memory)
                           : to_json(read_system(from_), &memory));
  auto view = read_head(from_);
  if (path.starts_with("/v1/requests/")) {
    view.requests = read_requests(from_);
    view.spans = read_spans(from_, read_actors(from_));
  }
  for (const auto& each : views)
    if (each.path == path)
      each.read(view, from_);
  auto made = answer_from(view, path, *query);
  return made ? page_of(std::move(*made)) : error_page(made.error());
}

page_answer pages::actor(std::string_view id) {
  auto number = actor_id(id);
  if (!number)
    return no_actor(id);
  auto detail = read_actor(from_, *number);
  if (!detail)
    return no_actor(id);
  auto answer = describer_.ask(*number);
  if (!answer)
    return no_actor(id);
  return awaited_facts{std::move(*detail), std::move(answer)};
}

http::response pages::messages(std::string_view id) {
  auto number = actor_id(id);
  if (!number || !from_.scheduler->registry().find(*number))
    return no_actor(id);
  auto row = read_messages(from_, *number);
  return page_of(
      json::object{{"traced", row.traced}, {"total", row.total}, {"last", to_json(row.last)}});
}

http::response pages::change(const page_request& asked, mux::payload_id what, std::string_view id) {
  const auto verb = static_cast<page>(what);
  auto& registry = from_.scheduler->registry();
  const auto number = actor_id(id);
  const auto found = number ? registry.find(*number) : std::nullopt;
  auto text = std::string{verb_of(verb)} + " actor " + quoted(id);
  if (found)
    text = std::string{verb_of(verb)} + " actor " + std::to_string(found->id) + " (" + found->kind +
           (found->label.empty() ? "" : " ") + found->label + ")";
  auto refuse = [&](int status, std::string_view why) {
    audit(asked, text, "refused");
    return error_page(status, why);
  };
  if (!may_change(asked.who))
    return refuse(403, who_may_change);
  bool force = false;
  if (verb == kill_page) {
    const auto parsed = parse_force(asked.head.query);
    if (!parsed)
      return refuse(400, parsed.error().message);
    force = *parsed;
  } else if (!asked.head.query.empty()) {
    return refuse(400, "this page has no parameters");
  }
  auto gone = [&] {
    audit(asked, text, "no such actor");
    return no_actor(id);
  };
  if (!found)
    return gone();
  bool lives = true;
  switch (verb) {
  case begin_trace_page:
    switch (traces_.begin(*number, asked.now)) {
    case runtime::actor_registry::tracing::begun:
      break;
    case runtime::actor_registry::tracing::no_actor:
      return gone();
    case runtime::actor_registry::tracing::too_many:
      return refuse(409, std::to_string(runtime::actor_registry::most_traced) +
                             " actors are traced already; end one of their traces first");
    }
    break;
  case end_trace_page:
    lives = traces_.end(*number);
    break;
  case kill_page:
    if (is_essential(*found) && !force)
      return refuse(409, "actor " + std::to_string(found->id) + " (" + found->kind +
                             ") is one that the daemon cannot do without; with force=1 (gantryctl "
                             "kill --force) it is killed all the same");
    lives = kill_actor(*from_.scheduler, *number);
    break;
  case pause_page:
    lives = from_.scheduler->pause(*number);
    break;
  default:
    lives = from_.scheduler->unpause(*number);
  }
  if (!lives)
    return gone();
  audit(asked, text, "done");
  return done_page();
}

http::response pages::set_level(const page_request& asked) {
  constexpr std::string_view what = "set the log level";
  if (!may_change(asked.who)) {
    audit(asked, what, "refused");
    return error_page(403, who_may_change);
  }
  if (!asked.head.query.empty())
    return error_page(400, "this page has no parameters");
  auto wanted = parse_level_change(asked.body);
  if (!wanted)
    return error_page(wanted.error());
  auto text = std::string{what} + " to " + std::string{log::to_string(wanted->level)};
  if (wanted->length.count() > 0)
    text += " for " + core::duration_text(caf::timespan{wanted->length});
  // Before and after, one of which may be a level at which it is not written.
  const auto before = log::current_level();
  if (before <= wanted->level)
    audit(asked, text, "done");
  level_.set(wanted->level, wanted->length, asked.now);
  if (before > wanted->level)
    audit(asked, text, "done");
  auto told = level_object(wanted->level);
  told.emplace("for_ns", wanted->length.count());
  told.emplace("before", log::to_string(before));
  return page_of(told);
}

} // namespace gantry::inspect
