#include "predictions/reflection.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <stdexcept>

#include "predictions/entry.hpp"

namespace grader {

std::vector<ReflectionQuestion> load_reflection(const std::filesystem::path& root) {
  const auto file = root / "phases/8-reflection/reflection.toml";
  std::vector<ReflectionQuestion> questions;
  for_each_question(file, [&](const Entry& entry) {
    entry.allow_only({"name", "title", "text", "touches_on"});
    ReflectionQuestion question{.name = entry.text("name"),
                                .title = entry.text("title"),
                                .text = entry.text("text"),
                                .touches_on = entry.texts("touches_on")};
    if (std::ranges::find(questions, question.name, &ReflectionQuestion::name) != questions.end())
      entry.fail(fmt::format("there is another question '{}'", question.name));
    questions.push_back(std::move(question));
  });
  return questions;
}

}  // namespace grader
