#include "protocol/volume/mount_options.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>

using namespace gantry::volume;

TEST_CASE("mount options: flags, propagation, and what is the file system's",
          "[protocol][volume]") {
  CHECK(parse_mount_options("") == mount_options{});
  CHECK(parse_mount_options("ro,foo=1,nosuid") == mount_options{MS_RDONLY | MS_NOSUID, 0, "foo=1"});
  CHECK(parse_mount_options("size=1m,uid=5") == mount_options{0, 0, "size=1m,uid=5"});
  CHECK(parse_mount_options("bind") == mount_options{MS_BIND, 0, ""});
  CHECK(parse_mount_options("rbind,rshared") ==
        mount_options{MS_BIND | MS_REC, MS_SHARED | MS_REC, ""});
  CHECK(parse_mount_options("ro,noexec,rw,exec") == mount_options{});
  CHECK(parse_mount_options("defaults") == mount_options{0, 0, "defaults"});
}

TEST_CASE("mount options: one value among others", "[protocol][volume]") {
  CHECK(option_value("rw,addr=nas,soft", "addr") == "nas");
  CHECK(option_value("addr=", "addr").empty());
  CHECK(option_value("xaddr=1,addr2=2", "addr").empty());
  CHECK(option_value("", "addr").empty());
  CHECK(with_option_value("rw,addr=nas,soft", "addr", "10.0.0.1") == "rw,addr=10.0.0.1,soft");
  CHECK(with_option_value("rw", "addr", "x") == "rw");
}

TEST_CASE("mount options: a failure in dockerd's words, without passwords", "[protocol][volume]") {
  CHECK(mount_failure("dev", "/d/volumes/m2/_data", parse_mount_options("ro,foo=1,nosuid"),
                      "no such device") ==
        "failed to mount local volume: mount dev:/d/volumes/m2/_data, flags: 0x3, data: foo=1: no "
        "such device");
  CHECK(mount_failure("/x", "/y", parse_mount_options("bind"), "no such file or directory") ==
        "failed to mount local volume: mount /x:/y, flags: 0x1000: no such file or directory");
  CHECK(mount_failure("//nas/x", "/y", parse_mount_options("username=me,password=secret"), "z") ==
        "failed to mount local volume: mount //nas/x:/y, data: username=me,password=********: z");
}
