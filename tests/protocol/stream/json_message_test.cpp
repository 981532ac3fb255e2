#include "protocol/stream/json_message.hpp"

#include <catch2/catch.hpp>

#include <string>

using gantry::stream::encode;
using gantry::stream::json_message;
using gantry::stream::message_failure;
using gantry::stream::message_form;
using gantry::stream::progress_detail;

TEST_CASE("json message: Z1 empty members are left out", "[protocol][stream]") {
  CHECK(encode(json_message{}) == "{}\r\n");
  json_message m;
  m.status = "Pulling from library/busybox";
  m.id = "latest";
  CHECK(encode(m) == "{\"status\":\"Pulling from library/busybox\",\"id\":\"latest\"}\r\n");
}

TEST_CASE("json message: Z1 order of the keys", "[protocol][stream]") {
  json_message m;
  m.stream = "a";
  m.status = "b";
  m.progress = progress_detail{1, 2, 3, true, "layers"};
  m.progress_text = "c";
  m.id = "d";
  m.from = "e";
  m.time = 4;
  m.time_nano = 5;
  m.failure = message_failure{6, "f"};
  m.aux = R"({"ID":"g"})";
  CHECK(encode(m) ==
        R"({"stream":"a","status":"b","progressDetail":{"current":1,"total":2,"start":3,)"
        R"("hidecounts":true,"units":"layers"},"progress":"c","id":"d","from":"e","time":4,)"
        R"("timeNano":5,"errorDetail":{"code":6,"message":"f"},"error":"f","aux":{"ID":"g"}})"
        "\r\n");
  CHECK(
      encode(m, message_form::docker_1_2) ==
      R"({"stream":"a","status":"b","progressDetail":{"current":1,"total":2,"start":3},)"
      R"("progress":"c","id":"d","from":"e","time":4,"errorDetail":{"message":"f"},"error":"f"})");
}

TEST_CASE("json message: Z2 only the progress of 1.2.0 has no end", "[protocol][stream]") {
  json_message stream;
  stream.stream = "Step 0 : FROM busybox\n";
  const std::string expected = "{\"stream\":\"Step 0 : FROM busybox\\n\"}\r\n";
  CHECK(encode(stream) == expected);
  CHECK(encode(stream, message_form::docker_1_2) == expected);

  json_message progress;
  progress.status = "Downloading";
  progress.progress = progress_detail{.current = 5, .total = 10, .start = 0, .units = {}};
  progress.progress_text = "[=>]";
  progress.id = "abc";
  const std::string object = R"({"status":"Downloading","progressDetail":{"current":5,"total":10},)"
                             R"("progress":"[=\u003e]","id":"abc"})";
  CHECK(encode(progress) == object + "\r\n");
  CHECK(encode(progress, message_form::docker_1_2) == object);

  progress = {};
  progress.status = "Waiting";
  progress.progress.emplace();
  CHECK(encode(progress) == "{\"status\":\"Waiting\",\"progressDetail\":{}}\r\n");
}

TEST_CASE("json message: Z3 an error is sent twice, its code only today", "[protocol][stream]") {
  json_message m;
  m.failure = message_failure{0, "M"};
  const std::string plain = "{\"errorDetail\":{\"message\":\"M\"},\"error\":\"M\"}\r\n";
  CHECK(encode(m) == plain);
  CHECK(encode(m, message_form::docker_1_2) == plain);
  m.failure->code = 7;
  CHECK(encode(m) == "{\"errorDetail\":{\"code\":7,\"message\":\"M\"},\"error\":\"M\"}\r\n");
  CHECK(encode(m, message_form::docker_1_2) == plain);
}
