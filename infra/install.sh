#!/usr/bin/env bash
# Installs the system packages that the course needs: on Debian 12+ and Ubuntu 24.04+ through apt, elsewhere it says
# what is missing. Does nothing, and prints nothing, when all is there.
#   install.sh [--dev] [--check]     --dev: also what the course's own developers use; --check: report only
# What you have from another source (a newer librdkafka found through PKG_CONFIG_PATH, a Java of your own) counts.
# Exit 0: all there.  2: something is missing, and why it could not be installed.
set -euo pipefail

# package (Debian's name), how to see that it is there without apt, and what it is for
needed='
g++                  command c++              the compiler
cmake                command cmake            the build
ninja-build          command ninja            the build
pkg-config           command pkg-config       finds libraries
binutils             command objcopy          keeps a learner'\''s symbols apart from the grader'\''s
librdkafka-dev       library rdkafka++>=2.0.2 the Kafka client
libgtest-dev         library gtest            the checks
nlohmann-json3-dev   library nlohmann_json    events and reports
libcli11-dev         header  CLI/CLI.hpp      command lines
libfmt-dev           library fmt              output
libpugixml-dev       header  pugixml.hpp      junit.xml
patch                command patch            wrong implementations are patches
libtomlplusplus-dev  header  toml++/toml.h    points and predictions
default-jre-headless java    17               runs the broker
maven                command mvn              fetches the broker, once
bubblewrap           command bwrap            locks up what is graded for others
'
dev='
clang-format         command clang-format     the code'\''s form
clang-tidy           command clang-tidy       the code'\''s smells
python3              command python3          runs what the documentation prints
'
check=''
for argument in "$@"; do
  case $argument in
    --dev) needed+=$dev ;;
    --check) check=1 ;;
    -h | --help) sed -n '2,7s/^# *//p' "$0"; exit 0 ;;
    *) echo "install.sh: unknown option $argument (there are --dev and --check)" >&2; exit 2 ;;
  esac
done
# shellcheck source=infra/find-java.sh
. "$(dirname "${BASH_SOURCE[0]}")/find-java.sh"

has() { # KIND ARGUMENT
  case $1 in
    command) command -v "$2" >/dev/null ;;
    library) command -v pkg-config >/dev/null && pkg-config --exists "${2/>=/ >= }" ;;
    header) printf '#if !__has_include(<%s>)\n#error\n#endif\n' "$2" | c++ -x c++ -E - >/dev/null 2>&1 ;;
    java) find_java ;;
  esac
}

missing() { # prints the lines of the table that are not fulfilled; asks apt's database first, it is the fastest
  local installed='' package kind argument purpose
  if command -v dpkg-query >/dev/null; then
    # shellcheck disable=SC2046
    installed=$'\n'$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $(awk '{print $1}' <<<"$needed") 2>/dev/null || true)$'\n'
  fi
  while read -r package kind argument purpose; do
    [ -n "$package" ] || continue
    # With a PKG_CONFIG_PATH it is not the package's library that counts but what pkg-config finds.
    if [[ $installed == *$'\n'"installed $package"$'\n'* && ! ($kind == library && -n ${PKG_CONFIG_PATH:-}) ]]; then continue; fi
    has "$kind" "$argument" || echo "$package $kind $argument $purpose"
  done <<<"$needed"
}

report() {
  local package kind argument purpose
  while read -r package kind argument purpose; do
    printf '  %-20s %s %s: %s\n' "$package" "$kind" "$argument" "$purpose"
  done <<<"$1" >&2
}

lacking=$(missing)
[ -n "$lacking" ] || exit 0

supported=''
if [ -r /etc/os-release ] && command -v apt-get >/dev/null; then
  # shellcheck disable=SC1091
  supported=$(. /etc/os-release
    case ${ID:-} in
      debian) ((${VERSION_ID:-99} >= 12)) && echo yes ;;   # testing and unstable have no number
      ubuntu) ((${VERSION_ID%%.*} >= 24)) && echo yes ;;
    esac || true)
fi
read -ra packages <<<"$(awk '{printf "%s ", $1}' <<<"$lacking")"

if [ -n "$check" ] || [ -z "$supported" ]; then
  echo "Missing (names of Debian's packages; what is looked for; what it is for):" >&2
  report "$lacking"
  [ -n "$supported" ] || echo "This script installs on Debian 12+ and Ubuntu 24.04+ only: please install the above, or use the dev container (.devcontainer)." >&2
  exit 2
fi

as_root=()
if [ "$(id -u)" != 0 ]; then
  as_root=(sudo)
  if ! command -v sudo >/dev/null; then
    echo "Packages are missing, and this user can't install them (not root, no sudo). As root:" >&2
    echo "  apt-get update && apt-get install --no-install-recommends ${packages[*]}" >&2
    exit 2
  fi
fi

echo "Installing ${packages[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() { ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1; }
if ! { apt update && apt install -y --no-install-recommends "${packages[@]}"; }; then
  tail -n 5 "$log" >&2
  echo "apt could not install them, see above (network? disk full? package sources?). To see all of it:" >&2
  echo "  ${as_root[*]} apt-get update && ${as_root[*]} apt-get install --no-install-recommends ${packages[*]}" >&2
  exit 2
fi
hash -r
lacking=$(missing)
[ -z "$lacking" ] || { echo "apt succeeded, but this is still missing:" >&2; report "$lacking"; exit 2; }
