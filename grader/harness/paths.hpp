#pragma once

#include <filesystem>
#include <string>

namespace grader {

/// Where things are. All of them lie in the checkout or in the user's cache folder.
struct Paths {
  std::filesystem::path root;   ///< The checkout.
  std::filesystem::path build;  ///< CMake's build folder of this checkout.
  std::filesystem::path state;  ///< `.course` in the checkout: broker, last results. Made when missing.
  std::filesystem::path cache;  ///< Shared by all checkouts of a user: Kafka's jars, the prepared broker.

  /// The checkout that this program was built from. COURSE_STATE_DIR puts `state` elsewhere.
  static Paths of_this_checkout();
};

/// The lock of the evidence that grades of `answers` leave in `results`: exclusive for a grade, shared for a
/// check that somebody runs by itself. Mutants share one, and so do variants.
std::filesystem::path results_lock(const std::filesystem::path& results, const std::string& answers);

}  // namespace grader
