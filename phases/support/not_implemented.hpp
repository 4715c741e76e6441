#pragma once

#include <source_location>
#include <stdexcept>
#include <string>

namespace course {

/// What a skeleton throws until its TODO(human) is done. Replace the throw by your code.
class NotImplemented : public std::logic_error {
 public:
  explicit NotImplemented(const std::string& exercise,
                          std::source_location where = std::source_location::current())
      : std::logic_error(exercise + " is not implemented yet: " + where.file_name() + ":" +
                         std::to_string(where.line())) {}
};

}  // namespace course
