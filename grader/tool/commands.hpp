#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "harness/broker_keeper.hpp"

namespace grader {

// Each adds one command to `app`. The command runs while the arguments are parsed (CLI11 callbacks) and
// writes its exit code to `exit_code`: 0 all well, 1 something failed, 2 infrastructure or wrong use.

void add_attack_command(CLI::App& app, int& exit_code);
void add_bench_command(CLI::App& app, int& exit_code);
void add_build_command(CLI::App& app, int& exit_code);
void add_exercise_commands(CLI::App& app, int& exit_code);  // reset, diff, solution
void add_grade_command(CLI::App& app, int& exit_code);
void add_hint_command(CLI::App& app, int& exit_code);
void add_test_command(CLI::App& app, int& exit_code);
void add_watch_command(CLI::App& app, int& exit_code);
void add_status_command(CLI::App& app, int& exit_code);
void add_selftest_command(CLI::App& app, int& exit_code);
void add_soak_command(CLI::App& app, int& exit_code);
void add_mutant_command(CLI::App& app, int& exit_code);
void add_completion_command(CLI::App& app, int& exit_code);
void add_diagnoses_command(CLI::App& app, int& exit_code);
void add_broker_command(CLI::App& app, int& exit_code);
void add_cluster_command(CLI::App& app, int& exit_code);
void add_kafka_command(CLI::App& app, int& exit_code);
void add_predict_command(CLI::App& app, int& exit_code);
void add_reflect_command(CLI::App& app, int& exit_code);
void add_run_command(CLI::App& app, int& exit_code);
void add_seed_command(CLI::App& app, int& exit_code);

/// Adds the hidden subcommand "keep", in which start_broker and start_cluster run `keeper` (which returns its
/// exit code); nobody else calls it.
void add_keep_command(CLI::App& command, int& exit_code,
                      const std::function<int(const KeeperOptions&)>& keeper);

/// Adds "-j N" to a command: how many checks run side by side.
void add_jobs_option(CLI::App& command, unsigned& jobs);

}  // namespace grader
