#!/usr/bin/env bash
# Looks at everything that the course needs on this machine, and says how to mend what is missing.
# usage: doctor.sh      (./course doctor)      exit 0: all well.  1: something is in the way.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
build=$root/build cache=${XDG_CACHE_HOME:-$HOME/.cache}/kafka-course
# shellcheck source=infra/find-java.sh
. "$root/infra/find-java.sh"

green='' red='' yellow='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  green=$'\e[32m' red=$'\e[31m' yellow=$'\e[33m' plain=$'\e[0m'
fi
troubles=0
well() { printf '%s  ok  %s %s\n' "$green" "$plain" "$1"; }
note() { printf '%s note %s %s\n' "$yellow" "$plain" "$1"; }
trouble() { troubles=$((troubles + 1)); printf '%s  NO  %s %s\n       %s\n' "$red" "$plain" "$1" "$2"; }

free_megabytes() { df -Pm "$1" | awk 'NR == 2 { print $4 }'; }

system=$(. /etc/os-release 2>/dev/null && printf '%s' "${PRETTY_NAME:-}" || uname -s)
if [ "$(uname -s)" = Linux ]; then well "$system"; else trouble "$system" "the course runs on Linux and WSL2; elsewhere use the dev container (.devcontainer/)"; fi
case $root in /mnt/[a-z]/*) note "the checkout is on a Windows disk, which is slow from WSL: keep it below your Linux home" ;; esac

if missing=$("$root/infra/install.sh" --check 2>&1); then
  well "every package is there"
else
  trouble "packages are missing" "infra/install.sh installs them:"
  printf '%s\n' "$missing" | sed 's/^/       /'
fi
if printf '#include <stop_token>\nint main() { return std::stop_token().stop_possible(); }\n' |
  c++ -std=c++20 -x c++ -fsyntax-only - 2>/dev/null; then
  well "a compiler for C++20: $(c++ --version | head -n 1)"
else
  trouble "no compiler for C++20" "g++ 11 or newer, or another one through CXX"
fi
if version=$(pkg-config --modversion rdkafka++ 2>/dev/null); then well "librdkafka $version"; fi
if find_java; then well "Java $java_version ($java)"; else trouble "no Java 17 or newer${found_java:+, only $found_java}" "install default-jre-headless, or set JAVA_HOME"; fi
if bwrap --unshare-all --ro-bind / / true 2>/dev/null; then
  well "programs can be confined (bubblewrap)"
else
  note "bubblewrap can't confine programs here: grading your own work is fine, for other people's see docs/security.md"
fi

memory=$(awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo 2>/dev/null || echo 9999)
if ((memory >= 1000)); then well "$memory MB of memory are free"; else trouble "only $memory MB of memory are free" "the broker and the compiler take about 1000 MB"; fi
mkdir -p "$cache"
for folder in "$root" "$cache"; do
  free=$(free_megabytes "$folder")
  if ((free >= 2000)); then well "$free MB of disk are free in $folder"; else trouble "only $free MB of disk are free in $folder" "a build takes about 1500 MB, Kafka 200 MB"; fi
done
if compgen -G "$cache/kafka-*/jars/*.jar" >/dev/null || compgen -G "$cache/kafka-*" >/dev/null; then
  well "Kafka has been fetched ($cache)"
else
  note "Kafka has not been fetched yet: the first grade does it (44 MB)"
fi

if [ -n "${KAFKA_BOOTSTRAP_SERVERS:-}" ]; then note "KAFKA_BOOTSTRAP_SERVERS is set: $KAFKA_BOOTSTRAP_SERVERS is used instead of the course's broker"; fi
if [ -x "$build/bin/course" ]; then
  well "the grader has been built"
  printf '%s\n' "$("$build/bin/course" broker status 2>&1)" | sed 's/^/       /'
else
  note "the grader has not been built yet: any command does it"
  if (exec 3<>/dev/tcp/127.0.0.1/9092) 2>/dev/null; then note "port 9092 is taken: the broker will choose another"; fi
fi

if ((troubles > 0)); then printf '\n%d thing(s) to mend.\n' "$troubles"; exit 1; fi
printf '\nNothing is in the way.\n'
