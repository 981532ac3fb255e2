#pragma once

#include "protocol/inspect/model.hpp"

#include <cstdint>
#include <string_view>
#include <tuple>

// Inside of protocol/inspect: the members of each struct of the model, told once; their JSON is
// read and written by these tables.
namespace gantry::inspect::detail {

enum class need : std::uint8_t { optional, required };

/// A member and its name in JSON.
template <class Owner, class T>
struct field {
  std::string_view name;
  T Owner::*member;
  need when = need::optional; ///< whether an object without it is refused
};

template <class Owner, class T>
field(std::string_view, T Owner::*) -> field<Owner, T>;
template <class Owner, class T>
field(std::string_view, T Owner::*, need) -> field<Owner, T>;

/// `fields`: a tuple of `field`, in the order of writing.
template <class T>
struct description;

template <class T>
concept described = requires {
  description<T>::fields;
};

template <>
struct description<latency> {
  using x = latency;
  static constexpr std::tuple fields{
      field{"count", &x::count}, field{"mean_ns", &x::mean}, field{"p50_ns", &x::p50},
      field{"p99_ns", &x::p99},  field{"max_ns", &x::max},   field{"buckets", &x::buckets},
  };
};

template <>
struct description<actor_view> {
  using x = actor_view;
  static constexpr std::tuple fields{
      field{"id", &x::id, need::required},
      field{"parent", &x::parent},
      field{"kind", &x::kind, need::required},
      field{"name", &x::name},
      field{"state", &x::state},
      field{"age_ns", &x::age},
      field{"mailbox", &x::mailbox},
      field{"oldest_ns", &x::oldest},
      field{"message", &x::message},
      field{"message_age_ns", &x::message_age},
      field{"request", &x::request},
      field{"messages", &x::messages},
      field{"busy_ns", &x::busy},
      field{"waiting", &x::waiting},
      field{"handling", &x::handling},
  };
};

template <>
struct description<traced_message> {
  using x = traced_message;
  static constexpr std::tuple fields{
      field{"time", &x::time},       field{"type", &x::type},        field{"sender", &x::sender},
      field{"request", &x::request}, field{"waited_ns", &x::waited}, field{"took_ns", &x::took},
  };
};

template <>
struct description<actor_detail> {
  using x = actor_detail;
  static constexpr std::tuple fields{
      field{"actor", &x::actor, need::required},
      field{"facts", &x::facts},
      field{"facts_missing", &x::facts_missing},
      field{"children", &x::children},
      field{"traced", &x::traced},
      field{"last", &x::last},
  };
};

template <>
struct description<kind_view> {
  using x = kind_view;
  static constexpr std::tuple fields{
      field{"kind", &x::kind, need::required},
      field{"live", &x::live},
      field{"spawned", &x::spawned},
      field{"messages", &x::messages},
      field{"busy_ns", &x::busy},
      field{"waiting", &x::waiting},
      field{"handling", &x::handling},
  };
};

template <>
struct description<thread_view> {
  using x = thread_view;
  static constexpr std::tuple fields{
      field{"name", &x::name, need::required},
      field{"tid", &x::tid},
      field{"queued", &x::queued},
      field{"actor", &x::actor},
      field{"kind", &x::kind},
      field{"message", &x::message},
      field{"age_ns", &x::age},
      field{"wchan", &x::wchan},
  };
};

template <>
struct description<task_view> {
  using x = task_view;
  static constexpr std::tuple fields{
      field{"label", &x::label}, field{"state", &x::state}, field{"age_ns", &x::age},
      field{"tid", &x::tid},     field{"wchan", &x::wchan},
  };
};

template <>
struct description<pool_view> {
  using x = pool_view;
  static constexpr std::tuple fields{
      field{"threads", &x::threads},
      field{"capacity", &x::capacity},
      field{"tasks", &x::tasks},
  };
};

template <>
struct description<job_view> {
  using x = job_view;
  static constexpr std::tuple fields{
      field{"request", &x::request}, field{"call", &x::call},  field{"actor", &x::actor},
      field{"client", &x::client},   field{"age_ns", &x::age},
  };
};

template <>
struct description<connection_view> {
  using x = connection_view;
  static constexpr std::tuple fields{
      field{"actor", &x::actor, need::required},
      field{"listener", &x::listener},
      field{"peer", &x::peer},
      field{"uid", &x::uid},
      field{"pid", &x::pid},
      field{"subject", &x::subject},
      field{"age_ns", &x::age},
      field{"requests", &x::requests},
      field{"request", &x::request},
      field{"doing", &x::doing},
  };
};

template <>
struct description<dead_letter_view> {
  using x = dead_letter_view;
  static constexpr std::tuple fields{
      field{"time", &x::time},
      field{"type", &x::type},
      field{"actor", &x::actor},
      field{"kind", &x::kind},
  };
};

template <>
struct description<death_view> {
  using x = death_view;
  static constexpr std::tuple fields{
      field{"time", &x::time},
      field{"actor", &x::actor},
      field{"kind", &x::kind},
      field{"reason", &x::reason},
  };
};

template <>
struct description<stall_view> {
  using x = stall_view;
  static constexpr std::tuple fields{
      field{"time", &x::time},   field{"what", &x::what},
      field{"actor", &x::actor}, field{"request", &x::request},
      field{"kind", &x::kind},   field{"message", &x::message},
      field{"where", &x::where}, field{"duration_ns", &x::duration},
      field{"over", &x::over},
  };
};

template <>
struct description<request_view> {
  using x = request_view;
  static constexpr std::tuple fields{
      field{"id", &x::id, need::required}, field{"call", &x::call}, field{"client", &x::client},
      field{"connection", &x::connection}, field{"time", &x::time}, field{"took_ns", &x::took},
      field{"status", &x::status},         field{"over", &x::over},
  };
};

template <>
struct description<span_view> {
  using x = span_view;
  static constexpr std::tuple fields{
      field{"time", &x::time},     field{"request", &x::request},  field{"actor", &x::actor},
      field{"kind", &x::kind},     field{"name", &x::name},        field{"message", &x::message},
      field{"thread", &x::thread}, field{"waited_ns", &x::waited}, field{"took_ns", &x::took},
  };
};

template <>
struct description<request_trace> {
  using x = request_trace;
  static constexpr std::tuple fields{
      field{"request", &x::request, need::required},
      field{"spans", &x::spans},
      field{"missing", &x::missing},
  };
};

template <>
struct description<stream_view> {
  using x = stream_view;
  static constexpr std::tuple fields{
      field{"actor", &x::actor}, field{"what", &x::what},     field{"request", &x::request},
      field{"bytes", &x::bytes}, field{"credit", &x::credit}, field{"held_ns", &x::held},
  };
};

template <>
struct description<pressure_view> {
  using x = pressure_view;
  static constexpr std::tuple fields{
      field{"resource", &x::resource},        field{"some_avg10", &x::some_avg10},
      field{"full_avg10", &x::full_avg10},    field{"some_total_ns", &x::some_total},
      field{"full_total_ns", &x::full_total},
  };
};

template <>
struct description<container_view> {
  using x = container_view;
  static constexpr std::tuple fields{
      field{"id", &x::id, need::required},
      field{"name", &x::name},
      field{"image", &x::image},
      field{"state", &x::state},
      field{"actor", &x::actor},
      field{"pid", &x::pid},
      field{"cpu_ns", &x::cpu},
      field{"memory", &x::memory},
      field{"memory_limit", &x::memory_limit},
      field{"pids", &x::pids},
      field{"pressure", &x::pressure},
  };
};

template <>
struct description<system_view> {
  using x = system_view;
  static constexpr std::tuple fields{
      field{"time", &x::time, need::required},
      field{"version", &x::version},
      field{"id", &x::id},
      field{"pid", &x::pid},
      field{"uptime_ns", &x::uptime},
      field{"actors", &x::actors, need::required},
      field{"kinds", &x::kinds},
      field{"threads", &x::threads},
      field{"pool", &x::pool},
      field{"jobs", &x::jobs},
      field{"connections", &x::connections},
      field{"requests", &x::requests},
      field{"spans", &x::spans},
      field{"streams", &x::streams},
      field{"containers", &x::containers},
      field{"dead_letters", &x::dead_letters},
      field{"deaths", &x::deaths},
      field{"stalls", &x::stalls},
      field{"missing", &x::missing},
  };
};

} // namespace gantry::inspect::detail
