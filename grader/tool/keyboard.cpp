#include "tool/keyboard.hpp"

#include <unistd.h>

namespace grader {

Keyboard::Keyboard() {
  termios now{};
  if (isatty(STDIN_FILENO) == 0 || tcgetattr(STDIN_FILENO, &now) != 0) return;
  before_ = now;
  resume();
}

Keyboard::~Keyboard() {
  suspend();
}

int Keyboard::descriptor() const {
  return before_ ? STDIN_FILENO : -1;
}

std::optional<char> Keyboard::take() const {
  char key = 0;
  return read(STDIN_FILENO, &key, 1) == 1 ? std::optional(key) : std::nullopt;
}

void Keyboard::suspend() const {
  if (before_) tcsetattr(STDIN_FILENO, TCSADRAIN, &*before_);
}

void Keyboard::resume() const {
  if (!before_) return;
  auto keys = *before_;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  tcsetattr(STDIN_FILENO, TCSADRAIN, &keys);
}

}  // namespace grader
