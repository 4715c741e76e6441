#!/usr/bin/env bash
# Everything that has to hold before a change lands; ./course test runs it.
#
# 1 the whole build, warnings as errors   2 style   3 unit tests   4 what the documentation prints, and watch in a
# terminal   5 the grader's own test: every solution passes, every skeleton is open, every wrong implementation is
# caught by name, no right one is refused; of what takes long a sample   6 attacks: no hostile program gets what it
# has not earned, or leaves anything behind   7 harm to the machine in the middle of a grade
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build
cd "$root"

heading() { printf '\n== %s\n' "$*"; }

heading "build"
infra/install.sh --dev
cmake -S . -B "$build" -G Ninja >/dev/null
ninja -C "$build" --quiet

heading "style"
grader/tests/style.sh

heading "unit tests"
ctest --test-dir "$build" -C unit -L unit --output-on-failure --no-tests=error

heading "commands and outputs in the documentation"
grader/tests/docs_test.py

heading "watch, in a terminal"
grader/tests/watch_command_test.py

heading "the grader's own test"
"$build/bin/course" selftest --sample

heading "attacks"
"$build/bin/course" attack

heading "harm in the middle of a grade"
grader/tests/faults_test.py
