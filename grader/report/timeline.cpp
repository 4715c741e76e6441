#include "report/timeline.hpp"

namespace grader {

Timeline::Timeline(const std::filesystem::path& file) : file_(file, std::ios::trunc) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  add_at(start_, "check", "opened",
         {{"schema", 1}, {"unix_ms", std::chrono::duration_cast<std::chrono::milliseconds>(now).count()}});
}

void Timeline::add(const std::string& source, const std::string& what, nlohmann::json fields) {
  add_at(std::chrono::steady_clock::now(), source, what, std::move(fields));
}

void Timeline::add_at(std::chrono::steady_clock::time_point at, const std::string& source,
                      const std::string& what, nlohmann::json fields) {
  fields["t"] = std::chrono::duration<double>(at - start_).count();
  fields["source"] = source;
  fields["what"] = what;
  const std::lock_guard lock(mutex_);
  file_ << fields.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n' << std::flush;
}

}  // namespace grader
