#include "support/event_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace {

using course::Event;
using course::EventLines;
using course::MalformedLine;

TEST(EventJson, RoundTripsEveryKindOfBytes) {
  using namespace std::string_literals;
  const Event event{.key = "a\0b"s,
                    .value = "\xff\xfe\0"s,
                    .headers = {{.name = "empty", .value = ""}, {.name = "null", .value = std::nullopt}},
                    .timestamp = std::chrono::milliseconds(1734721501000)};
  EXPECT_EQ(course::event_from_json(nlohmann::json::parse(course::event_to_json(event).dump())), event);
}

TEST(EventJson, NullAndEmptyStayApart) {
  const Event null{.key = std::nullopt, .value = std::nullopt};
  const Event empty{.key = "", .value = ""};
  EXPECT_EQ(course::event_from_json(course::event_to_json(null)), null);
  EXPECT_EQ(course::event_from_json(course::event_to_json(empty)), empty);
}

TEST(EventLines, NamesTheMalformedLineAndGoesOn) {
  std::istringstream input("{\"key\": \"a\"}\n\nnot json\n{\"kee\": 1}\n{\"value\": \"b\"}\n");
  EventLines lines(input);
  EXPECT_EQ(std::get<Event>(lines.next()).key, "a");
  EXPECT_EQ(std::get<MalformedLine>(lines.next()).line_number, 3U);
  const auto unknown = std::get<MalformedLine>(lines.next());
  EXPECT_EQ(unknown.line_number, 4U);
  EXPECT_NE(unknown.reason.find("'kee'"), std::string::npos) << unknown.reason;
  EXPECT_EQ(std::get<Event>(lines.next()).value, "b");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(lines.next()));
}

TEST(EventJson, RefusesBadHex) {
  for (const auto* text : {R"({"value":{"hex":"0"}})", R"({"value":{"hex":"zz"}})"}) {
    EXPECT_THROW(course::event_from_json(nlohmann::json::parse(text)), std::invalid_argument) << text;
  }
}

}  // namespace
