#pragma once

#include "actors/volumes/mount_users.hpp"
#include "actors/volumes/volume_store.hpp"
#include "actors/volumes/volumes_actor.hpp"

#include <deque>
#include <map>
#include <set>

// Inside of the volumes' actor.
namespace gantry::volumes {

/// The failure of what there is no room for.
inline api_error too_much() {
  return {errc::unavailable, "volumes: too much work is waiting; try again later"};
}

/// What the volumes' actor knows.
struct volumes_state {
  static inline const char* name = "volumes";
  volumes_state() = default;

  void open(const volumes_opened& opened);
  void use(const use_volumes_ptr& what);
  void release(const release_volumes_ptr& what);
  void remove(const remove_volume_ptr& what);
  void mount(const mount_volume_ptr& what);
  void unmount(const unmount_volumes_ptr& what);
  void on_late(const mount_late& what);
  core::facts describe() const;

  volumes_actor::pointer self = nullptr;
  volumes_setup setup;

private:
  struct entry {
    volume::volume_record record;
    std::string directory;
    std::set<std::string> users;
    mount_users mounts;
  };
  /// A volume that is to be made, or is there.
  struct planned {
    std::vector<volume::volume_record> fresh;
    std::vector<std::string> names; ///< of all
    volumes_of_creation unkept;     ///< of a container: those that nobody named
  };

  // -- volumes_actor.cpp: one change after the other
  void in_turn(const char* what, std::function<void()> begin);
  void next();
  void over();
  template <class T>
  void on_store(std::function<T(volume_store&)> work, std::function<void(T)> then);

  result<planned> plan(const use_volumes& asked) const;
  void add(const std::vector<volume::volume_record>& fresh);
  void give(use_volumes& what, const std::vector<std::string>& names);
  void show(const entry& one) const;
  void forget(const std::string& gone);
  void publish(const char* action, const std::string& which) const;

  // -- volume_mounting.cpp
  void carry_out(const std::string& which, mount_users::step step);
  std::function<void(result<void>)> stepping(const char* what,
                                             std::function<void(result<void>)> then);

  std::shared_ptr<volume_store> store_;
  std::map<std::string, entry, std::less<>> volumes_;
  std::map<std::string, std::set<std::string>, std::less<>> used_by_; ///< container: its volumes
  struct change {
    const char* what = "";
    std::function<void()> begin;
  };
  std::deque<change> waiting_;
  const char* running_ = nullptr; ///< what is being done; null: nothing
  bool looping_ = false;
  std::uint64_t last_mount_ = 0; ///< number of the last request for one
};

} // namespace gantry::volumes
