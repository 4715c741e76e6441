#include "4-groups/run_consumer_worker.hpp"

#include <librdkafka/rdkafkacpp.h>

#include "support/not_implemented.hpp"

namespace course {

// The contract is in run_consumer_worker.hpp; README.md leads through it step by step.
void run_consumer_worker(const WorkerOptions& /*options*/, const Handler& /*handler*/,
                         RebalanceObserver& /*observer*/, std::stop_token /*stop*/) {
  // TODO(human): a consumer that handles, commits, and hands its partitions over in good order.
  throw NotImplemented("run_consumer_worker");
}

}  // namespace course
