#include "grading/second_look.hpp"

#include <algorithm>

#include "answers/answer_set.hpp"
#include "harness/broker.hpp"

namespace grader {

void look_again(const Paths& paths, const CourseTable& course, const std::vector<CheckRun>& runs,
                const CheckRunOptions& options, std::vector<Verdict>& verdicts, const std::stop_token& stop) {
  for (std::size_t i = 0; i < std::min(runs.size(), verdicts.size()); ++i) {
    if (verdicts[i].status != Status::infra_error) continue;
    build_answers(paths, course, {AnswerSet::of_folder("solutions", paths.root / "solutions", course)});
    const auto try_with = [&](const std::string& set) {
      start_broker(paths, options.broker, {.learner_listener = false});
      const auto again =
          run_checks(paths, {{.check = runs[i].check, .answers = set, .explore_all = runs[i].explore_all}},
                     options, {}, stop);
      return again.empty() ? verdicts[i] : again.front();
    };
    if (try_with("solutions").status != Status::passed) continue;
    verdicts[i] = try_with(runs[i].answers);
    if (verdicts[i].status == Status::infra_error) verdicts[i].status = Status::disturbed_the_grader;
  }
}

}  // namespace grader
