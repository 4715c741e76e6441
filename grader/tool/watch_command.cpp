// course watch: every save of an exercise is graded at once.

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "grading/grade.hpp"
#include "harness/command.hpp"
#include "harness/infra_error.hpp"
#include "learner/standing.hpp"
#include "tool/broker_access.hpp"
#include "tool/commands.hpp"
#include "tool/grade_view.hpp"
#include "tool/hint_view.hpp"
#include "tool/interrupt.hpp"
#include "tool/keyboard.hpp"
#include "tool/saves.hpp"

namespace grader {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Editors save in several steps, and people save twice: what follows within this time is the same save.
constexpr auto settling = 80ms;

/// Something to wait for with poll() that any thread can set off.
class Bell {
 public:
  Bell() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  void ring() const {
    const std::uint64_t one = 1;
    (void)!write(event_.get(), &one, sizeof one);
  }
  void silence() const {
    std::uint64_t count = 0;
    (void)!read(event_.get(), &count, sizeof count);
  }
  [[nodiscard]] int descriptor() const { return event_.get(); }

 private:
  Descriptor event_;
};

class Watch {
 public:
  Watch(Paths paths, CourseTable course, std::stop_token interrupted)
      : paths_(std::move(paths)),
        course_(std::move(course)),
        saves_(folders()),
        interrupted_(std::move(interrupted)) {}

  int run(std::set<std::string> first) {
    const std::stop_callback wake(interrupted_, [this] { bell_.ring(); });
    wanted_ = first.empty() ? next_open() : std::move(first);
    if (wanted_.empty()) fmt::print("Everything has passed. Saving an exercise grades it again.\n");
    if (!wanted_.empty()) start();
    while (!interrupted_.stop_requested() && !quit_) {
      std::vector<pollfd> polled{{.fd = saves_.descriptor(), .events = POLLIN, .revents = 0},
                                 {.fd = bell_.descriptor(), .events = POLLIN, .revents = 0},
                                 {.fd = keyboard_.descriptor(), .events = POLLIN, .revents = 0}};
      poll(polled.data(), polled.size(), saved_.empty() ? -1 : static_cast<int>(settling.count()));
      if (polled[0].revents != 0) {
        note_saves();
      } else if (!saved_.empty() && Clock::now() - last_save_ >= settling) {
        wanted_ = std::exchange(saved_, {});
        start();
      }
      if (polled[1].revents != 0) bell_.silence();
      if (finished_.exchange(false)) show();
      if (polled[2].revents != 0) press(keyboard_.take().value_or('q'));
    }
    grading_ = {};
    fmt::print("\n");
    return interrupted_.stop_requested() ? 130 : 0;
  }

 private:
  [[nodiscard]] std::vector<std::filesystem::path> folders() const {
    std::vector<std::filesystem::path> list;
    for (const auto& phase : course_.phases) {
      if (std::filesystem::exists(paths_.root / "phases" / phase.folder))
        list.push_back(paths_.root / "phases" / phase.folder);
    }
    return list;
  }

  void note_saves() {
    for (const auto& file : saves_.take()) {
      const auto exercise = std::ranges::find_if(course_.exercises, [&](const Exercise& one) {
        return file == paths_.root / "phases" / one.source();
      });
      if (exercise == course_.exercises.end()) continue;
      saved_.insert(exercise->name);
      last_save_ = Clock::now();
    }
  }

  /// The first exercise that is open and has something to write, after the one in work if there is another.
  [[nodiscard]] std::set<std::string> next_open() const {
    std::vector<std::string> open;
    for (const auto& one : standings(paths_, course_)) {
      if (!one.passed() && !one.exercise->worked_example) open.push_back(one.exercise->name);
    }
    if (open.empty()) return {};
    const auto now = wanted_.empty() ? open.end() : std::ranges::find(open, *wanted_.rbegin());
    return {now == open.end() || now + 1 == open.end() ? open.front() : *(now + 1)};
  }

  /// Grades what is wanted. A grade under way is abandoned: it is about a file that is no more.
  void start() {
    grading_ = {};
    finished_ = false;
    if (terminal_.interactive()) fmt::print("\x1b[H\x1b[2J\x1b[3J");
    const auto now = fmt::localtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
    fmt::print("{}\n", terminal_.strong(fmt::format("{:%H:%M:%S}  {}", now, fmt::join(wanted_, ", "))));
    std::fflush(stdout);
    grading_ = std::jthread([this, wanted = std::vector(wanted_.begin(), wanted_.end())](
                                const std::stop_token& stop) {
      std::string text;
      try {
        const auto diagnoses = load_diagnoses(paths_.root / "grader/report/diagnoses.toml");
        const auto graded = grade(paths_, course_,
                                  {.answers = AnswerSet::of_folder("phases", paths_.root / "phases", course_),
                                   .results = paths_.state / "results",
                                   .wanted = wanted},
                                  progress_on(terminal_), stop);
        if (stop.stop_requested()) return;
        record_grade(paths_, graded, diagnoses);
        text = view(graded, course_, diagnoses, terminal_);
      } catch (const std::exception& error) {
        text = terminal_.bad(fmt::format("\n{}\n", error.what()));
      }
      result_ = std::move(text);
      finished_ = true;
      bell_.ring();
    });
  }

  void show() {
    grading_ = {};
    terminal_.end_progress();
    fmt::print("{}", result_);
    footer();
  }

  void footer() const {
    fmt::print("\n{}\n",
               terminal_.faint(keyboard_.descriptor() < 0
                                   ? "watching phases/"
                                   : "watching phases/   h hint   n next   r again   l lesson   q quit"));
    std::fflush(stdout);
  }

  void press(char key) {
    switch (key) {
      case 'h':
        for (const auto& name : wanted_) fmt::print("\n{}", hint_view(paths_, course_, name, terminal_));
        return footer();
      case 'n':
        if (auto next = next_open(); !next.empty()) wanted_ = std::move(next);
        return start();
      case 'r':
        return wanted_.empty() ? footer() : start();
      case 'l':
        return open_lesson();
      case 'q':
      case '\x04':
        quit_ = true;
        return;
      default:
        return;
    }
  }

  void open_lesson() {
    if (wanted_.empty()) return;
    const auto lesson = paths_.root / "phases" / course_.exercise(*wanted_.begin()).folder / "README.md";
    const std::string chosen = variable("PAGER");
    keyboard_.suspend();
    // Through a shell, because PAGER may have options.
    const std::string command = fmt::format("{} '{}'", chosen.empty() ? "less" : chosen, lesson.string());
    if (std::system(command.c_str()) !=
        0)  // NOLINT(cert-env33-c,concurrency-mt-unsafe): the user's own choice
      fmt::print("{}\n", lesson.string());
    keyboard_.resume();
    footer();
  }

  Paths paths_;
  CourseTable course_;
  Saves saves_;
  Bell bell_;
  Keyboard keyboard_;
  Terminal terminal_;
  std::stop_token interrupted_;
  std::set<std::string> wanted_;  ///< What is graded, or was last.
  std::set<std::string> saved_;   ///< What will be, as soon as nothing more is saved.
  Clock::time_point last_save_;
  std::string result_;  ///< Written by the grading thread before `finished_`.
  std::atomic<bool> finished_ = false;
  bool quit_ = false;
  std::jthread grading_;  ///< Last, so that it ends first.
};

}  // namespace

void add_watch_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("watch", "grade an exercise every time you save it");
  auto names = std::make_shared<std::vector<std::string>>();
  command->add_option("exercise", *names, "what to begin with; the next open one if none is named");
  command->callback([names, &exit_code] {
    const Interrupt interrupt;
    const Paths paths = Paths::of_this_checkout();
    auto course = CourseTable::load(paths.root / "grader/exercises.toml");
    for (const auto& name : *names) (void)exercise_named(course, name);
    exit_code = Watch(paths, std::move(course), interrupt.token()).run({names->begin(), names->end()});
  });
}

}  // namespace grader
