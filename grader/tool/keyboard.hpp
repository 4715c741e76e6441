#pragma once

#include <termios.h>

#include <optional>

namespace grader {

/// Single keys from the terminal, without Enter and without their echo, while it lives. Without a terminal
/// there are none.
class Keyboard {
 public:
  Keyboard();
  ~Keyboard();
  Keyboard(const Keyboard&) = delete;
  Keyboard& operator=(const Keyboard&) = delete;

  /// Readable when a key was pressed; -1 without a terminal.
  [[nodiscard]] int descriptor() const;
  /// The key; nothing at the end of input.
  [[nodiscard]] std::optional<char> take() const;

  /// Gives the terminal back to another program until `resume`.
  void suspend() const;
  void resume() const;

 private:
  std::optional<termios> before_;
};

}  // namespace grader
