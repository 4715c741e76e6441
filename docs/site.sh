#!/usr/bin/env bash
# Builds the static site from the repository's Markdown into build/site, or shows it while one writes.
# Needs the packages mkdocs and mkdocs-material. A link that leads nowhere is an error.
# usage: site.sh [serve]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
pages=$root/build/site-pages

# MkDocs wants one folder with all pages in it; these links give it one in which the pages' own links hold.
rm -rf "$pages"
mkdir -p "$pages/grader"
for name in README.md docs phases infra grader/mutants; do ln -s "$root/$name" "$pages/$name"; done

command -v mkdocs >/dev/null || { echo "site.sh: mkdocs is missing: apt-get install mkdocs mkdocs-material" >&2; exit 2; }
if [ "${1:-}" = serve ]; then exec mkdocs serve --config-file "$root/docs/mkdocs.yml"; fi
exec mkdocs build --strict --clean --quiet --config-file "$root/docs/mkdocs.yml"
