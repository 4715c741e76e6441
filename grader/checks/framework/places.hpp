#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "evidence/admin.hpp"
#include "support/record.hpp"

namespace grader {

/// Where a record lies.
struct Place {
  course::TopicPartition source;
  std::int64_t offset = 0;

  friend auto operator<=>(const Place&, const Place&) = default;
};
using Places = std::set<Place>;

/// "partition 1, offset 3"
std::string to_string(const Place& place);
/// The same, with the topic if `among` lie in several.
std::string to_string(const Place& place, const Places& among);

/// The place that a hook, or a record of a call, names.
Place place_from_json(const nlohmann::json& json);

Place place_of(const course::Record& record);
Places places_of(const std::vector<course::Record>& records);

/// What a group should have committed when all of `handled` is handled: one behind the last of each
/// partition.
Offsets next_offsets(const Places& handled);

/// "partition 0: 4, partition 1: nothing", for the partitions of `of`.
std::string to_string(const Offsets& committed, const Offsets& of);

/// A record that a restart would skip although nobody has handled it; nothing if there is none. This is
/// what at-least-once rules out.
std::optional<Place> committed_ahead(const Offsets& committed, const Places& seeded, const Places& handled);

/// How many handled records a restart would repeat.
std::size_t uncommitted(const Offsets& committed, const Places& handled);

}  // namespace grader
