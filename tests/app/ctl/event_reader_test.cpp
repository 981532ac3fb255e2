#include "app/ctl/event_reader.hpp"

#include "app/ctl/events.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gantry::ctl;

namespace {

using events = std::vector<server_event>;

events read_by(std::size_t step, std::string_view bytes) {
  event_reader reader;
  events all;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size())))
    for (auto& each : reader.feed(bytes.substr(0, step)).value())
      all.push_back(std::move(each));
  return all;
}

} // namespace

TEST_CASE("events: a stream is taken apart however it comes", "[app][ctl]") {
  constexpr std::string_view bytes = ": hello\n\n"
                                     "event: actor\r\ndata: {\"id\":1}\r\n\r\n"
                                     "data:two\rdata: lines\r\r"
                                     "id: 7\nretry: 10\nevent: nothing\n\n"
                                     "data\n\n"
                                     "data: cut o";
  const events expected{{"actor", "{\"id\":1}"}, {"message", "two\nlines"}, {"message", ""}};
  for (std::size_t step : {std::size_t{1}, std::size_t{3}, bytes.size()})
    CHECK(read_by(step, bytes) == expected);
}

TEST_CASE("events: one that does not end is refused", "[app][ctl]") {
  event_reader reader;
  CHECK(reader.feed("data: " + std::string(1 << 20, 'x')).error().message ==
        "an event of more than 1 MiB");
}

TEST_CASE("events: are told in words", "[app][ctl]") {
  CHECK(event_text({"actor", R"({"what":"spawned","id":12,"kind":"job","parent":3})"}) ==
        "spawned job 12, parent 3");
  CHECK(event_text({"actor", R"({"what":"ended","id":9,"kind":"connection","reason":"killed"})"}) ==
        "ended connection 9: killed");
  CHECK(event_text({"actor", R"({"what":"ended","id":9,"kind":"connection","reason":""})"}) ==
        "ended connection 9");
  CHECK(event_text({"gap", R"({"lost":17})"}) == "17 events lost");
  CHECK(
      event_text({"stall", R"({"what":"handler","actor":12,"kind":"router","request":77,)"
                           R"("message":"run_job","where":"do_wait","duration_ns":6000000000})"}) ==
      "stall: handler of router 12 for 6s, run_job, request 77, at do_wait");
  CHECK(event_text({"stall", R"({"what":"worker","duration_ns":6000000000,"over":true})"}) ==
        "stall: worker is over after 6s");
  CHECK(event_text({"new", "text"}) == "new: text");
  CHECK(event_text({"actor", "no JSON"}) == "actor: no JSON");
}

TEST_CASE("events: as JSON they have their name in them", "[app][ctl]") {
  CHECK(event_json({"actor", R"({"what":"ended","id":9})"}) ==
        R"({"event":"actor","what":"ended","id":9})");
  CHECK(event_json({"new", "text"}) == R"({"event":"new","data":"text"})");
}
