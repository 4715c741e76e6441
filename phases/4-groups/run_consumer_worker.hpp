#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

#include "support/client_config.hpp"
#include "support/record.hpp"

namespace course {

/// Hears what the group gives to a worker and takes from it. The worker calls it on the thread that
/// polls, so no record is handled meanwhile. Partitions as librdkafka names them in the rebalance callback.
class RebalanceObserver {
 public:
  virtual ~RebalanceObserver() = default;

  /// These partitions are the worker's from now on (with a cooperative assignor: in addition).
  virtual void on_assigned(const std::vector<TopicPartition>& partitions) = 0;

  /// These partitions are being handed over in good order: their offsets could still be committed, and have
  /// been.
  virtual void on_revoked(const std::vector<TopicPartition>& partitions) = 0;

  /// These partitions are gone already: the group has given up on the worker, and others may own them.
  virtual void on_lost(const std::vector<TopicPartition>& partitions) = 0;
};

struct WorkerOptions {
  std::string name;     ///< Becomes the `client.id`, so that the worker can be recognised in the group.
  ClientConfig config;  ///< With `bootstrap.servers` and `group.id`.
  std::vector<std::string> topics;
  std::size_t commit_every = 1;
};

/// One worker of a consumer group: it keeps the promise of consume_events.hpp (3-consumer) while
/// partitions come and go, until `stop` is requested. And:
///
/// - `observer` hears of every assignment, revocation and loss, before the next record is handled;
///   of the partitions that are given back on leaving, too. An assignment without partitions need
///   not be reported.
/// - Offsets of revoked partitions are committed before the partitions are given up, so that their
///   next owner repeats nothing. Nothing is committed for partitions that were lost.
/// - No record of a partition is handled before its assignment or after its revocation or loss.
/// - A commit that the broker refuses because the group has moved on ends nothing: the worker goes on.
/// - Both kinds of assignors work: eager ("range", "roundrobin": all partitions are taken and given
///   anew) and cooperative ("cooperative-sticky": only what moves is taken), as `config` says
///   (`partition.assignment.strategy`).
/// - A worker without partitions waits for some; it is not an error.
void run_consumer_worker(const WorkerOptions& options, const Handler& handler, RebalanceObserver& observer,
                         std::stop_token stop);

}  // namespace course
