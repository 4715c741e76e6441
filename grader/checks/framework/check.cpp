#include "checks/framework/check.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <iostream>

#include "evidence/check_names.hpp"
#include "evidence/transaction_rights.hpp"
#include "harness/command.hpp"
#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"
#include "report/diagnoses.hpp"
#include "report/verdict_text.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name, std::string otherwise) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets variables at run time
  return value == nullptr || *value == '\0' ? std::move(otherwise) : value;
}

}  // namespace

void Check::TestBody() {
  adopt_orphans();
  const auto started = Clock::now();
  Verdict verdict = judge();
  if (verdict.status == Status::infra_error) {
    step("once more: " + verdict.detail);
    clean_up();
    verdict = judge();
  }
  if (verdict.status == Status::failed && !course_.exercise(about_.exercise).stands_on.empty()) {
    verdict = with_reference(std::move(verdict));
  }
  verdict.seconds = std::chrono::duration<double>(Clock::now() - started).count();
  verdict.program_seconds = program_clock_.total().count();
  publish(verdict);
  clean_up();
}

Verdict Check::with_reference(Verdict failed) {
  const std::string other = course_.exercise(about_.exercise).stands_on;
  step("to see whose fault it is: the same with the reference " + other + " in place of yours");
  clean_up();
  on_reference_ = true;
  Verdict again = judge();
  if (again.status == Status::failed) return again;
  if (again.status != Status::passed) return failed;  // no wiser than before
  again.status = Status::blocked_by;
  again.detail =
      fmt::format("with the reference {0} in place of yours this check passes, so look at {0} first", other);
  if (failed.finding) {
    again.detail +=
        fmt::format("; with yours it fails as {}: {}", failed.finding->diagnosis, failed.finding->observed);
  }
  return again;
}

Verdict Check::judge() {
  Verdict verdict{
      .exercise = about_.exercise, .check = about_.name, .part = about_.part, .title = about_.title};
  try {
    prepare();
    body();
    verdict.status = Status::passed;
  } catch (const Failed& failed) {
    if (broker_is_gone()) {
      verdict.detail = "the broker went away while the check was running; see ./course broker status";
    } else {
      verdict.status = Status::failed;
      verdict.finding = failed.finding;
    }
  } catch (const NotJudged& not_judged) {
    verdict.status = not_judged.status;
    verdict.detail = not_judged.detail;
  } catch (const InfraError& error) {
    verdict.detail = error.what();
  } catch (const std::exception& error) {
    verdict.detail = fmt::format("the grader itself failed ({}); please report this", error.what());
  }
  end_observation();
  kill_all_descendants();
  verdict.steps = steps_;
  verdict.seed = seed_;
  return verdict;
}

bool Check::broker_is_gone() const {
  if (!cluster_.broker) return false;
  const auto now = running_broker(broker_folder_);
  return !now || now->java_pid != cluster_.broker->java_pid;
}

void Check::prepare() {
  course_ = CourseTable::load(paths_.root / "grader/exercises.toml");
  answers_ = variable("COURSE_ANSWERS", "phases");
  broker_folder_ = variable("COURSE_BROKER", paths_.state / "broker");
  const fs::path results = paths_.state / "results";
  const std::string of_a_grade = variable("COURSE_RESULTS", "");
  verdict_folder_ =
      (of_a_grade.empty() ? results / answers_ : fs::path(of_a_grade)) / about_.exercise / about_.name;
  if (of_a_grade.empty() && alone_.empty()) {
    fs::create_directories(verdict_folder_);
    alone_.emplace_back(results_lock(results, answers_), FileLock::Kind::shared);
    alone_.emplace_back(verdict_folder_.string() + ".lock");
  }
  folder_ = on_reference_ ? verdict_folder_ / "on-reference" : verdict_folder_;
  fs::remove_all(folder_);
  fs::create_directories(folder_);
  timeline_ = std::make_unique<Timeline>(folder_ / "timeline.jsonl");

  seed_ = variable("COURSE_SEED", fmt::format("{:08x}", std::random_device{}()));
  const std::string material = seed_ + '/' + about_.exercise + '/' + about_.name;
  std::seed_seq sequence(material.begin(), material.end());
  random_ = std::mt19937(sequence);
  prefix_ = new_check_prefix();
  timeline_->add("check", "started",
                 {{"exercise", about_.exercise}, {"check", about_.name}, {"seed", seed_}});

  require_answer();
  if (const auto theirs = Cluster::from_environment()) {
    cluster_ = *theirs;
  } else if (const auto broker = running_broker(broker_folder_)) {
    cluster_ = Cluster::of(*broker);
    touch_broker(broker_folder_);
  } else {
    throw InfraError("no broker is running; start it with ./course broker start");
  }
  admin_ = std::make_unique<Admin>(cluster_.admin);
  if (cluster_.broker) become_a_user_of_the_broker();
  confinement_ = probe_isolation(paths_);
}

void Check::require_answer() {
  const Exercise& exercise = course_.exercise(about_.exercise);
  if (const auto errors = compiler_errors(paths_, answers_, exercise); !errors.empty()) {
    throw NotJudged{Status::does_not_compile, fmt::format("phases/{} does not compile:\n{}",
                                                          exercise.source().string(), first_error(errors))};
  }
  if (!exercise.stands_on.empty()) {
    if (const auto errors = compiler_errors(paths_, answers_, course_.exercise(exercise.stands_on));
        !errors.empty()) {
      throw NotJudged{Status::blocked_by,
                      exercise.stands_on + " does not compile, and this exercise stands on it"};
    }
  }
}

void Check::become_a_user_of_the_broker() {
  const auto& users = cluster_.broker->check_users;
  const fs::path locks = broker_folder_.string() + "-users";
  fs::create_directories(locks);
  const std::size_t first = std::random_device{}() % users.size();
  for (std::size_t i = 0; i < users.size() && !principal_lock_; ++i) {
    principal_ = users[(first + i) % users.size()];
    principal_lock_ = FileLock::try_to_get(locks / (principal_->user + ".lock"));
  }
  if (!principal_lock_)
    throw InfraError(fmt::format("all {} users of the broker are taken by other checks", users.size()));
  requests_ = std::make_unique<RequestLog>(*cluster_.request_log, "User:" + principal_->user);
  admin_->allow_prefix(principal_->user, prefix_);
  const auto& admin = cluster_.broker->admin;
  allow_transactions({.host = "127.0.0.1",
                      .port = cluster_.broker->grader_port,
                      .user = admin.user,
                      .password = admin.password},
                     principal_->user, prefix_);
}

void Check::clean_up() noexcept {
  const auto quietly = [](const auto& action) {
    try {
      action();
    } catch (const std::exception&) {  // what is left over belongs to nobody and has a name of its own
    }
  };
  if (admin_) {
    quietly([&] { admin_->delete_topics(topics_); });
    for (const auto& group : groups_) quietly([&] { admin_->delete_group(group); });
    if (principal_) quietly([&] { admin_->revoke_all(principal_->user); });
  }
  topics_.clear();
  groups_.clear();
  requests_.reset();
  principal_.reset();
  principal_lock_.reset();
}

void Check::publish(const Verdict& verdict) const {
  write_if_changed(verdict_folder_ / "verdict.json",
                   to_json(verdict).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n');
  if (verdict.status == Status::passed) return;
  const auto diagnoses = load_diagnoses(paths_.root / "grader/report/diagnoses.toml");
  ADD_FAILURE() << to_text(verdict, diagnoses) << "\n  repeat with: ./course grade " << verdict.exercise
                << " --seed " << verdict.seed;
}

void Check::step(std::string what) {
  std::cout << "  - " << what
            << std::endl;  // NOLINT(performance-avoid-endl): seen even if what follows hangs
  if (timeline_) timeline_->add("check", "step", {{"text", what}});
  steps_.push_back(std::move(what));
}

RequestLog& Check::requests() {
  if (!requests_) {
    throw NotJudged{Status::not_judged,
                    "this check needs the broker's request log, which this cluster does not show"};
  }
  return *requests_;
}

std::string Check::new_topic(int partitions, const Admin::TopicSettings& settings) {
  std::string name = prefix_ + "topic-" + std::to_string(++names_);
  create_topic(name, partitions, settings);
  return name;
}

void Check::create_topic(const std::string& name, int partitions, const Admin::TopicSettings& settings) {
  admin_->create_topic(name, partitions, settings);
  topics_.push_back(name);
}

std::string Check::new_name(const std::string& what) {
  groups_.push_back(prefix_ + what + '-' + std::to_string(++names_));
  return groups_.back();
}

std::string Check::random_text(std::size_t length) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::uniform_int_distribution<std::size_t> any(0, letters.size() - 1);
  std::string text;
  while (text.size() < length) text += letters[any(random_)];
  return text;
}

course::ClientConfig Check::client_config() const {
  course::ClientConfig config = cluster_.admin;
  config.erase("client.id");
  config["bootstrap.servers"] = cluster_.address;
  if (principal_) {
    config["sasl.username"] = principal_->user;
    config["sasl.password"] = principal_->password;
  }
  return config;
}

std::vector<std::string> Check::client_options(const course::ClientConfig& settings) const {
  auto config = client_config();
  for (const auto& [name, value] : settings) config[name] = value;
  std::vector<std::string> options{"--bootstrap-server", config.extract("bootstrap.servers").mapped()};
  for (const auto& [name, value] : config) {
    options.emplace_back("-X");
    options.push_back(fmt::format("{}={}", name, value));
  }
  return options;
}

std::unique_ptr<Learner> Check::start(const std::string& program, std::vector<std::string> options,
                                      Learner::Setup setup) {
  ProgramSpec spec{
      .executable = program_path(paths_, answers_, on_reference_ ? on_reference(program) : program),
      .arguments = std::move(options),
      .folder = folder_,
      .name = fmt::format("{}-{}", program, ++programs_),
      .confinement = confinement_,
      .broker_ports = {cluster_.broker->grader_port}};
  if (!fs::exists(spec.executable)) {
    throw InfraError(fmt::format(
        "the program {} is not built; ./course grade builds it, and so does the test 'build'", program));
  }
  spec.environment = {{"PATH", "/usr/bin:/bin"},
                      {"LANG", "C.UTF-8"},
                      {"ASAN_OPTIONS", "detect_leaks=0:abort_on_error=0:exitcode=66:handle_segv=1"},
                      {"UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1:exitcode=66"}};
  if (setup.watched) {
    spec.files.push_back(paths_.build / "lib/libcourse_watch.so");
    spec.environment["LD_PRELOAD"] = spec.files.back();
  }
  return std::make_unique<Learner>(std::move(spec), std::move(setup), *timeline_, program_clock_);
}

}  // namespace grader
