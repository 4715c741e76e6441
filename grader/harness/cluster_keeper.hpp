#pragma once

#include "harness/broker_keeper.hpp"

namespace grader {

/// The keeper of a three-broker cluster, a process of its own, as `keep_broker` is one: starts a controller
/// and three brokers, writes down how to reach them, and stays until it is stopped, nobody uses the cluster,
/// the controller is dead, or the folder is gone; then it ends all of them.
///
/// A broker that dies stays dead, and is written down as such, until the keeper gets SIGUSR1: then it starts
/// the dead again, on their data and ports, and lets those that are paused go on.
int keep_cluster(const KeeperOptions& options);

}  // namespace grader
