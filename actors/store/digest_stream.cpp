#include "actors/store/digest_stream.hpp"

#include <openssl/evp.h>

#include <array>
#include <new>

namespace gantry::store {

struct digest_stream::context {
  context() : evp(EVP_MD_CTX_new()) {
    if (evp == nullptr || EVP_DigestInit_ex(evp, EVP_sha256(), nullptr) != 1) {
      EVP_MD_CTX_free(evp);
      throw std::bad_alloc{};
    }
  }
  context(const context&) = delete;
  context& operator=(const context&) = delete;
  ~context() { EVP_MD_CTX_free(evp); }

  EVP_MD_CTX* evp;
};

digest_stream::digest_stream() : context_(std::make_unique<context>()) {}
digest_stream::digest_stream(digest_stream&&) noexcept = default;
digest_stream& digest_stream::operator=(digest_stream&&) noexcept = default;
digest_stream::~digest_stream() = default;

void digest_stream::update(std::string_view bytes) {
  EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size());
  size_ += bytes.size();
}

oci::digest digest_stream::finish() {
  std::array<unsigned char, 32> raw{};
  EVP_DigestFinal_ex(context_->evp, raw.data(), nullptr);
  return oci::digest::from_raw({reinterpret_cast<const char*>(raw.data()), raw.size()});
}

} // namespace gantry::store
