#include "4-groups/demonstrate_rebalancing.hpp"

#include "4-groups/run_consumer_worker.hpp"
#include "support/not_implemented.hpp"

namespace course {

// The contract is in demonstrate_rebalancing.hpp; README.md leads through it step by step.
std::vector<TimelineEntry> demonstrate_rebalancing(const DemonstrationOptions& /*options*/,
                                                   std::stop_token /*stop*/) {
  // TODO(human): start workers one by one, let one leave, and write down who owned what, when.
  throw NotImplemented("demonstrate_rebalancing");
}

}  // namespace course
