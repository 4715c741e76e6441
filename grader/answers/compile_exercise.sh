#!/usr/bin/env bash
# Compiles one exercise for the grader, and never fails because of what is in it: an exercise that
# does not compile is replaced by its skeleton, and the compiler's words are kept for the verdict.
#
# usage: compile_exercise.sh NAME SOURCE SKELETON OBJECT COMPILER [FLAG...]
# Leaves OBJECT, OBJECT.d (dependencies), and OBJECT.errors if SOURCE did not compile.
set -euo pipefail
name=$1 source=$2 skeleton=$3 object=$4
shift 4
mkdir -p "$(dirname "$object")"
rm -f "$object.errors"
if [ ! -e "$source" ]; then source=$skeleton; fi
if ! timeout 60 "$@" -MD -MF "$object.d" -MT "$object" -c "$source" -o "$object.full" 2>"$object.said"; then
  mv "$object.said" "$object.errors"
  "$@" -MD -MF "$object.d" -MT "$object" -c "$skeleton" -o "$object.full"
fi
# Only the function of the contract stays visible to the linker, so that nothing in an exercise can
# take the place of what surrounds it (a librdkafka function of its own, say).
ld -r --force-group-allocation "$object.full" -o "$object.merged"
objcopy --wildcard --keep-global-symbol="_ZN6course${#name}${name}E*" "$object.merged" "$object"
rm -f "$object.full" "$object.merged" "$object.said"
