#include "actors/containers/attach_format.hpp"

namespace gantry::containers {

namespace {

class raw_format : public attach_format {
public:
  void put(std::string& to_client, stream::channel, std::string_view bytes) override {
    to_client.append(bytes);
  }
  result<bool> take(std::string_view from_client, std::string& input, std::string&) override {
    input.append(from_client);
    return true;
  }
  void end(std::string&) override {}
};

class framed_format final : public raw_format {
public:
  void put(std::string& to_client, stream::channel from, std::string_view bytes) override {
    stream::append_frame(to_client, from, bytes);
  }
};

} // namespace

std::unique_ptr<attach_format> raw_attach_format() { return std::make_unique<raw_format>(); }

std::unique_ptr<attach_format> framed_attach_format() { return std::make_unique<framed_format>(); }

} // namespace gantry::containers
