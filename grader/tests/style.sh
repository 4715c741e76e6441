#!/usr/bin/env bash
# Formatting and static analysis. Formatting is checked everywhere; clang-tidy looks at what git says has
# changed since the revision that is given, or at everything with --all.
# usage: style.sh [--all | REVISION]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"

sources() { git ls-files 'phases/*.cpp' 'phases/*.hpp' 'solutions/*.cpp' 'grader/*.cpp' 'grader/*.hpp'; }
sources | xargs clang-format --dry-run --Werror
echo "formatting is as .clang-format wants it ($(sources | wc -l) files)"

case "${1:---all}" in
  --all) tidied=$(git ls-files 'phases/*.cpp' 'grader/*.cpp') ;;
  *) tidied=$(git diff --name-only --diff-filter=d "$1" -- 'phases/*.cpp' 'grader/*.cpp') ;;
esac
# Skeletons and variants are not part of the build by themselves.
tidied=$(grep -v -e '^grader/skeletons/' -e '^grader/variants/' <<<"$tidied" || true)
[ -z "$tidied" ] || xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build <<<"$tidied" 2>/dev/null
echo "clang-tidy has nothing to say ($(wc -w <<<"$tidied") files)"
