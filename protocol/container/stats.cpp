#include "protocol/container/stats.hpp"

#include "protocol/container/json_fields.hpp"

#include <algorithm>

namespace gantry::container {

namespace detail {

template <>
struct description<cpu_usage> {
  static constexpr std::tuple fields{
      field{"total_usage", &cpu_usage::total},
      field{"percpu_usage", &cpu_usage::per_cpu, shown::if_set},
      field{"usage_in_kernelmode", &cpu_usage::kernel},
      field{"usage_in_usermode", &cpu_usage::user},
  };
};

template <>
struct description<cpu_throttling> {
  static constexpr std::tuple fields{
      field{"periods", &cpu_throttling::periods},
      field{"throttled_periods", &cpu_throttling::throttled_periods},
      field{"throttled_time", &cpu_throttling::throttled_time},
  };
};

template <>
struct description<cpu_stats> {
  static constexpr std::tuple fields{
      field{"cpu_usage", &cpu_stats::usage},
      field{"system_cpu_usage", &cpu_stats::system, shown::if_set},
      field{"online_cpus", &cpu_stats::online, shown::if_set},
      field{"throttling_data", &cpu_stats::throttling},
  };
};

template <>
struct description<pids_stats> {
  static constexpr std::tuple fields{
      field{"current", &pids_stats::current, shown::if_set},
      field{"limit", &pids_stats::limit, shown::if_set},
  };
};

template <>
struct description<block_io_entry> {
  static constexpr std::tuple fields{
      field{"major", &block_io_entry::major},
      field{"minor", &block_io_entry::minor},
      field{"op", &block_io_entry::op},
      field{"value", &block_io_entry::value},
  };
};

template <>
struct description<block_io_stats> {
  using b = block_io_stats;
  static constexpr std::tuple fields{
      field{"io_service_bytes_recursive", &b::service_bytes},
      field{"io_serviced_recursive", &b::serviced},
      field{"io_queue_recursive", &b::queued},
      field{"io_service_time_recursive", &b::service_time},
      field{"io_wait_time_recursive", &b::wait_time},
      field{"io_merged_recursive", &b::merged},
      field{"io_time_recursive", &b::time},
      field{"sectors_recursive", &b::sectors},
  };
};

template <>
struct description<memory_stats> {
  static constexpr std::tuple fields{
      field{"usage", &memory_stats::usage, shown::if_set},
      field{"max_usage", &memory_stats::max_usage, shown::if_set},
      field{"stats", &memory_stats::stats, shown::if_set},
      field{"failcnt", &memory_stats::fail_count, shown::if_set},
      field{"limit", &memory_stats::limit, shown::if_set},
  };
};

template <>
struct description<network_stats> {
  using n = network_stats;
  static constexpr std::tuple fields{
      field{"rx_bytes", &n::rx_bytes},   field{"rx_packets", &n::rx_packets},
      field{"rx_errors", &n::rx_errors}, field{"rx_dropped", &n::rx_dropped},
      field{"tx_bytes", &n::tx_bytes},   field{"tx_packets", &n::tx_packets},
      field{"tx_errors", &n::tx_errors}, field{"tx_dropped", &n::tx_dropped},
  };
};

} // namespace detail

std::string write_stats(std::string_view name, std::string_view id, const stats_sample& now,
                        const stats_sample& before) {
  using detail::write;
  std::string out;
  {
    detail::object_writer o{out};
    write(o.key("read"), now.read);
    write(o.key("preread"), before.read);
    write(o.key("pids_stats"), now.pids);
    write(o.key("blkio_stats"), now.block_io);
    o.member("num_procs", std::int64_t{0}); // of Windows, as is the next
    o.key("storage_stats") += "{}";
    write(o.key("cpu_stats"), now.cpu);
    write(o.key("precpu_stats"), before.cpu);
    write(o.key("memory_stats"), now.memory);
    o.member("name", name);
    o.member("id", id);
    if (!now.networks.empty())
      write(o.key("networks"), now.networks);
  }
  out += '\n';
  return out;
}

void level_system_time(stats_sample& before, const stats_sample& now) {
  const auto elapsed = std::max<std::int64_t>((now.clock - before.clock).count(), 0);
  const auto spent = static_cast<std::uint64_t>(elapsed) * now.cpu.online;
  before.cpu.system = now.cpu.system - std::min(now.cpu.system, spent);
}

} // namespace gantry::container
