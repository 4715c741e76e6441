// The `course` program: every command in a file of its own.

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "harness/infra_error.hpp"
#include "tool/commands.hpp"

int main(int argc, char** argv) {
  CLI::App app("A guided Kafka practice course in C++, graded by what a real broker saw.", "course");
  app.require_subcommand(0, 1);
  app.set_help_all_flag("--help-all", "show the help of every command");
  int exit_code = 0;
  grader::add_status_command(app, exit_code);
  grader::add_grade_command(app, exit_code);
  grader::add_selftest_command(app, exit_code);
  grader::add_test_command(app, exit_code);
  grader::add_build_command(app, exit_code);
  grader::add_broker_command(app, exit_code);
  grader::add_kafka_command(app, exit_code);
  grader::add_run_command(app, exit_code);
  grader::add_seed_command(app, exit_code);
  grader::add_bench_command(app, exit_code);
  try {
    app.parse(argc, argv);
    return exit_code;
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
