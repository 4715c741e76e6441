#pragma once

#include <span>
#include <string>
#include <vector>

#include "support/client_config.hpp"

namespace course {

/// A topic that we want to exist.
struct TopicSpec {
  std::string name;
  int partitions = 1;
};

/// What became of that wish.
struct TopicOutcome {
  enum class Kind {
    created,  ///< It is new.
    existed,  ///< It was there already, with as many partitions as wanted.
    differs,  ///< It was there already, with another number of partitions.
    refused,  ///< The broker did not create it; `error` says why.
  };

  std::string name;
  Kind kind = Kind::created;
  int partitions = 0;  ///< As the broker describes it now; 0 if it refused.
  std::string error{};
};

/// Creates the topics that do not exist yet, each with one replica (our broker is alone), and returns
/// what became of each, in the order of `topics`. Safe to call again: nothing that exists is changed.
///
/// Throws `std::runtime_error` if the broker can't be reached within ten seconds.
std::vector<TopicOutcome> create_topics(const ClientConfig& config, std::span<const TopicSpec> topics);

}  // namespace course
