#include "app/ctl/web_gate.hpp"

#include "actors/host/errno_text.hpp"
#include "protocol/inspect/json.hpp"
#include "protocol/text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <openssl/crypto.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <utility>

namespace gantry::ctl {

namespace {

constexpr std::string_view scheme = "http://";
constexpr std::string_view bearer = "Bearer ";

/// In a time that tells nothing of where they differ.
bool same_secret(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// `/`, `/style.css`, `/app.js`.
bool is_file(std::string_view path) noexcept {
  if (path == "/")
    return true;
  const auto dot = path.rfind('.');
  if (!path.starts_with('/') || dot == std::string_view::npos || dot < 2)
    return false;
  const auto name = path.substr(1, dot - 1);
  const auto ending = path.substr(dot + 1);
  return std::all_of(name.begin(), name.end(), [](char c) { return is_alnum(c) || c == '_'; }) &&
         (ending == "js" || ending == "css" || ending == "svg");
}

http::response method_refusal(std::string allowed) {
  auto page = message_page(405, "method not allowed");
  page.headers.emplace_back("Allow", std::move(allowed));
  return page;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) noexcept {
  return std::find(words.begin(), words.end(), word) != words.end();
}

} // namespace

result<std::string> random_secret() {
  std::array<unsigned char, 32> bytes{};
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto got = ::getrandom(bytes.data() + done, bytes.size() - done, 0);
    if (got < 0 && errno != EINTR)
      return host::errno_error("getrandom", errno);
    done += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

http::response message_page(int status, std::string_view text) {
  http::response page;
  page.status = status;
  page.headers = {{"Content-Type", "application/json"},
                  {"Cache-Control", "no-store"},
                  {"X-Content-Type-Options", "nosniff"}};
  page.body = boost::json::serialize(boost::json::object{{"message", text}}) + '\n';
  return page;
}

web_gate::web_gate(std::uint16_t port, std::string token, std::string session)
    : by_number_("127.0.0.1:" + std::to_string(port)),
      by_name_("localhost:" + std::to_string(port)), token_(std::move(token)),
      session_(std::move(session)) {}

bool web_gate::is_ours(std::string_view host) const noexcept {
  return host == by_number_ || http::iequals(host, by_name_);
}

bool web_gate::has_session(const http::request& head) const noexcept {
  auto said = head.header("Authorization");
  if (said.size() < bearer.size() || !http::iequals(said.substr(0, bearer.size()), bearer))
    return false;
  said.remove_prefix(bearer.size());
  return same_secret(said, session_);
}

std::variant<passage, http::response> web_gate::look(const http::request& head) const {
  if (!is_ours(head.host))
    return message_page(421, "this is http://" + by_number_ + " and no other host");
  // NOTE: a page that another one shows may send requests here, but it cannot hide where it is
  // from.
  const auto origin = head.header("Origin");
  if (head.has_header("Origin") &&
      !(origin.starts_with(scheme) && is_ours(origin.substr(scheme.size()))))
    return message_page(403, "this is for the page of http://" + by_number_ + " alone");
  if (!head.target.starts_with('/'))
    return message_page(400, "the target is no path");
  const bool reads = is_one_of(head.method, {"GET", "HEAD"});
  if (is_file(head.path)) {
    if (!reads)
      return method_refusal("GET, HEAD");
    return passage::file;
  }
  if (head.path == "/session") {
    if (head.method != "POST")
      return method_refusal("POST");
    return passage::session;
  }
  if (!head.path.starts_with("/v1/"))
    return message_page(404, "no such page: there are / and what is below /v1/");
  if (!has_session(head))
    return message_page(401, "this page's session is over, or it never had one: run gantryctl web "
                             "and open the address that it prints");
  if (!reads && !is_one_of(head.method, {"POST", "PUT", "DELETE"}))
    return method_refusal("GET, HEAD, POST, PUT, DELETE");
  return passage::inspection;
}

http::response web_gate::open_session(std::string_view body) {
  const auto value = inspect::parse_json(body);
  const auto* object = value ? value->if_object() : nullptr;
  const auto* member = object ? object->if_contains("token") : nullptr;
  const auto* token = member ? member->if_string() : nullptr;
  if (!token)
    return message_page(400, "not a token: {\"token\": \"...\"}");
  if (!same_secret({token->data(), token->size()}, token_))
    return message_page(401, "this address is not the one that gantryctl web has printed: open "
                             "that, or run gantryctl web again");
  {
    std::lock_guard guard{mutex_};
    if (std::exchange(token_used_, true))
      return message_page(401, "this address was opened before, and it opens once: run gantryctl "
                               "web again and open the address that it prints");
  }
  auto page = message_page(200, {});
  page.body = boost::json::serialize(boost::json::object{{"session", session_}}) + '\n';
  return page;
}

} // namespace gantry::ctl
