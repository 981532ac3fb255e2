#pragma once

#include "protocol/error.hpp"
#include "protocol/stream/frame.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace gantry::containers {

/// How bytes travel on an attached client's connection. Does no I/O; belongs to one session.
class attach_format {
public:
  virtual ~attach_format() = default;

  /// Appends output to what the client is sent.
  virtual void put(std::string& to_client, stream::channel from, std::string_view bytes) = 0;

  /// Takes what the client has sent: input is appended to `input`, answers of the format's own to
  /// `to_client`. False if the client says with it that it has no more input. Errors:
  /// invalid_parameter; then the session ends.
  virtual result<bool> take(std::string_view from_client, std::string& input,
                            std::string& to_client) = 0;

  /// Appends what comes behind the last output.
  virtual void end(std::string& to_client) = 0;

  /// True if the client says more than its input, and so is heard even if nobody wants that.
  virtual bool answers() const noexcept { return false; }
  /// True once the client, or a fault of it, has ended both directions.
  virtual bool is_closed() const noexcept { return false; }
};

/// Bytes as they are, stdout and stderr in one: terminals.
std::unique_ptr<attach_format> raw_attach_format();

/// Output in frames with a header of 8 bytes, input as it is.
std::unique_ptr<attach_format> framed_attach_format();

} // namespace gantry::containers
