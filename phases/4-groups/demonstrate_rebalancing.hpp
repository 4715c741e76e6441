#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "support/client_config.hpp"
#include "support/record.hpp"

namespace course {

/// Something that happened to one worker.
struct TimelineEntry {
  enum class Kind {
    started,   ///< The worker was started.
    assigned,  ///< `partitions` were given to it.
    revoked,   ///< `partitions` were taken from it in good order, or given back on leaving.
    lost,      ///< `partitions` were gone before it knew.
    handled,   ///< It handled the record at `offset` of the one partition in `partitions`.
    stopped,   ///< The worker has left the group and ended.
  };

  std::chrono::steady_clock::time_point at;
  std::string worker;
  Kind kind = Kind::started;
  std::vector<TopicPartition> partitions{};
  std::int64_t offset = -1;  ///< For `handled` only.
};

struct DemonstrationOptions {
  ClientConfig config;  ///< With `bootstrap.servers` and `group.id`.
  std::string topic;
  std::size_t workers = 3;
  std::size_t records = 40;  ///< So many are in the topic; the demonstration ends when all were handled.
  std::size_t commit_every = 1;
  Handler handler;  ///< Called by every worker, from its own thread.
};

/// Shows a consumer group at work: starts `workers` workers one after the other in one group, lets one
/// of them leave, and returns who owned and handled what, and when, in the order of time.
///
/// - The workers are named "worker-1", "worker-2", …; each is a `run_consumer_worker` with a client
///   of its own, in a thread or a process.
/// - They start staggered: each one when the one before it has been assigned partitions, however long
///   that takes: the group waits for whoever is busy with a record. Only a worker that comes when there
///   are no more partitions to give (worker-1, alone at first, got all of them) is given a second or two.
/// - "worker-1" leaves as soon as every worker has been started and has handled a record (or has no
///   partition), while records are still left; the others take its partitions over and finish.
/// - Ends when all `records` records have been handled, or earlier when `stop` is requested. On return
///   all workers have left the group.
/// - The timeline is the truth: partitions appear when the group gave and took them, not when one
///   expected it to. Every record handled appears, twice if it was handled twice.
/// - If a worker ends with an exception, the others are stopped and the exception goes on to the caller.
///
/// It stands on your own run_consumer_worker.
std::vector<TimelineEntry> demonstrate_rebalancing(const DemonstrationOptions& options, std::stop_token stop);

}  // namespace course
