#include "grading/submission.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <fstream>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "harness/command.hpp"
#include "harness/descriptor.hpp"
#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_source = std::size_t{256} * 1024;

struct Taken {
  std::string text;
  std::optional<std::string> refused;  ///< Why the file can't be taken.
};

/// Reads root/folder/name without following a link anywhere below `root`. Nothing if it does not exist.
std::optional<Taken> take(const fs::path& root, const fs::path& relative) {
  Descriptor at(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!at.valid())
    throw InfraError(fmt::format("can't open {}: {}", root.string(), std::generic_category().message(errno)));
  for (const auto& part : relative.parent_path()) {
    Descriptor next(openat(at.get(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next.valid() && errno == ENOENT) return std::nullopt;
    if (!next.valid()) return Taken{{}, "its folder is a link, or no folder"};
    at = std::move(next);
  }
  // O_NONBLOCK: opening a named pipe must not wait for somebody to write into it.
  const Descriptor file(
      openat(at.get(), relative.filename().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.valid() && errno == ENOENT) return std::nullopt;
  if (!file.valid() && errno == ELOOP) return Taken{{}, "it is a symbolic link"};
  if (!file.valid())
    return Taken{{}, fmt::format("it can't be read ({})", std::generic_category().message(errno))};
  struct stat status {};
  fstat(file.get(), &status);
  if (!S_ISREG(status.st_mode)) return Taken{{}, "it is no regular file"};
  if (static_cast<std::size_t>(status.st_size) > largest_source) {
    return Taken{{}, fmt::format("it is larger than {} KiB", largest_source / 1024)};
  }
  std::string text(largest_source + 1, '\0');
  std::size_t size = 0;
  for (ssize_t got = 0;
       size < text.size() && (got = read(file.get(), text.data() + size, text.size() - size)) > 0;) {
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  if (text.find('\0') != std::string::npos) return Taken{{}, "it is no text file"};
  return Taken{std::move(text), std::nullopt};
}

}  // namespace

Submission take_submission(const fs::path& folder, const fs::path& copy, const std::string& name,
                           const CourseTable& course) {
  if (!fs::is_directory(folder))
    throw std::invalid_argument(fmt::format("'{}' is no folder", folder.string()));
  const fs::path root = fs::is_directory(fs::symlink_status(folder / "phases")) ? folder / "phases" : folder;
  fs::remove_all(copy);
  Submission submission{.answers = {.name = name, .sources = {}}, .notes = {}};
  for (const auto& exercise : course.exercises) {
    const auto taken = take(root, exercise.source());
    if (!taken) {
      submission.notes.push_back(
          fmt::format("{} is missing and counts as not implemented", exercise.source().string()));
      continue;
    }
    const fs::path target = copy / exercise.source();
    fs::create_directories(target.parent_path());
    if (taken->refused) {
      submission.notes.push_back(
          fmt::format("{} was not taken: {}", exercise.source().string(), *taken->refused));
      write_if_changed(
          target, fmt::format("#error {} was not taken: {}\n", exercise.source().string(), *taken->refused));
    } else {
      write_if_changed(target, taken->text);
    }
    submission.answers.sources[exercise.name] = target;
  }
  if (submission.answers.sources.empty()) {
    throw std::invalid_argument(fmt::format("'{}' holds no exercise; expected files such as phases/{} in it",
                                            folder.string(), course.exercises.front().source().string()));
  }
  return submission;
}

}  // namespace grader
