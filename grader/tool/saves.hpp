#pragma once

#include <filesystem>
#include <map>
#include <vector>

#include "harness/descriptor.hpp"

namespace grader {

/// Hears of every save of a file in some folders (inotify(7)). The folders are watched, not the files,
/// because many editors write a new file and put it in the old one's place.
class Saves {
 public:
  /// Throws `InfraError` if a folder can't be watched.
  explicit Saves(const std::vector<std::filesystem::path>& folders);

  /// Readable when there is something to take.
  [[nodiscard]] int descriptor() const { return inotify_.get(); }

  /// The files that were saved since the last call, each as often as it was saved.
  std::vector<std::filesystem::path> take();

 private:
  Descriptor inotify_;
  std::map<int, std::filesystem::path> folders_;
};

}  // namespace grader
