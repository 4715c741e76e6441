#pragma once

#include <map>
#include <string>
#include <vector>

#include "evidence/records.hpp"
#include "predictions/member.hpp"
#include "predictions/scene.hpp"

namespace grader {

/// Configuration of a member that begins at the earliest record, commits nothing by itself, tells when it has
/// come to the end of a partition, and does not wait for more before it takes what is there.
course::ClientConfig quick_member(const std::string& group, const course::ClientConfig& more = {});

/// Events "order FIRST" … "order LAST" for one partition, or for as many as there are, in turn.
std::vector<Seed> orders(int first, int last, int partitions = 1);

/// Writes them, as `seed_topic` does, with the scene's access to the cluster.
std::vector<course::Record> write(const Scene& scene, const std::string& topic,
                                  const std::vector<Seed>& seeds, const course::ClientConfig& more = {});

/// Next offset of each partition.
std::map<int, std::int64_t> ends_of(Scene& scene, const std::string& topic, int partitions);

/// Waits until `member` has read `partition` to the offset `end`.
void wait_for_end_of(Scene& scene, MemberProcess& member, int partition, std::int64_t end);

/// Waits until the group is stable, has these many members, and every partition of the topic has an owner.
/// The group as it is then.
Group wait_for_group(Scene& scene, const std::string& group, std::size_t members, const std::string& topic,
                     int partitions);

/// "order 3, order 4, order 5" as "3 4 5".
std::string numbers_of(const std::vector<std::string>& orders);

/// "1.25 s", "20 ms".
std::string in_words(std::chrono::milliseconds time);

}  // namespace grader
