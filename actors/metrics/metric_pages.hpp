#pragma once

#include "actors/inspect/service/pages.hpp"
#include "actors/inspect/service/service.hpp"
#include "actors/metrics/metric_reader.hpp"

#include <memory>
#include <string_view>
#include <utility>

namespace gantry::metrics {

/// `/metrics` and nothing else, for GET and HEAD. Errors are lines of text.
class metric_pages final : public inspect::page_source {
public:
  explicit metric_pages(sources from) : reader_(std::move(from)) {}

  inspect::page_answer answer(const inspect::page_request& asked) override;
  http::response refusal(int status, std::string_view text) const override;

private:
  metric_reader reader_;
};

/// A service of them: for whoever can connect, over plain tcp.
std::unique_ptr<inspect::service> make_service(sources from);

} // namespace gantry::metrics
