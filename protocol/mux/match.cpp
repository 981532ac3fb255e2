#include "protocol/mux/match.hpp"

#include <algorithm>
#include <utility>

namespace gantry::mux {

const char* to_string(outcome o) noexcept {
  switch (o) {
  case outcome::found:
    return "found";
  case outcome::method_mismatch:
    return "method_mismatch";
  case outcome::redirect:
    return "redirect";
  case outcome::not_found:
    break;
  }
  return "not_found";
}

const variable* variables::lookup(std::string_view name) const noexcept {
  const auto* it = std::find_if(begin(), end(), [name](const auto& v) { return v.name == name; });
  return it == end() ? nullptr : it;
}

void variables::add(std::string_view name, std::string_view value) {
  if (more_.empty() && few_size_ < few_.size()) {
    few_[few_size_++] = {name, value};
    return;
  }
  if (more_.empty())
    more_.assign(few_.begin(), few_.end());
  more_.push_back({name, value});
}

std::string_view variables::keep(std::string text) {
  kept_.push_back(std::make_shared<const std::string>(std::move(text)));
  return *kept_.back();
}

void variables::clear() noexcept {
  few_size_ = 0;
  more_.clear();
  kept_.clear();
}

} // namespace gantry::mux
