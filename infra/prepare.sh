#!/usr/bin/env bash
# Makes ready in the user's cache folder what a broker needs to start in a second, once:
#   kafka-<version>-<hash>/libs/                 the jars of kafka/pom.xml, verified against kafka/jars.sha256
#   kafka-<version>-<hash>/java-<version>-<hash>/
#       formatted/    a formatted log folder of node 1: copy it, start a broker on the copy
#       broker.jsa    class-data archive: Java maps the classes instead of reading and checking 53 jars
#       java.args     flags, archive and class path:  java @java.args kafka.Kafka server.properties
# The hashes cover all that went in, so a new Kafka, Java or flag makes a new folder, and two checkouts that differ
# do not disturb each other.
# stdout: KAFKA_LIBS=, KAFKA_PREPARED=, JAVA=.  stderr: progress, if there is something to do.  Exit 2: can't, and why.
# KAFKA_RELOCK=1 writes kafka/jars.sha256 anew from what Maven fetched (for whoever moves the course to a new Kafka).
set -Eeuo pipefail
# Java reads file names in the locale's encoding, and sort's order and the words of error messages follow it, too.
export LC_ALL=C.UTF-8

infra=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
say() { printf 'kafka: %s\n' "$*" >&2; }
die() { printf 'kafka: cannot prepare the broker: %s\n' "$1" >&2; shift; (($# == 0)) || printf '       %s\n' "$@" >&2; exit 2; }
trap 'die "line $LINENO of infra/prepare.sh failed: $BASH_COMMAND"' ERR

[ -n "${XDG_CACHE_HOME:-${HOME:-}}" ] || die "neither HOME nor XDG_CACHE_HOME is set, so there is no cache folder." "Set one of them."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kafka-course

# shellcheck source=infra/find-java.sh
. "$infra/find-java.sh"
find_java || die "${found_java:+Java is too old: }${found_java:-no Java found in JAVA_HOME, PATH or /usr/lib/jvm}." "Kafka needs Java 17 or newer: run infra/install.sh, or set JAVA_HOME to one."

# --- Names ----------------------------------------------------------------------------------------------------

hash8() { local sum; sum=$(sha256sum); printf '%s' "${sum:0:8}"; }
[[ $(<"$infra/kafka/pom.xml") =~ \<kafka.version\>([^<]+) ]] || die "no kafka.version in $infra/kafka/pom.xml."
kafka_version=${BASH_REMATCH[1]}
sums=$infra/kafka/jars.sha256
dir=$cache/kafka-$kafka_version-$(hash8 <"$sums")
libs=$dir/libs
# An archive fits only the Java that wrote it. Java recognises itself by its modules file, so do we.
prepared=$dir/java-$java_version-$({
  grep -hv '^#' "$infra"/{prepare.sh,java-flags,broker.properties,embedded.properties.in,learner.properties.in}
  echo "$dir"; stat -c '%n %s %Y' "$java_home/lib/modules"
} | hash8)

# Size and time of every file: tells in 2 ms that nothing was touched since the sums were checked. Java refuses an
# archive whose jars have another time, so a change of time alone must count as well.
snapshot() { stat -c '%n %s %Y' "$libs"/*.jar "$prepared"/{broker.jsa,java.args} "$prepared"/formatted/* 2>/dev/null || true; }
is_ready() { [ -f "$prepared/ready" ] && [ "$(<"$prepared/ready")" = "$(snapshot)" ]; }
finish() {
  printf '%s\n' "KAFKA_LIBS=$libs" "KAFKA_PREPARED=$prepared" "JAVA=$java"
  : >"$prepared/used" || true   # its time tells clean_up what is still in use
  exit 0
}
if [ -z "${KAFKA_RELOCK:-}" ] && is_ready; then finish; fi

# --- From here on there is work. One at a time: a second checkout waits, then finds it done. -------------------------

for tool in sha256sum flock setpriv mvn; do
  command -v "$tool" >/dev/null || die "$tool is missing." "Run infra/install.sh."
done
mkdir -p "$dir" 2>/dev/null || die "cannot make the folder $dir." "Is the disk full or read-only? XDG_CACHE_HOME names another place for caches."
exec 9>"$cache/lock" || die "cannot write to $cache."
flock -n 9 || { say "another prepare.sh is at work, waiting for it"; flock -w 600 9 || die "it has held $cache/lock for ten minutes." "End it, or look what it is waiting for."; }
if [ -z "${KAFKA_RELOCK:-}" ] && is_ready; then finish; fi

free=$(df --output=avail -BM "$dir" | tail -n 1)
((${free//[!0-9]/} >= 350)) || die "the disk is nearly full: ${free// /} free in $cache, 350M needed." "Make room, or set XDG_CACHE_HOME to a folder on another disk."

# Everything is made in here and renamed when whole; what an interrupted run leaves behind is removed by the next.
rm -rf "$dir"/.work.* || true
work=$(mktemp -d "$dir/.work.XXXXXX")
broker_pid=''
# shellcheck disable=SC2317  # runs at exit
leave() { { [ -z "$broker_pid" ] || { kill -KILL "$broker_pid"; wait "$broker_pid"; }; } 2>/dev/null || true; rm -rf "$work"; }
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

blame() { # LOG WHAT: says the likely cause of a failed step
  if grep -qi 'no space left on device' "$1"; then die "$2: the disk is full ($cache)." "Make room and start again."; fi
  if grep -qiE 'unknown host|connection refused|timed out|could not transfer|could not be resolved|cannot access|network is unreachable|temporary failure|offline mode' "$1"; then
    sed -n 's/^.*\[ERROR\] \(..*\)/       \1/p' "$1" | head -n 1 | cut -c1-300 >&2
    die "$2: the network, or Maven's repository, cannot be reached." "It is needed once. Behind a proxy or mirror: ~/.m2/settings.xml."
  fi
  grep -E 'ERROR|FATAL|Exception' "$1" | head -n 5 | cut -c1-300 >&2 || tail -n 5 "$1" >&2
  die "$2 failed, see the lines above."
}

# --- Jars -------------------------------------------------------------------------------------------------------

jars_are_right() { # FOLDER: all listed, none else, each with its sum; what is not right is named in $work/wrong
  (cd "$1"; sha256sum --quiet --strict -c "$sums" 2>/dev/null || true) >"$work/wrong"
  diff <(cd "$1" && ls) <(sed 's/^[^ ]* [ *]//' "$sums") | sed -n 's/^< \(.*\)/\1: not on the list/p; s/^> \(.*\)/\1: missing/p' >>"$work/wrong" || true
  [ ! -s "$work/wrong" ]
}

fetch() {
  say "fetching Kafka $kafka_version (44 MB, once)"
  cp "$infra/kafka/pom.xml" "$work/pom.xml"
  # Maven's own repository lives in the work folder too: nothing is written to ~/.m2, /tmp or the checkout.
  # setpriv: Maven dies with this script, even when that is killed with -9 (and so does the broker below).
  (cd "$work" && export JAVA_HOME=$java_home MAVEN_OPTS="${MAVEN_OPTS:-} -XX:-UsePerfData -Djava.io.tmpdir=." &&
    exec setpriv --pdeathsig KILL mvn -q -C -B -Dstyle.color=never "-Dmaven.repo.local=$work/repository" org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies "-DoutputDirectory=$work/libs") \
    >"$work/mvn.log" 2>&1 9>&- || blame "$work/mvn.log" "fetching the jars"
  if [ -n "${KAFKA_RELOCK:-}" ]; then
    (cd "$work/libs" && sha256sum -- *.jar) >"$sums"
    say "wrote $sums; now run this again without KAFKA_RELOCK"; exit 0
  fi
  jars_are_right "$work/libs" || { sed -n '1,5p' "$work/wrong" >&2; die "what was fetched is not what $sums lists." "Is a proxy or mirror changing files? Nothing was kept."; }
  rm -rf "$libs"; mv "$work/libs" "$libs"
  rm -rf "$work/repository"
}

if [ -n "${KAFKA_RELOCK:-}" ] || [ ! -d "$libs" ]; then
  fetch
elif ! jars_are_right "$libs"; then
  say "jars in $libs are not what they should be, fetching them again:"
  head -n 5 "$work/wrong" | sed 's/^/       /; s/FAILED open or read/unreadable/; s/FAILED/damaged/' >&2
  fetch
fi

# --- Formatted folder and archive -----------------------------------------------------------------------------------

made=$work/prepared
mkdir "$made" "$work/log" "$work/tmp"
{ # In a file that `java @file` reads, quotes keep a path with spaces together and \ must be doubled.
  quoted() { printf '"%s"\n' "${1//\\/\\\\}"; }
  grep -v '^#' "$infra/java-flags" | grep .
  quoted "-XX:SharedArchiveFile=$prepared/broker.jsa"
  echo -cp
  # The class path in a fixed order: an archive fits one order only, and that of libs/* is the file system's.
  quoted "$(printf '%s\n' "$libs"/*.jar | sort | paste -sd:)"
} >"$made/java.args"
grep -v 'SharedArchiveFile' "$made/java.args" >"$work/plain.args"
cd "$work"   # so that short relative names do where a quoted or encoded path could go wrong
java_plain() { setpriv --pdeathsig KILL "$java" @plain.args -Djava.io.tmpdir=tmp "$@" 9>&-; }

write_properties() { # LEARNER GRADER CONTROLLER PORT
  cat "$infra/broker.properties"
  sed -e "s|@LEARNER_PORT@|$1|; s|@GRADER_PORT@|$2|; s|@CONTROLLER_PORT@|$3|; s|@LOG_DIR@|data|" \
    -e 's|@ADMIN_PASSWORD@|practice|g; s|@CHECK_USERS@|user_check00="check"|' \
    "$infra/embedded.properties.in" "$infra/learner.properties.in"
} >server.properties

say "formatting a broker's folder"
write_properties 1 2 3
# The cluster's id is any 16 bytes in base64; the keeper gives each broker its own (meta.properties).
java_plain kafka.tools.StorageTool format -t kafka-course-brokerAAA -c server.properties >format.log 2>&1 ||
  blame format.log "formatting"
cp -a data "$made/formatted"

say "starting a broker once, so that Java learns which classes to keep ready ($("$java" -version 2>&1 | head -n 1))"
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
start_broker() { # on ports that nobody listens on; somebody may still be faster, then it fails and we try others
  local port=$((20000 + RANDOM % 10000)) i
  for i in 0 1 2; do ! listening $((port + i)) || return 1; done
  write_properties "$port" $((port + 1)) $((port + 2))
  rm -rf data; cp -a "$made/formatted" data
  setpriv --pdeathsig KILL "$java" @plain.args "-XX:ArchiveClassesAtExit=$made/broker.jsa" -Xlog:cds=off -Xlog:cds+dynamic=off \
    -Djava.io.tmpdir=tmp -Dcourse.log.dir=log "-Dlog4j2.configurationFile=$infra/log4j2.properties" \
    kafka.Kafka server.properties >broker.log 2>&1 9>&- &
  broker_pid=$!
  for ((i = 0; i < 600; i++)); do
    if listening "$port"; then learner=127.0.0.1:$port grader=127.0.0.1:$((port + 1)); return 0; fi
    kill -0 "$broker_pid" 2>/dev/null || { broker_pid=''; return 1; }
    sleep 0.1
  done
  kill -KILL "$broker_pid"; broker_pid=''; return 1
}
start_broker || start_broker || start_broker || { cat log/server.log >>broker.log 2>/dev/null || true; blame broker.log "starting the first broker"; }

# A little of what the course will ask of it: topics, a transaction, a group with commits, passwords and rights.
tool() { # NAME ARGUMENTS
  local class=org.apache.kafka.tools.$1; shift
  java_plain "-Dlog4j2.configurationFile=$infra/tools-log4j2.properties" "$class" "$@" >>use.log 2>&1
}
cat >admin.properties <<'END'
security.protocol=SASL_PLAINTEXT
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="practice";
END
use_broker() {
  tool TopicCommand --bootstrap-server "$learner" --create --topic practice --partitions 2 &&
    tool ProducerPerformance --bootstrap-server "$learner" --topic practice --num-records 20 --record-size 100 --throughput -1 --transactional-id t --transaction-duration-ms 10 &&
    tool consumer.ConsoleConsumer --bootstrap-server "$learner" --topic practice --group g --from-beginning --max-messages 20 &&
    tool consumer.group.ConsumerGroupCommand --bootstrap-server "$learner" --describe --group g &&
    tool AclCommand --bootstrap-server "$grader" --command-config admin.properties --add --allow-principal User:check00 --operation All --topic check00- --resource-pattern-type prefixed
}
use_broker || blame use.log "using the first broker"

kill "$broker_pid"
wait "$broker_pid" || true   # Java ends with 143 after SIGTERM
broker_pid=''
[ -s "$made/broker.jsa" ] || blame broker.log "writing the class-data archive"

rm -rf "$prepared"; mv "$made" "$prepared"
snapshot >ready; mv ready "$prepared/ready"

# Folders of other versions that nothing asked for in a month.
find "$cache" -mindepth 2 -maxdepth 3 -name used -mtime +30 -printf '%h\0' | xargs -0r rm -rf
say "ready"
finish
