#include "actors/volumes/volumes_actor.hpp"

#include "actors/core/fresh_id.hpp"
#include "actors/core/times.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/volumes/volume_store.hpp"
#include "actors/volumes/volumes_state.hpp"

#include <future>
#include <utility>

namespace gantry::volumes {

namespace {

using volume::volume_record;

/// Changes that wait for others; more are refused.
constexpr std::size_t most_waiting = 10'000;

/// `[a, b]`
template <class List>
std::string listed(const List& items) {
  std::string text = "[";
  for (const auto& item : items)
    text.append(text.size() > 1 ? ", " : "").append(item);
  return text + "]";
}

} // namespace

// -- one change after the other -------------------------------------------------------------------

void volumes_state::in_turn(const char* what, std::function<void()> begin) {
  waiting_.push_back({what, std::move(begin)});
  next();
}

void volumes_state::next() {
  if (std::exchange(looping_, true))
    return; // whoever is at it takes these, too
  while (store_ && !running_ && !waiting_.empty()) {
    auto one = std::move(waiting_.front());
    waiting_.pop_front();
    running_ = one.what;
    one.begin();
  }
  looping_ = false;
}

void volumes_state::over() {
  running_ = nullptr;
  next();
}

template <class T>
void volumes_state::on_store(std::function<T(volume_store&)> work, std::function<void(T)> then) {
  auto follow = std::make_shared<std::function<void(T)>>(std::move(then));
  const bool queued = setup.pool->submit(
      std::string{"volumes: "} + running_,
      [to = volumes_actor{self}, what = running_, store = store_, work = std::move(work), follow] {
        auto how = std::make_shared<T>(work(*store));
        caf::anon_send(to, volume_step{what, std::make_shared<std::function<void()>>(
                                                 [follow, how] { (*follow)(std::move(*how)); })});
      });
  if (!queued)
    (*follow)(T{too_much()});
}

// -- records --------------------------------------------------------------------------------------

void volumes_state::open(const volumes_opened& opened) {
  std::map<std::string, std::set<std::string>, std::less<>> mounted;
  std::map<std::string, std::set<std::string>, std::less<>> users;
  for (const auto& user : *opened.users)
    for (const auto& volume : user.volumes) {
      users[volume].insert(user.container);
      if (user.running)
        mounted[volume].insert(user.container);
    }
  for (const auto& record : *opened.volumes) {
    const auto& which = record.name;
    entry one{record, opened.store->where().data(which).native(), std::move(users[which]),
              mount_users{volume::needs_mount(record) ? std::move(mounted[which])
                                                      : std::set<std::string>{}}};
    for (const auto& container : one.users)
      used_by_[container].insert(which);
    show(one);
    volumes_.emplace(which, std::move(one));
  }
  store_ = opened.store;
  opened.shown();
  next();
}

result<volumes_state::planned> volumes_state::plan(const use_volumes& asked) const {
  planned plan;
  plan.unkept.container = asked.container;
  std::set<std::string> fresh;
  for (const auto& [what, must_exist] : asked.wanted) {
    volume_record one{what.name, {}, what.labels, what.options};
    if (what.name.empty()) {
      auto id = core::fresh_id();
      if (!id)
        return id.error();
      one.name = std::move(*id);
      if (!one.labels)
        one.labels.emplace();
      one.labels->emplace(volume::anonymous_label, "");
      if (!asked.container.empty())
        plan.unkept.names.insert(one.name);
    }
    plan.names.push_back(one.name);
    const auto failed = [&one](const api_error& why) {
      return volume::failure_of("create", one.name, why);
    };
    if (auto driver = volume::check_driver(what.driver); !driver)
      return failed(driver.error());
    if (volumes_.contains(one.name) || fresh.contains(one.name))
      continue;
    if (must_exist)
      return volume::no_such_volume(one.name);
    if (auto good = volume::check_name(one.name); !good)
      return failed(good.error());
    if (auto good = volume::check_options(one.options); !good)
      return failed(good.error());
    one.created = core::instant_now();
    fresh.insert(one.name);
    plan.fresh.push_back(std::move(one));
  }
  return plan;
}

void volumes_state::use(const use_volumes_ptr& what) {
  if (waiting_.size() >= most_waiting)
    return what->answer.tell(too_much());
  in_turn("make", [this, what] {
    auto plan = this->plan(*what);
    if (!plan) {
      what->answer.tell(plan.error());
      return over();
    }
    if (plan->fresh.empty()) {
      give(*what, plan->names);
      return over();
    }
    const auto made = std::make_shared<const planned>(std::move(*plan)); // for both, in any order
    on_store<result<void>>(
        [made](volume_store& store) { return store.add(made->fresh, made->unkept); },
        [this, what, made](const result<void>& how) {
          if (how) {
            add(made->fresh);
            give(*what, made->names);
          } else {
            what->answer.tell(volume::failure_of("create", made->fresh.front().name, how.error()));
          }
          over();
        });
  });
}

void volumes_state::add(const std::vector<volume_record>& fresh) {
  for (const auto& record : fresh) {
    auto [at, is_new] = volumes_.insert_or_assign(
        record.name, entry{record, store_->where().data(record.name).native(), {}, mount_users{}});
    show(at->second);
    publish("create", record.name);
  }
}

void volumes_state::give(use_volumes& what, const std::vector<std::string>& names) {
  volume_list given;
  for (const auto& which : names) {
    auto& one = volumes_.find(which)->second;
    if (!what.container.empty() && one.users.insert(what.container).second) {
      used_by_[what.container].insert(which);
      show(one);
    }
    given.push_back(setup.all->find(which));
  }
  what.answer.tell(std::move(given));
}

void volumes_state::release(const release_volumes_ptr& what) {
  in_turn("release", [this, what] { // never refused: they would be in use for ever
    if (auto found = used_by_.find(what->container); found != used_by_.end()) {
      for (const auto& which : found->second) {
        auto& one = volumes_.find(which)->second;
        one.users.erase(what->container);
        show(one);
      }
      used_by_.erase(found);
    }
    std::vector<std::string> gone;
    for (const auto& which : std::set<std::string>(what->discard.begin(), what->discard.end()))
      if (auto found = volumes_.find(which);
          found != volumes_.end() && found->second.users.empty() && found->second.mounts.is_idle())
        gone.push_back(which);
    if (gone.empty()) {
      what->answer.tell({});
      return over();
    }
    using removal = result<std::vector<result<void>>>;
    on_store<removal>(
        [gone](volume_store& store) -> removal {
          std::vector<result<void>> all;
          for (const auto& which : gone)
            all.push_back(store.remove(which));
          return all;
        },
        [this, what, gone](const removal& how) {
          result<void> failure = how ? result<void>{} : result<void>{how.error()};
          for (std::size_t i = 0; how && i < gone.size(); ++i)
            if ((*how)[i])
              forget(gone[i]);
            else
              failure = api_error{errc::system,
                                  "error while removing volumes: " + (*how)[i].error().message};
          what->answer.tell(failure);
          over();
        });
  });
}

void volumes_state::remove(const remove_volume_ptr& what) {
  if (waiting_.size() >= most_waiting)
    return what->answer.tell(too_much());
  in_turn("remove", [this, what] {
    const auto refuse = [&](const api_error& why) {
      what->answer.tell(why);
      over();
    };
    const auto found = volumes_.find(what->name);
    if (found == volumes_.end())
      return refuse(volume::no_such_volume(what->name));
    const auto& one = found->second;
    const auto failed = [what](const api_error& why) {
      return volume::failure_of("remove", what->name, why);
    };
    if (!one.users.empty())
      return refuse(failed({errc::conflict, "volume is in use - " + listed(one.users)}));
    if (!one.mounts.is_idle())
      return refuse(failed({errc::system, "volume has active mounts"}));
    on_store<result<void>>([which = what->name](volume_store& s) { return s.remove(which); },
                           [this, what, failed](const result<void>& how) {
                             if (how)
                               forget(what->name);
                             what->answer.tell(how ? how : result<void>{failed(how.error())});
                             over();
                           });
  });
}

void volumes_state::forget(const std::string& gone) {
  volumes_.erase(gone);
  setup.all->remove(gone);
  publish("destroy", gone);
}

void volumes_state::show(const entry& one) const {
  setup.all->put(std::make_shared<const published_volume>(
      published_volume{one.record, one.directory, {one.users.begin(), one.users.end()}}));
}

void volumes_state::publish(const char* action, const std::string& which) const {
  api::event e;
  e.type = "volume";
  e.action = action;
  e.actor = which;
  e.attributes.emplace("driver", volume::local_driver);
  setup.publish(std::move(e));
}

// -- the actor ------------------------------------------------------------------------------------

core::facts volumes_state::describe() const {
  core::facts f{{{"volumes", std::to_string(volumes_.size())},
                 {"change", !store_    ? "being opened"
                            : running_ ? running_
                                       : "none"},
                 {"changes waiting", std::to_string(waiting_.size())}}};
  for (const auto& [which, one] : volumes_)
    if (!one.mounts.is_idle() && one.mounts.word() != std::string_view{"down"})
      f.values.emplace_back("mount of " + which, one.mounts.word());
  return f;
}

namespace {

volumes_actor::behavior_type run_volumes(volumes_actor::stateful_pointer<volumes_state> self,
                                         volumes_setup setup) {
  auto& s = self->state;
  s.self = self;
  s.setup = std::move(setup);
  return {
      [&s](const volumes_opened& x) { s.open(x); },
      [&s](const use_volumes_ptr& x) { s.use(x); },
      [&s](const release_volumes_ptr& x) { s.release(x); },
      [&s](const remove_volume_ptr& x) { s.remove(x); },
      [&s](const mount_volume_ptr& x) { s.mount(x); },
      [&s](const unmount_volumes_ptr& x) { s.unmount(x); },
      [](const volume_step& x) { (*x.next)(); },
      [&s](const mount_late& x) { s.on_late(x); },
      [&s](core::describe) { return s.describe(); },
  };
}

} // namespace

volumes_actor spawn_volumes(caf::actor_system& sys, volumes_setup setup) {
  return runtime::spawn(sys, run_volumes, std::move(setup));
}

result<void> ask_mount_blocking(const volume_services& services, std::string container,
                                std::string name) {
  auto told = std::make_shared<std::promise<result<void>>>();
  auto future = told->get_future();
  auto request = std::make_shared<mount_volume>();
  request->container = std::move(container);
  request->name = std::move(name);
  request->answer = {"the volumes", [told](result<void> how) { told->set_value(std::move(how)); }};
  caf::anon_send(services.actor, std::move(request));
  return future.get();
}

void let_unmount(const volume_services& services, std::string container) {
  auto request = std::make_shared<unmount_volumes>();
  request->container = std::move(container);
  caf::anon_send(services.actor, std::move(request));
}

} // namespace gantry::volumes
