# shellcheck shell=bash disable=SC2034
# Sourced by prepare.sh and install.sh. find_java sets java, java_home and java_version to the first Java that is
# 17 or newer: JAVA_HOME, then PATH, then where distributions install it. Else it fails, and found_java says what
# there was (empty: nothing).
find_java() {
  local candidate home version
  java='' java_home='' java_version='' found_java=''
  for candidate in ${JAVA_HOME:+"$JAVA_HOME/bin/java"} "$(command -v java || true)" /usr/lib/jvm/*/bin/java; do
    [ -x "$candidate" ] || continue
    home=$(readlink -f "$candidate") home=${home%/bin/java}
    # The release file saves starting Java just to ask its version; a wrapper script (jenv, asdf) has none beside it.
    if [ ! -f "$home/release" ]; then
      home=$("$candidate" -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.home = //p') || continue
      [ -f "$home/release" ] || continue
    fi
    [[ $(<"$home/release") =~ JAVA_VERSION=\"(1\.)?([0-9]+)([^\"]*)\" ]] || continue
    version=${BASH_REMATCH[2]}${BASH_REMATCH[3]}
    if ((BASH_REMATCH[2] >= 17)); then java=$home/bin/java java_home=$home java_version=$version; return 0; fi
    found_java+="${found_java:+, }$candidate ($version)"
  done
  return 1
}
