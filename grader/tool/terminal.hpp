#pragma once

#include <string>

namespace grader {

/// How to write on this terminal: colours only on a terminal and without NO_COLOR
/// (https://no-color.org), everything readable without.
class Terminal {
 public:
  Terminal();

  [[nodiscard]] bool interactive() const { return interactive_; }
  [[nodiscard]] bool colours() const { return colours_; }
  [[nodiscard]] std::size_t width() const { return width_; }

  [[nodiscard]] std::string good(const std::string& text) const { return coloured("32", text); }
  [[nodiscard]] std::string bad(const std::string& text) const { return coloured("31", text); }
  [[nodiscard]] std::string notable(const std::string& text) const { return coloured("33", text); }
  [[nodiscard]] std::string faint(const std::string& text) const { return coloured("2", text); }
  [[nodiscard]] std::string strong(const std::string& text) const { return coloured("1", text); }

  /// Replaces the line in progress on a terminal; nothing elsewhere.
  void progress(const std::string& text) const;
  void end_progress() const;

 private:
  [[nodiscard]] std::string coloured(const char* code, const std::string& text) const;

  bool interactive_ = false;
  bool erases_ = false;  ///< Knows how to erase a line: not a "dumb" one.
  bool colours_ = false;
  std::size_t width_ = 100;
};

}  // namespace grader
