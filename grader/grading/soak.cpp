#include "grading/soak.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <thread>

#include "answers/answer_set.hpp"
#include "grading/grade.hpp"
#include "grading/mutants.hpp"
#include "harness/broker.hpp"
#include "harness/command.hpp"
#include "harness/text_file.hpp"

namespace grader {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SoakCount, runs, under_load, checks, not_passed)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SoakSurprise, answers, check, verdict, diagnosis, seed, under_load,
                                   evidence)

namespace {

namespace fs = std::filesystem;

/// Keeps every processor busy for as long as it lives.
class Load {
 public:
  Load() {
    for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i) {
      threads_.emplace_back([](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
        }
      });
    }
  }

 private:
  std::vector<std::jthread> threads_;
};

/// How many of `total` things spread evenly over `rounds` are done after `round` of them.
unsigned share(unsigned total, unsigned round, unsigned rounds) {
  return rounds == 0 ? total : total * round / rounds;
}

class Soak {
 public:
  Soak(const Paths& paths, const CourseTable& course, const SoakOptions& options)
      : paths_(paths),
        options_(options),
        record_(SoakRecord::load(options.folder / "soak.json")),
        checks_(list_checks(paths, course)) {
    sets_.push_back(AnswerSet::of_folder("solutions", paths.root / "solutions", course));
    for (const auto& variant : load_variants(paths, course)) {
      variants_.push_back(variant);
      sets_.push_back(answers_of(variant, paths, course));
    }
  }

  [[nodiscard]] const std::vector<AnswerSet>& sets() const { return sets_; }
  [[nodiscard]] const SoakRecord& record() const { return record_; }
  [[nodiscard]] unsigned done() { return record_.sets["solutions"].runs; }

  /// The solutions once for each lane, and the variants that are due by then.
  void round(const std::stop_token& stop) {
    const unsigned lanes = options_.load && options_.runs - done() > 1 ? 2 : 1;
    const unsigned due = share(options_.variant_runs, std::min(done() + lanes, options_.runs), options_.runs);
    std::vector<CheckRun> with_variants = runs_of("solutions", "");
    for (const auto& variant : variants_) {
      if (record_.sets[variant.set()].runs < due)
        std::ranges::copy(runs_of(variant.set(), variant.exercise), std::back_inserter(with_variants));
    }
    std::vector<std::vector<Verdict>> verdicts(lanes);
    const std::string seed = fresh_seed();
    {
      std::vector<std::jthread> grades;
      for (unsigned lane = 0; lane < lanes; ++lane) {
        grades.emplace_back([&, lane] {
          verdicts[lane] = run_checks(paths_, lane == 0 ? with_variants : runs_of("solutions", ""),
                                      {.results = results(lane),
                                       .broker = paths_.state / "broker",
                                       .seed = seed,
                                       .jobs = options_.jobs},
                                      {}, stop);
        });
      }
    }
    if (stop.stop_requested()) return;  // a round that was cut off does not count
    for (unsigned lane = 0; lane < lanes; ++lane)
      take(lane == 0 ? with_variants : runs_of("solutions", ""), verdicts[lane], lane);
    record_.save(options_.folder / "soak.json");
  }

 private:
  [[nodiscard]] fs::path results(unsigned lane) const {
    return options_.folder / fmt::format("grade-{}", lane + 1);
  }

  /// All checks on a set of answers, or those of one exercise.
  [[nodiscard]] std::vector<CheckRun> runs_of(const std::string& answers, const std::string& exercise) const {
    std::vector<CheckRun> runs;
    for (const auto& check : checks_) {
      if (exercise.empty() || check.exercise == exercise)
        runs.push_back({.check = check, .answers = answers});
    }
    return runs;
  }

  void take(const std::vector<CheckRun>& runs, const std::vector<Verdict>& verdicts, unsigned lane) {
    std::string before;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      auto& count = record_.sets[runs[i].answers];
      if (runs[i].answers != before) {
        ++count.runs;
        count.under_load += options_.load ? 1 : 0;
        before = runs[i].answers;
      }
      ++count.checks;
      if (verdicts[i].status == Status::passed) continue;
      ++count.not_passed;
      record_.surprises.push_back(keep(runs[i], verdicts[i], lane));
    }
  }

  [[nodiscard]] SoakSurprise keep(const CheckRun& run, const Verdict& verdict, unsigned lane) const {
    const std::string check = run.check.exercise + '.' + run.check.name;
    std::string name = fmt::format("{}-{}-{}", record_.surprises.size() + 1, run.answers, check);
    std::ranges::replace(name, '/', '.');
    const fs::path evidence = options_.folder / "evidence" / name;
    const fs::path from = results(lane) / run.answers / run.check.exercise / run.check.name;
    fs::create_directories(evidence);
    if (fs::exists(from)) {
      fs::copy(from, evidence, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    }
    return {.answers = run.answers,
            .check = check,
            .verdict = to_string(verdict.status),
            .diagnosis = verdict.finding ? verdict.finding->diagnosis : verdict.detail,
            .seed = verdict.seed,
            .under_load = options_.load,
            .evidence = evidence.string()};
  }

  const Paths& paths_;
  const SoakOptions& options_;
  SoakRecord record_;
  std::vector<CheckId> checks_;
  std::vector<Variant> variants_;
  std::vector<AnswerSet> sets_;
};

}  // namespace

SoakCount& SoakCount::operator+=(const SoakCount& other) {
  runs += other.runs;
  under_load += other.under_load;
  checks += other.checks;
  not_passed += other.not_passed;
  return *this;
}

SoakRecord SoakRecord::load(const fs::path& file) {
  if (!fs::exists(file)) return {};
  try {
    const auto json = nlohmann::json::parse(std::ifstream(file));
    return {.sets = json.at("sets").get<std::map<std::string, SoakCount>>(),
            .surprises = json.at("surprises").get<std::vector<SoakSurprise>>()};
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(
        fmt::format("{} is no record of a soak ({}); remove it to begin anew", file.string(), error.what()));
  }
}

void SoakRecord::save(const fs::path& file) const {
  fs::create_directories(file.parent_path());
  const fs::path fresh = file.string() + ".new";
  write_if_changed(fresh, to_json().dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n');
  fs::rename(fresh, file);  // whoever kills a soak finds the old record or the new one
}

nlohmann::json SoakRecord::to_json() const {
  return {{"sets", sets}, {"surprises", surprises}};
}

SoakRecord soak(const Paths& paths, const CourseTable& course, const SoakOptions& options,
                const SoakProgress& progress, const std::stop_token& stop) {
  Soak soak(paths, course, options);
  progress.phase(fmt::format("compiling {} sets of answers", soak.sets().size()));
  build_answers(paths, course, soak.sets());
  std::optional<Load> load;
  if (options.load) load.emplace();
  while (soak.done() < options.runs && !stop.stop_requested()) {
    start_broker(paths, paths.state / "broker");  // nothing to do, unless the last round lost it
    soak.round(stop);
    progress.round(soak.record(), soak.done(), options.runs);
  }
  return soak.record();
}

}  // namespace grader
