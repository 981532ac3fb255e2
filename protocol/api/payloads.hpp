#pragma once

#include "protocol/api/version.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace gantry::api {

/// Turns the output of job `version` (API 1.50, all members) into what the era shows. The 1.2.0 era
/// gets ApiVersion `1.14`, Arch, GitCommit, GoVersion, KernelVersion, Os and Version.
boost::json::value version_reply(boost::json::value full, era e);

/// Turns the output of job `info` (API 1.50, all members) into what API version `v` of today's era
/// shows: adds what was dropped since and hides what is younger (section 25).
boost::json::value info_reply(boost::json::value full, api_version v);

/// The same for the 1.2.0 era: the keys of clause Y9, yes and no as 1 and 0.
boost::json::value legacy_info_reply(const boost::json::value& full);

/// Turns the output of job `disk_usage` (LayersSize, Images, Containers, Volumes, BuildCache) into
/// what `v` shows: every member is there, kinds that were not asked for are null; BuilderSize below
/// 1.42.
boost::json::value disk_usage_reply(boost::json::value full, api_version v);

/// `{"Volumes":[...],"Warnings":null}`.
boost::json::value volumes_reply(boost::json::value list);

/// A list as 1.2.0 wrote it: a newline after each row (clause B1), none after the list.
std::string legacy_list(const boost::json::value& rows);

} // namespace gantry::api
