#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace grader {

class Admin;

/// How the names of this process's topics, groups and transactional ids begin: with something that no other
/// check has, and with the process. They must not repeat although a seed does, as checks share a broker.
std::string new_check_prefix();

/// The process that made a name which begins so; nothing if no check made it.
std::optional<pid_t> maker_of(const std::string& name);

/// Deletes the topics of checks that were killed before they could do it themselves. Only for a broker whose
/// checks all run on this machine. Throws `InfraError` if the broker does not answer.
void delete_topics_of_dead_checks(Admin& admin);

}  // namespace grader
