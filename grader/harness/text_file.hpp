#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace grader {

/// The whole of a file, or what follows `offset`; empty if it can't be read.
std::string read_text(const std::filesystem::path& file, std::uintmax_t offset = 0);

/// Writes `text` to `file` unless it is there already, so that its time stamp means something. Throws
/// `InfraError` if it can't be written.
void write_if_changed(const std::filesystem::path& file, const std::string& text);

}  // namespace grader
