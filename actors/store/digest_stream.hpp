#pragma once

#include "protocol/oci/digest.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace gantry::store {

/// The sha256 digest of a stream that comes in pieces.
class digest_stream {
public:
  digest_stream();
  digest_stream(digest_stream&&) noexcept;
  digest_stream& operator=(digest_stream&&) noexcept;
  ~digest_stream();

  void update(std::string_view bytes);

  /// How many bytes there were so far.
  std::uint64_t size() const noexcept { return size_; }

  /// The digest of all bytes so far. The stream is over then.
  oci::digest finish();

private:
  struct context;
  std::unique_ptr<context> context_;
  std::uint64_t size_ = 0;
};

} // namespace gantry::store
