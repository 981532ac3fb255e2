#include "protocol/http/message.hpp"
#include "protocol/http/syntax.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gantry::http;

TEST_CASE("syntax: tokens", "[protocol][http]") {
  std::string allowed;
  for (int c = 0; c < 256; ++c)
    if (is_token_byte(static_cast<char>(c)))
      allowed += static_cast<char>(c);
  CHECK(allowed == "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
  CHECK(is_token("a-B"));
  CHECK_FALSE(is_token(""));
  CHECK_FALSE(is_token("a b"));
}

TEST_CASE("syntax: the first control byte is found wherever it stands", "[protocol][http]") {
  for (std::size_t size = 0; size < 40; ++size) {
    std::string text(size, '\xff');
    for (std::size_t i = 0; i < size; ++i)
      text[i] = std::string_view{"\t \x7e\x80\x20"}[i % 5];
    CHECK(find_control_byte(text, 0, size) == size);
    for (std::size_t at = 0; at < size; ++at) {
      for (char c : {'\0', '\x1f', '\x7f', '\r'}) {
        std::string bad = text;
        bad[at] = c;
        CHECK(find_control_byte(bad, 0, size) == at);
        CHECK(find_control_byte(bad, at + 1, size) == size);
        CHECK(find_control_byte(bad, 0, at) == at);
      }
    }
  }
}

TEST_CASE("syntax: elements of a list", "[protocol][http]") {
  std::string_view list = " , a ,,b\t,\tc d ,";
  CHECK(next_element(list) == "a");
  CHECK(next_element(list) == "b");
  CHECK(next_element(list) == "c d");
  CHECK(next_element(list) == "");
  CHECK(list_has("keep-alive, Upgrade", "upgrade"));
  CHECK_FALSE(list_has("upgraded", "upgrade"));
  CHECK_FALSE(list_has("", ""));
  CHECK(trim(" \t a b\t ") == "a b");
  CHECK(trim(" \t ") == "");
}

TEST_CASE("syntax: hosts", "[protocol][http]") {
  for (const char* good : {"", "a", "a.b-c_d~e", "localhost:2375", "localhost:", "127.0.0.1:1",
                           "[::1]", "[::1]:80", "[fe80::1%25eth0]", "%2Fvar", "!$&'()*+,;="})
    CHECK(is_host(good));
  for (const char* bad :
       {":1",  "a:b", "a:1:2", "::1", "[",   "[]", "[::1",  "[::1]x",   "[::1]:x", "a]",
        "a/b", "a@b", "a b",   "%",   "%z1", "%2", "\"a\"", "\xc3\xa9", "a#",      "a?"})
    CHECK_FALSE(is_host(bad));
}

TEST_CASE("message: names are equal in any case of ASCII letters", "[protocol][http]") {
  CHECK(iequals("Content-LENGTH", "content-length"));
  CHECK(iequals("", ""));
  CHECK_FALSE(iequals("a", "ab"));
  CHECK_FALSE(iequals("[", "{"));
  CHECK_FALSE(iequals("@", "`"));
  CHECK_FALSE(iequals("\xc3\x89", "\xc3\xa9"));
}

TEST_CASE("message: reason phrases", "[protocol][http]") {
  CHECK(reason_phrase(200) == "OK");
  CHECK(reason_phrase(304) == "Not Modified");
  CHECK(reason_phrase(404) == "Not Found");
  CHECK(reason_phrase(431) == "Request Header Fields Too Large");
  CHECK(reason_phrase(503) == "Service Unavailable");
  CHECK(reason_phrase(499) == "Status 499");
  CHECK(reason_phrase(799) == "Status 799");
  CHECK(reason_phrase(999) == "Status 999");
  CHECK(reason_phrase(0) == "Unknown Status");
  CHECK(reason_phrase(1000) == "Unknown Status");
}
