#!/usr/bin/env python3
"""Does harm to the machine while right programs are graded: a verdict may then be missing, but never wrong.

usage: faults_test.py [FAULT…]      default: all of them, one after the other

Each fault has a state folder of its own. In the middle of a grade of the solutions something happens; every verdict has
to be `passed` or `infra-error`, the next grade has to pass, and nothing may be left: no process, topic or file.
Exit code 0: so it was.  1: something was wrong.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GRADED = ["consume_events", "produce_event", "run_consumer_worker"]
LIMIT = 240  # seconds that a grade may take, whatever happens to it


class Wrong(Exception):
    pass


class Course:
    """The course with a state folder, and a folder for temporary files, of its own."""

    def __init__(self, folder, before=()):
        self.state = Path(folder) / "state"
        self.temporary = Path(folder) / "tmp"
        self.temporary.mkdir()
        self.before = list(before)  # words in front of every command
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")}
        self.environment |= {"COURSE_STATE_DIR": str(self.state), "TMPDIR": str(self.temporary), "NO_COLOR": "1"}

    def start(self, *words):
        return subprocess.Popen([*self.before, ROOT / "course", *words], env=self.environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *words):
        return finish(self.start(*words))

    def grade(self):
        return self.start("grade", "--solutions", *GRADED, "--json")

    @property
    def broker(self):
        return json.loads((self.state / "broker/state.json").read_text(encoding="utf-8"))

    def processes(self):
        """What runs with our state folder in its environment or on its command line."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = process.joinpath("cmdline").read_bytes()
                if bytes(self.state) in words + process.joinpath("environ").read_bytes():
                    found[int(process.name)] = words.replace(b"\0", b" ").decode(errors="replace")[:100]
            except OSError:
                pass
        found.pop(os.getpid(), None)
        return found


def finish(process):
    try:
        printed, errors = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Wrong(f"{process.args} does not end") from None
    return process.returncode, printed, errors


def until(holds, what, limit=60):
    deadline = time.monotonic() + limit
    while not holds():
        if time.monotonic() > deadline:
            raise Wrong(f"waited {limit} s for {what}")
        time.sleep(0.02)


def middle_of(course, grade, verdicts=4):
    """Waits until some checks have ended and others are running."""
    since = time.time()
    results = course.state / "results"

    def some():
        if grade.poll() is not None:
            raise Wrong("the grade ended before anything happened: " + grade.communicate()[1])
        try:
            fresh = [file for file in results.glob("**/verdict.json") if file.stat().st_mtime > since]
        except FileNotFoundError:  # checks make and remove folders meanwhile
            return False
        return len(fresh) >= verdicts

    until(some, f"{verdicts} verdicts")


def judge(grade, need_all=False):
    """The verdicts of a grade, none of which may be wrong."""
    code, printed, errors = finish(grade)
    if code == 2 and not printed:
        if need_all:
            raise Wrong("the grade was not made: " + errors)
        return "no grade: " + errors.strip().splitlines()[-1]
    checks = json.loads(printed)["checks"]
    verdicts = [check["verdict"] for check in checks]
    for check in checks:
        allowed = ["passed"] if need_all else ["passed", "infra-error"]
        if check["verdict"] not in allowed:
            raise Wrong(f"{check['exercise']}.{check['check']}: {check['verdict']} "
                        f"{check.get('diagnosis', '')} {check.get('observed', '')}{check.get('detail', '')}")
    passed = verdicts.count("passed")
    if code != (0 if passed == len(verdicts) else 2):
        raise Wrong(f"exit code {code} with {passed} of {len(verdicts)} checks passed")
    return f"{passed} passed, {len(verdicts) - passed} left open"


def expect_nothing_left(course):
    code, printed, errors = course.run("kafka", "topics", "--list")
    if code != 0:
        raise Wrong("topics can't be listed: " + errors)
    if left := [name for name in printed.split() if re.match("c[0-9a-f]{12}-", name)]:
        raise Wrong("topics are left: " + " ".join(left))
    code, _, errors = course.run("broker", "stop")
    if code != 0:
        raise Wrong("broker stop: " + errors)
    until(lambda: not course.processes(), f"the end of {course.processes()}", limit=10)
    if left := list(course.temporary.iterdir()):
        raise Wrong(f"temporary files are left: {left}")


def with_one_grade(course, harm):
    """Harm in the middle of a grade. Then the next one passes."""
    grade = course.grade()
    try:
        middle_of(course, grade)
        harm(course)
        outcome = judge(grade)
    finally:
        if grade.poll() is None:
            grade.kill()
    judge(course.grade(), need_all=True)
    return outcome


def broker_is_killed(course):
    return with_one_grade(course, lambda course: os.kill(course.broker["java_pid"], signal.SIGKILL))


def broker_sleeps_for_five_seconds(course):
    def sleeps(course):
        broker = course.broker["java_pid"]
        os.kill(broker, signal.SIGSTOP)
        time.sleep(5)  # that is the fault
        os.kill(broker, signal.SIGCONT)

    return with_one_grade(course, sleeps)


def files_are_deleted(course):
    return with_one_grade(course, lambda course: shutil.rmtree(course.state / "broker/data", ignore_errors=True))


def results_are_deleted(course):
    return with_one_grade(course, lambda course: shutil.rmtree(course.state / "results", ignore_errors=True))


def disk_is_full(course):
    course.state.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=192m", "tmpfs", course.state],
                             capture_output=True, check=False)
    if mounted.returncode != 0:
        return "not tried: it takes the right to mount a small disk"
    try:
        filling = course.state / "filling"

        def fills(course):
            with open(filling, "wb", buffering=0) as file:
                try:
                    while file.write(bytes(1 << 16)):
                        pass
                except OSError:
                    pass

        grade = course.grade()
        middle_of(course, grade)
        fills(course)
        outcome = judge(grade)
        filling.unlink()
        judge(course.grade(), need_all=True)
        expect_nothing_left(course)
        return outcome
    finally:
        course.run("broker", "stop")
        subprocess.run(["umount", "--lazy", course.state], check=False)


def two_grades_at_once(course):
    first, second = course.grade(), course.grade()
    return f"{judge(first, need_all=True)}; {judge(second, need_all=True)}"


def quarter_of_the_processors(course):
    """All of it, the broker too, on half of the processors, which somebody else uses as well."""
    mine = sorted(os.sched_getaffinity(0))
    few = ",".join(str(cpu) for cpu in mine[: max(1, len(mine) // 2)])
    course.before = ["taskset", "-c", few]
    others = [subprocess.Popen(["taskset", "-c", few, sys.executable, "-c", "while True: pass"])
              for _ in range(max(1, len(mine) // 2))]
    try:
        outcome = judge(course.grade(), need_all=True)
    finally:
        for other in others:
            other.kill()
            other.wait()
    return outcome


FAULTS = [broker_is_killed, broker_sleeps_for_five_seconds, files_are_deleted, results_are_deleted, disk_is_full,
          two_grades_at_once, quarter_of_the_processors]


def main():
    names = {fault.__name__: fault for fault in FAULTS}
    if unknown := [name for name in sys.argv[1:] if name not in names]:
        print(f"there is no fault {unknown[0]}; there are: {' '.join(names)}", file=sys.stderr)
        return 2
    failed = False
    for name in sys.argv[1:] or names:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="course-faults-") as folder:
            course = Course(folder)
            try:
                outcome = names[name](course)
                expect_nothing_left(course)
            except Wrong as wrong:
                failed = True
                outcome = f"WRONG: {wrong}"
                course.run("broker", "stop")
            print(f"{name}: {outcome} ({time.monotonic() - begun:.0f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
