// The `course` program: every command in a file of its own.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <iostream>

#include "grading/check_list.hpp"
#include "harness/infra_error.hpp"
#include "tool/commands.hpp"

int main(int argc, char** argv) {
  CLI::App app("A guided Kafka practice course in C++, graded by what a real broker saw.", "course");
  app.require_subcommand(0, 1);
  app.set_help_all_flag("--help-all", "show the help of every command");
  int exit_code = 0;
  grader::add_status_command(app, exit_code);
  grader::add_grade_command(app, exit_code);
  grader::add_watch_command(app, exit_code);
  grader::add_completion_command(app, exit_code);
  grader::add_hint_command(app, exit_code);
  grader::add_exercise_commands(app, exit_code);
  grader::add_predict_command(app, exit_code);
  grader::add_reflect_command(app, exit_code);
  grader::add_selftest_command(app, exit_code);
  grader::add_soak_command(app, exit_code);
  grader::add_mutant_command(app, exit_code);
  grader::add_diagnoses_command(app, exit_code);
  grader::add_attack_command(app, exit_code);
  grader::add_test_command(app, exit_code);
  grader::add_build_command(app, exit_code);
  grader::add_broker_command(app, exit_code);
  grader::add_cluster_command(app, exit_code);
  grader::add_kafka_command(app, exit_code);
  grader::add_run_command(app, exit_code);
  grader::add_seed_command(app, exit_code);
  grader::add_bench_command(app, exit_code);
  try {
    app.parse(argc, argv);
    return exit_code;
  } catch (const CLI::ExtrasError& error) {
    const std::string word = argc > 1 ? argv[1] : "";
    std::vector<std::string> names;
    for (const auto* command : app.get_subcommands({})) names.push_back(command->get_name());
    const bool known = std::ranges::find(names, word) != names.end();
    const std::string meant = known || word.starts_with("-") ? "" : grader::did_you_mean(word, names);
    if (meant.empty()) return app.exit(error) == 0 ? 0 : 2;
    std::cerr << "course: there is no command '" << word << "'; did you mean '" << meant << "'?\n";
    return 2;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const grader::InfraError& error) {
    std::cerr << "course: " << error.what() << '\n';
    return 2;
  } catch (const std::invalid_argument& error) {
    std::cerr << "course: " << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "course: unexpected: " << error.what() << '\n';
    return 2;
  }
}
