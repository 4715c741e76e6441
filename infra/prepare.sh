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
set -euo pipefail

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
rm -rf "$dir"/.work.*
work=$(mktemp -d "$dir/.work.XXXXXX")
broker_pid=''
leave() { [ -z "$broker_pid" ] || kill -KILL "$broker_pid" 2>/dev/null || true; rm -rf "$work"; }
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

blame() { # LOG WHAT: says the likely cause of a failed step
  if grep -qi 'no space left on device' "$1"; then die "$2: the disk is full ($cache)." "Make room and start again."; fi
  if grep -qiE 'unknown host|connection refused|timed out|could not transfer|network is unreachable|temporary failure|offline mode' "$1"; then
    sed -n 's/^\[ERROR\] //p' "$1" | head -n 1 | cut -c1-300 >&2
    die "$2: the network, or Maven's repository, cannot be reached." "It is needed once. Behind a proxy or mirror: ~/.m2/settings.xml."
  fi
  grep -E 'ERROR|FATAL|Exception' "$1" | head -n 5 | cut -c1-300 >&2 || tail -n 5 "$1" >&2
  die "$2 failed, see the lines above."
}

# --- Jars -------------------------------------------------------------------------------------------------------

jars_are_right() { # FOLDER: all listed, none else, each with its sum
  (cd "$1" && [ "$(LC_ALL=C ls)" = "$(sed 's/^[^ ]* [ *]//' "$sums")" ] && sha256sum --quiet --strict -c "$sums" >&2) 2>"$work/wrong"
}

fetch() {
  say "fetching Kafka $kafka_version (44 MB, once)"
  cp "$infra/kafka/pom.xml" "$work/pom.xml"
  # Maven's own repository lives in the work folder too: nothing is written to ~/.m2, /tmp or the checkout.
  (cd "$work" && JAVA_HOME=$java_home MAVEN_OPTS="${MAVEN_OPTS:-} -XX:-UsePerfData -Djava.io.tmpdir=$work" \
    mvn -q -C -B "-Dmaven.repo.local=$work/repository" dependency:copy-dependencies "-DoutputDirectory=$work/libs") \
    >"$work/mvn.log" 2>&1 9>&- || blame "$work/mvn.log" "fetching the jars"
  if [ -n "${KAFKA_RELOCK:-}" ]; then
    (cd "$work/libs" && LC_ALL=C sha256sum -- *.jar) >"$sums"
    say "wrote $sums; now run this again without KAFKA_RELOCK"; exit 0
  fi
  jars_are_right "$work/libs" || { sed -n '1,5p' "$work/wrong" >&2; die "what was fetched is not what $sums lists." "Is a proxy or mirror changing files? Nothing was kept."; }
  rm -rf "$libs"; mv "$work/libs" "$libs"
  rm -rf "$work/repository"
}

if [ -n "${KAFKA_RELOCK:-}" ] || [ ! -d "$libs" ]; then
  fetch
elif ! jars_are_right "$libs"; then
  say "jars in $libs are damaged or missing: $(sed -n 's/: FAILED.*//p' "$work/wrong" | paste -sd' ' -)"
  fetch
fi

# --- Formatted folder and archive -----------------------------------------------------------------------------------

made=$work/prepared
mkdir -p "$made" "$work/log" "$work/tmp"
{ # In a file that `java @file` reads, quotes keep a path with spaces together and \ must be doubled.
  quoted() { printf '"%s"\n' "${1//\\/\\\\}"; }
  grep -v '^#' "$infra/java-flags" | grep .
  quoted "-XX:SharedArchiveFile=$prepared/broker.jsa"
  echo -cp
  # The class path in a fixed order: an archive fits one order only, and that of libs/* is the file system's.
  quoted "$(printf '%s\n' "$libs"/*.jar | LC_ALL=C sort | paste -sd:)"
} >"$made/java.args"
grep -v 'SharedArchiveFile' "$made/java.args" >"$work/plain.args"
java_plain() { "$java" @"$work/plain.args" "-Djava.io.tmpdir=$work/tmp" "$@" 9>&-; }

write_properties() { # LEARNER GRADER CONTROLLER PORT
  cat "$infra/broker.properties"
  sed -e "s|@LEARNER_PORT@|$1|; s|@GRADER_PORT@|$2|; s|@CONTROLLER_PORT@|$3|; s|@LOG_DIR@|$work/data|" \
    -e 's|@ADMIN_PASSWORD@|practice|g; s|@CHECK_USERS@|user_check00="check"|' \
    "$infra/embedded.properties.in" "$infra/learner.properties.in"
} >"$work/server.properties"

say "formatting a broker's folder"
write_properties 1 2 3
# The cluster's id is any 16 bytes in base64; the keeper gives each broker its own (meta.properties).
java_plain kafka.tools.StorageTool format -t kafka-course-brokerAAA -c "$work/server.properties" >"$work/format.log" 2>&1 ||
  blame "$work/format.log" "formatting"
cp -a "$work/data" "$made/formatted"

say "starting a broker once, so that Java learns which classes to keep ready ($("$java" -version 2>&1 | head -n 1))"
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
start_broker() { # on ports that nobody listens on; somebody may still be faster, then it fails and we try others
  local port=$((20000 + RANDOM % 10000)) i
  for i in 0 1 2; do ! listening $((port + i)) || return 1; done
  write_properties "$port" $((port + 1)) $((port + 2))
  rm -rf "$work/data"; cp -a "$made/formatted" "$work/data"
  # The archive's broker dies with this script, even when it is killed with -9.
  setpriv --pdeathsig KILL "$java" @"$work/plain.args" "-XX:ArchiveClassesAtExit=$made/broker.jsa" -Xlog:cds=off -Xlog:cds+dynamic=off \
    "-Djava.io.tmpdir=$work/tmp" "-Dcourse.log.dir=$work/log" "-Dlog4j2.configurationFile=$infra/log4j2.properties" \
    kafka.Kafka "$work/server.properties" >"$work/broker.log" 2>&1 9>&- &
  broker_pid=$!
  for ((i = 0; i < 600; i++)); do
    if listening "$port"; then learner=127.0.0.1:$port grader=127.0.0.1:$((port + 1)); return 0; fi
    kill -0 "$broker_pid" 2>/dev/null || { broker_pid=''; return 1; }
    sleep 0.1
  done
  kill -KILL "$broker_pid"; broker_pid=''; return 1
}
start_broker || start_broker || start_broker || { cat "$work/log/server.log" >>"$work/broker.log" 2>/dev/null || true; blame "$work/broker.log" "starting the first broker"; }

# A little of what the course will ask of it: topics, a transaction, a group with commits, passwords and rights.
tool() { java_plain "-Dlog4j2.configurationFile=$infra/tools-log4j2.properties" "org.apache.kafka.tools.$@" >>"$work/use.log" 2>&1; }
cat >"$work/admin.properties" <<'END'
security.protocol=SASL_PLAINTEXT
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="practice";
END
use_broker() {
  tool TopicCommand --bootstrap-server "$learner" --create --topic practice --partitions 2 &&
    tool ProducerPerformance --bootstrap-server "$learner" --topic practice --num-records 20 --record-size 100 --throughput -1 --transactional-id t --transaction-duration-ms 10 &&
    tool consumer.ConsoleConsumer --bootstrap-server "$learner" --topic practice --group g --from-beginning --max-messages 20 &&
    tool consumer.group.ConsumerGroupCommand --bootstrap-server "$learner" --describe --group g
}
grant() { tool AclCommand --bootstrap-server "$grader" --command-config "$work/admin.properties" --add --allow-principal User:check00 --operation All --topic check00- --resource-pattern-type prefixed; }
grant & grant_pid=$!
use_broker && wait "$grant_pid" || blame "$work/use.log" "using the first broker"

kill "$broker_pid"
wait "$broker_pid" || true   # Java ends with 143 after SIGTERM
broker_pid=''
[ -s "$made/broker.jsa" ] || blame "$work/broker.log" "writing the class-data archive"

rm -rf "$prepared"; mv "$made" "$prepared"
snapshot >"$work/ready"; mv "$work/ready" "$prepared/ready"

# Folders of other versions that nothing asked for in a month.
find "$cache" -mindepth 2 -maxdepth 3 -name used -mtime +30 -printf '%h\0' | xargs -0r rm -rf
say "ready"
finish
