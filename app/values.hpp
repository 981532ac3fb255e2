#pragma once

#include "app/settings.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// Texts of flags and of the configuration file turned into values. Every failure is
/// invalid_parameter with a text that makes sense after `invalid argument "x" for "--flag" flag: `.
namespace gantry::app {

/// Go's words: `1 t T TRUE true True 0 f F FALSE false False`. Source: clause F1.
std::optional<bool> parse_bool(std::string_view word) noexcept;

/// A whole decimal number with optional sign.
std::optional<std::int64_t> parse_integer(std::string_view word) noexcept;

/// `64m`, `1.5GiB`, `100 kb`, `4096`: units are powers of 1024, up to peta.
result<byte_count> parse_bytes(std::string_view text);

/// `nofile=1024:2048`, `nofile=1024`; -1 is unlimited.
result<std::pair<std::string, ulimit>> parse_ulimit(std::string_view text);

/// Name and limits as `parse_ulimit` demands them.
result<void> check_ulimit(std::string_view name, const ulimit& limit);

/// `base=10.10.0.0/16,size=24`.
result<address_pool> parse_address_pool(std::string_view text);

/// A base that is a CIDR and a size that fits into it.
result<void> check_address_pool(const address_pool& pool);

/// `name=path`.
result<std::pair<std::string, oci_runtime>> parse_runtime(std::string_view text);

/// A name that can be used and is not taken by a built-in, and a path.
result<void> check_runtime(std::string_view name, const oci_runtime& runtime);

/// Looks at one text and answers its normal form, or what is wrong with it.
using text_check = result<std::string> (*)(std::string_view text);

result<std::string> check_host(std::string_view text); ///< PROTO://ADDR, clause 2.2
/// `none`, or the PROTO://ADDR of a unix or tcp socket.
result<std::string> check_inspect_host(std::string_view text);
/// HOST:PORT of tcp; all addresses of IPv4 without a host, as dockerd has it. Empty stays empty.
result<std::string> check_metrics_addr(std::string_view text);
result<std::string> check_ip(std::string_view text);          ///< IPv4 or IPv6, trimmed
result<std::string> check_cidr(std::string_view text);        ///< address/bits; empty stays empty
result<std::string> check_optional_ip(std::string_view text); ///< as check_ip; empty stays empty
result<std::string> check_domain(std::string_view text);      ///< a domain, or `.`
result<std::string> check_pair(std::string_view text);        ///< key=value
result<std::string> check_mirror(std::string_view text); ///< http(s)://host/, one slash at the end
result<std::string> check_registry(std::string_view text); ///< host, host:port or CIDR; no scheme
result<std::string> check_ipc_mode(std::string_view text);
result<std::string> check_cgroupns_mode(std::string_view text);
result<std::string> check_api_version(std::string_view text); ///< `1.24`
result<std::string> check_not_empty(std::string_view text);

} // namespace gantry::app
