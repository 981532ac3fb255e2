#include "protocol/inspect/answers.hpp"
#include "protocol/inspect/json.hpp"

#include <boost/json/serialize.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void expect(bool condition) {
  if (!condition)
    std::abort();
}

} // namespace

// Whatever can be read as a dump is written as one that reads as the same, and has an answer to
// everything that can be asked of a dump; what cannot be read is an error with a text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace inspect = gantry::inspect;
  const auto view = inspect::read_dump({reinterpret_cast<const char*>(data), size});
  if (!view) {
    expect(!view.error().message.empty());
    return 0;
  }
  const auto again = inspect::read_dump(boost::json::serialize(inspect::to_json(*view)));
  expect(again.has_value());
  expect(*again == *view);
  for (const auto* page : {"/v1/", "/v1/tree", "/v1/dump", "/v1/pool", "/v1/connections"})
    expect(inspect::answer_from(*view, page, {}).has_value());
  gantry::http::form_values query;
  query.add("sort", "handling");
  query.add("limit", "3");
  const auto chosen = inspect::answer_from(*view, "/v1/actors", query);
  expect(chosen.has_value());
  expect(chosen->at("actors").as_array().size() <= 3);
  for (const auto& actor : view->actors)
    expect(inspect::answer_from(*view, "/v1/actors/" + std::to_string(actor.id), {}).has_value());
  return 0;
}
