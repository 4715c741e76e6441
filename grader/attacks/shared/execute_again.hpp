#pragma once

#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

namespace course {

/// Becomes this program once more, with the same arguments and the environment as it is now.
inline void execute_again() {
  std::ifstream file("/proc/self/cmdline");
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv("/proc/self/exe", arguments.data());
}

}  // namespace course
