#include "checks/framework/places.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace grader {

std::string to_string(const Place& place) {
  return fmt::format("partition {}, offset {}", place.source.partition, place.offset);
}

std::string to_string(const Place& place, const Places& among) {
  const bool one_topic = std::ranges::all_of(
      among, [&](const Place& other) { return other.source.topic == place.source.topic; });
  return (one_topic ? "" : "topic " + place.source.topic + ", ") + to_string(place);
}

Place place_from_json(const nlohmann::json& json) {
  return {.source = {.topic = json.value("topic", ""), .partition = json.value("partition", -1)},
          .offset = json.value("offset", std::int64_t{-1})};
}

Place place_of(const course::Record& record) {
  return {.source = record.source, .offset = record.offset};
}

Places places_of(const std::vector<course::Record>& records) {
  Places places;
  for (const auto& record : records) places.insert(place_of(record));
  return places;
}

Offsets next_offsets(const Places& handled) {
  Offsets next;
  for (const auto& [source, offset] : handled) next[source] = std::max(next[source], offset + 1);
  return next;
}

std::string to_string(const Offsets& committed, const Offsets& of) {
  const bool one_topic = of.empty() || of.begin()->first.topic == of.rbegin()->first.topic;
  std::string text;
  for (const auto& [source, unused] : of) {
    const auto found = committed.find(source);
    text +=
        fmt::format("{}{}partition {}: {}", text.empty() ? "" : ", ", one_topic ? "" : source.topic + " ",
                    source.partition, found == committed.end() ? "nothing" : std::to_string(found->second));
  }
  return text;
}

std::optional<Place> committed_ahead(const Offsets& committed, const Places& seeded, const Places& handled) {
  const auto skipped = std::ranges::find_if(seeded, [&](const Place& place) {
    const auto found = committed.find(place.source);
    return found != committed.end() && place.offset < found->second && !handled.contains(place);
  });
  return skipped == seeded.end() ? std::nullopt : std::optional(*skipped);
}

std::size_t uncommitted(const Offsets& committed, const Places& handled) {
  return static_cast<std::size_t>(std::ranges::count_if(handled, [&](const Place& place) {
    const auto found = committed.find(place.source);
    return found == committed.end() || place.offset >= found->second;
  }));
}

}  // namespace grader
