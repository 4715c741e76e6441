#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/broker.hpp"
#include "harness/paths.hpp"

namespace grader {

/// Finds what attacks leave behind: remembers how things are when it is made.
class Leftovers {
 public:
  Leftovers(const Paths& paths, std::vector<Broker> brokers);

  /// In words: processes, files and topics with "course-attack" in their names, files of the checkout and of
  /// the build that have changed, brokers that are gone.
  [[nodiscard]] std::vector<std::string> found() const;

 private:
  /// Sizes and times of what must stay as it is.
  [[nodiscard]] std::map<std::string, std::string> state_of_files() const;

  Paths paths_;
  std::vector<Broker> brokers_;
  std::map<std::string, std::string> files_;
};

}  // namespace grader
