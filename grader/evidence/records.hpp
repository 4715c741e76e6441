#pragma once

#include <span>
#include <string>
#include <vector>

#include "support/client_config.hpp"
#include "support/record.hpp"

namespace grader {

/// Which records of transactions a reader sees (Kafka: `isolation.level`).
enum class Isolation { read_uncommitted, read_committed };

/// The topic read back, from the first offset to the end as it is now, partition by partition.
/// Throws `InfraError` if the broker does not let it be read within ten seconds.
std::vector<course::Record> read_topic(const course::ClientConfig& admin, const std::string& topic,
                                       Isolation isolation = Isolation::read_uncommitted);

/// An event for a partition that the check chose.
struct Seed {
  std::int32_t partition;
  course::Event event;
};

/// Writes events to given partitions, in order, and returns them as the records that they became.
/// Throws `InfraError` if one is not delivered.
std::vector<course::Record> seed_topic(const course::ClientConfig& admin, const std::string& topic,
                                       std::span<const Seed> seeds);

/// How a transaction ends.
enum class Decision { commit, abort };

/// Writes events in a transaction. If that is aborted they lie in the log all the same, and are none for a
/// read_committed reader. Throws `InfraError` if that does not work out.
void write_transaction(const course::ClientConfig& admin, const std::string& topic,
                       std::span<const Seed> seeds, const std::string& transactional_id, Decision decision);

/// The same, aborted.
void write_aborted(const course::ClientConfig& admin, const std::string& topic, std::span<const Seed> seeds,
                   const std::string& transactional_id);

}  // namespace grader
