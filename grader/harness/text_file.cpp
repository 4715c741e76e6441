#include "harness/text_file.hpp"

#include <fstream>
#include <sstream>

#include "harness/infra_error.hpp"

namespace grader {

std::string read_text(const std::filesystem::path& file, std::uintmax_t offset) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in.seekg(static_cast<std::streamoff>(offset))) text << in.rdbuf();
  return std::move(text).str();
}

void write_if_changed(const std::filesystem::path& file, const std::string& text) {
  if (std::filesystem::exists(file) && read_text(file) == text) return;
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  if (!out.flush()) throw InfraError("can't write " + file.string() + "; is the disk full?");
}

}  // namespace grader
