// What a transaction leaves in the log, and who is shown it.

#include <fmt/format.h>

#include "predictions/experiments/collect.hpp"
#include "predictions/experiments/parts.hpp"

namespace grader {
namespace {

struct Log {
  std::int64_t end = 0;                    ///< The next offset.
  std::vector<std::string> committed{};    ///< What a read_committed reader is given.
  std::vector<std::string> uncommitted{};  ///< What a read_uncommitted reader is given.
  Observation observed{};
};

std::vector<std::string> read(Scene& scene, const std::string& topic, const std::string& isolation,
                              std::int64_t end) {
  MemberProcess reader(scene,
                       {.name = isolation,
                        .config = quick_member(scene.name_group(isolation), {{"isolation.level", isolation}}),
                        .topic = topic,
                        .commit = "never"});
  wait_for_end_of(scene, reader, 0, end);
  return reader.handled();
}

Log write_and_read(Scene& scene, const Settings& settings) {
  const int plain = settings.number("plain");
  const int aborted = settings.number("aborted");
  const int committed = settings.number("committed");
  const auto topic = scene.create_topic("receipts", 1);
  const auto id = scene.name_group("producer");
  write(scene, topic, orders(1, plain));
  const auto dropped = orders(plain + 1, plain + aborted);
  const auto kept = orders(plain + aborted + 1, plain + aborted + committed);
  // That the end of the last transaction is still being written, and the client tries again, is no news.
  const auto quiet = scene.client({{"log_level", "2"}});
  if (aborted > 0) write_transaction(quiet, topic, dropped, id, Decision::abort);
  if (committed > 0) write_transaction(quiet, topic, kept, id, Decision::commit);
  Log log{.end = scene.admin().watermarks({.topic = topic, .partition = 0}).second};
  log.committed = read(scene, topic, "read_committed", log.end);
  log.uncommitted = read(scene, topic, "read_uncommitted", log.end);
  log.observed.table = {
      .columns = {"", "records", "which"},
      .rows = {
          {"written without a transaction", std::to_string(plain), ""},
          {"written in one that was aborted", std::to_string(aborted), ""},
          {"written in one that was committed", std::to_string(committed), ""},
          {"read_uncommitted reader", std::to_string(log.uncommitted.size()), numbers_of(log.uncommitted)},
          {"read_committed reader", std::to_string(log.committed.size()), numbers_of(log.committed)},
          {"end offset", std::to_string(log.end), ""}}};
  return log;
}

}  // namespace

std::vector<Experiment> transactions() {
  const std::vector<Setting> sizes{{.name = "plain", .lowest = 1, .highest = 20},
                                   {.name = "aborted", .lowest = 0, .highest = 20},
                                   {.name = "committed", .lowest = 0, .highest = 20}};
  auto with_isolation = sizes;
  with_isolation.push_back({.name = "isolation", .words = {"read_committed", "read_uncommitted"}});
  return {{.name = "aborted_transaction",
           .settings = with_isolation,
           .run =
               [](Scene& scene, const Settings& settings) {
                 auto log = write_and_read(scene, settings);
                 const bool committed = settings.word("isolation") == "read_committed";
                 log.observed.number =
                     static_cast<std::int64_t>((committed ? log.committed : log.uncommitted).size());
                 return log.observed;
               }},
          {.name = "end_offset", .settings = sizes, .run = [](Scene& scene, const Settings& settings) {
             auto log = write_and_read(scene, settings);
             log.observed.number = log.end;
             return log.observed;
           }}};
}

}  // namespace grader
