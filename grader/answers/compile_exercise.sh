#!/usr/bin/env bash
# Compiles one exercise for the grader, and never fails because of what is in it: an exercise that
# does not compile is replaced by its skeleton, and the compiler's words are kept for the verdict.
#
# usage: compile_exercise.sh NAME SOURCE SKELETON OBJECT COMPILER [FLAG...]
# Leaves OBJECT, OBJECT.d (dependencies), and OBJECT.errors if SOURCE did not compile.
# COURSE_COMPILE_IN=sandbox: the compiler sees the source, the course's headers and the system, and nothing else.
set -euo pipefail
trap 'exit 130' INT TERM
name=$1 source=$2 skeleton=$3 object=$4
shift 4
mkdir -p "$(dirname "$object")"
rm -f "$object.errors"
if [ ! -e "$source" ]; then source=$skeleton; fi

headers=()
for flag in "$@"; do case $flag in -I*) headers+=("$(realpath -m -- "${flag#-I}")") ;; esac; done
toolchain=$(realpath -m -- "$(dirname "$(readlink -f "$(command -v "$1")")")/..")

# What stands for the compiler within the sandbox. As root bubblewrap would keep all capabilities.
confined=()
if [ "${COURSE_COMPILE_IN:-}" = sandbox ]; then
  confined=(/usr/bin/bwrap --die-with-parent --unshare-pid --unshare-ipc --unshare-uts --unshare-net)
  [ "$EUID" -ne 0 ] || confined+=(--cap-drop ALL --cap-add CAP_DAC_OVERRIDE)
  confined+=(--ro-bind /usr /usr --proc /proc --dev /dev --size 268435456 --tmpfs /tmp --ro-bind-try /etc/alternatives /etc/alternatives)
  for folder in /bin /sbin /lib /lib32 /lib64 /libx32; do
    if [ -L "$folder" ]; then confined+=(--symlink "$(readlink "$folder")" "$folder")
    else confined+=(--ro-bind-try "$folder" "$folder"); fi
  done
  for path in "${headers[@]}" "$toolchain" "$(realpath -s -- "$source")"; do
    case $path in /usr | /usr/*) ;; *) confined+=(--ro-bind "$path" "$path") ;; esac
  done
  folder=$(realpath -- "$(dirname "$object")")
  confined+=(--bind "$folder" "$folder" --chdir "$PWD" --)
fi

compile() { "$@" -MD -MF "$object.d" -MT "$object" -c "$source" -o "$object.full"; }

# No exercise comes near any of this, on any machine: half a minute of processor time, 3 GB, 64 MB of output.
compile_within_limits() (
  ulimit -t 30 -v 3000000 -f 65536 -c 0
  compile timeout 300 ${confined[@]+"${confined[@]}"} "$@"
)

# What SOURCE includes that is neither its own, nor the course's for everybody, nor the system's.
foreign_includes() {
  local own
  own=$(realpath -m -- "$source")
  sed -e "1s|^[^:]*:||" -e 's/\\$//' -e 's/\\ /\x01/g' "$object.d" | tr ' ' '\n' | sed -e '/^$/d' -e 's/\x01/ /g' |
    tr '\n' '\0' | xargs -0 realpath -m -- | while IFS= read -r path; do
      case $path in "$own" | /usr/* | "$toolchain"/*) continue ;; esac
      for folder in "${headers[@]}"; do case $path in "$folder"/*) continue 2 ;; esac; done
      printf '%s\n' "$path"
    done
}

explain_failure() { # STATUS
  if [ "$1" -ge 124 ] || grep -qE 'signal terminated program|out of memory|memory exhausted|[Ff]ile size limit|File too large' "$object.said"; then
    echo "$source: error: the compiler was stopped: this file takes more than 30 s, 3 GB of memory, or 64 MB of output to compile"
  fi
  head -c 100000 "$object.said"
}

status=0
compile_within_limits "$@" 2>"$object.said" || status=$?
if [ "$status" -ne 0 ]; then
  explain_failure "$status" >"$object.errors"
else
  foreign=$(foreign_includes)
  if [ -n "$foreign" ]; then
    echo "$source: error: an exercise includes the course's headers and those of libraries, not $(head -n 1 <<<"$foreign")" >"$object.errors"
  fi
fi
if [ -e "$object.errors" ]; then
  source=$skeleton
  compile "$@"
fi
# Only the function of the contract stays visible to the linker, so that nothing in an exercise can
# take the place of what surrounds it (a librdkafka function of its own, say).
ld -r --force-group-allocation "$object.full" -o "$object.merged"
objcopy --wildcard --keep-global-symbol="_ZN6course${#name}${name}E*" --remove-section='.gnu.lto_*' "$object.merged" "$object"
rm -f "$object.full" "$object.merged" "$object.said"
