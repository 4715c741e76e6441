#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace grader {

/// The value of a line "NAME: value" in the head of a file: the lines at its beginning that start with
/// `comment` ("# ", "// "). Nothing if the head has none.
std::optional<std::string> head_field(const std::filesystem::path& file, const std::string& comment,
                                      const std::string& name);

/// The same; throws `std::runtime_error` naming file and line if the head has none.
std::string required_head_field(const std::filesystem::path& file, const std::string& comment,
                                const std::string& name);

}  // namespace grader
