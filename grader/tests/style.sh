#!/usr/bin/env bash
# Formatting, and with --tidy static analysis too (which takes minutes).
# usage: style.sh [--tidy]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"

sources() { git ls-files 'phases/*.cpp' 'phases/*.hpp' 'solutions/*.cpp' 'grader/*.cpp' 'grader/*.hpp'; }
sources | xargs clang-format --dry-run --Werror
echo "formatting is as .clang-format wants it ($(sources | wc -l) files)"

if [ "${1:-}" = --tidy ]; then
  # Skeletons and variants are not part of the build by themselves. The compiler's precompiled headers are no use to
  # clang, nor are the options that only the compiler knows.
  tidied=$(git ls-files 'phases/*.cpp' 'grader/*.cpp' | grep -v -e '^grader/skeletons/' -e '^grader/variants/')
  tidy=$(command -v clang-tidy-19 || command -v clang-tidy)
  xargs -P "$(nproc)" -n 1 "$tidy" --quiet -p build \
    --extra-arg=-Wno-unknown-argument --extra-arg=-Wno-ignored-gch \
    --extra-arg=-Wno-deprecated-declarations <<<"$tidied" 2>/dev/null
  echo "clang-tidy has nothing to say ($(wc -w <<<"$tidied") files)"
fi
