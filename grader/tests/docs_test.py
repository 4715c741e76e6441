#!/usr/bin/env python3
"""Runs the commands printed in the documentation and compares what they print.

usage: docs_test.py [--verbose] [FILE…]      default: the book, and what is marked in other documents and lessons

The form of a block is described in docs/book/writing.md. Each file gets a broker and terminals of its own; its blocks
run from top to bottom. The first difference in a file ends that file, and is named by file and line.
Exit code 0: all as printed.  1: something differs.  2: it could not be tried.
"""

import os
import pty
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 90  # seconds that a command may take
VERBOSE = "--verbose" in sys.argv[1:]
DONE = "@@docs-test-done@@"
ANYTHING = "…"
LIBRARY_LOG = re.compile(r"%\d\|")  # librdkafka's own log, such as "%4|1795251978.524|GETPID|…"


class Difference(Exception):
    def __init__(self, line, text):
        super().__init__(text)
        self.line = line


@dataclass
class Step:
    """A command with what it should print. Without a command: more of what an earlier one prints."""

    line: int
    command: str = ""
    expected: list = field(default_factory=list)  # (line number, text); "^C" stands for the key
    must_succeed: bool = False


@dataclass
class Block:
    line: int
    steps: list
    terminal: str = "1"
    goes_on: bool = False
    any_order: bool = False


def parse_block(lines, first):
    steps = []
    continued = False
    for number, text in enumerate(lines, first):
        if text.startswith("$ "):
            steps.append(Step(number, text[2:]))
            continued = True
        elif continued and text.startswith("> "):
            steps[-1].command += "\n" + text[2:]
        else:
            continued = False
            if not steps:
                steps.append(Step(number))
            if text.strip():
                steps[-1].expected.append((number, text))
    return steps


def parse(path, every_block):
    """The blocks of a file that are to be run: those that are marked, or every one that is not marked `not run`."""
    blocks, marks, inside, body = [], None, None, []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if inside is None:
            if match := re.fullmatch(r"<!-- (run|not run)(?:: (.*?))? -->", text.strip()):
                marks = (match[1], [mark.strip() for mark in (match[2] or "").split(",") if mark.strip()])
            elif match := re.fullmatch(r"<!-- \$ (.*) -->", text.strip()):
                blocks.append(Block(number, [Step(number, match[1], [(number, ANYTHING)], must_succeed=True)]))
            elif text.startswith("```console"):
                inside, body = number, []
            elif text.strip():
                marks = None
        elif text.startswith("```"):
            kind, options = marks or ("run" if every_block else "not run", [])
            if kind == "run":
                block = Block(inside, parse_block(body, inside + 1))
                for option in options:
                    if option.startswith("terminal "):
                        block.terminal = option.removeprefix("terminal ")
                    elif option == "goes on":
                        block.goes_on = True
                    elif option == "any order":
                        block.any_order = True
                    else:
                        raise Difference(inside, f"unknown mark '{option}'")
                blocks.append(block)
            marks, inside = None, None
        else:
            body.append(text)
    return blocks


def squeeze(text):
    return " ".join(text.split())


def matches(pattern, text):
    parts = [re.escape(squeeze(part)) for part in pattern.split(ANYTHING)]
    return re.fullmatch(r"\s*.*?\s*".join(parts), squeeze(text)) is not None


def fits(expected, printed, any_order):
    """None if `printed` is as expected, else the line number (if there is one) and text of what is amiss."""
    if any_order:
        left = list(printed)
        for number, pattern in expected:
            if pattern.strip() == ANYTHING:
                continue
            found = next((text for text in left if matches(pattern, text)), None)
            if found is None:
                return number, f"nothing like\n    {pattern}"
            left.remove(found)
        open_end = any(pattern.strip() == ANYTHING for _, pattern in expected)
        if left and not open_end:
            return expected[-1][0] if expected else None, f"too much:\n    {left[0]}"
        return None
    # The places in `printed` that can have been reached after each expected line; more than one after a "…".
    places = {0}
    for number, pattern in expected:
        if pattern.strip() == ANYTHING:
            places = set(range(min(places), len(printed) + 1))
            continue
        onward = {place + 1 for place in places if place < len(printed) and matches(pattern, printed[place])}
        if not onward:
            place = min(places)
            got = printed[place] if place < len(printed) else "(nothing more)"
            return number, f"expected\n    {pattern}\n  printed\n    {got}"
        places = onward
    if len(printed) not in places:
        return (expected[-1][0] if expected else None), f"too much:\n    {printed[max(places)]}"
    return None


class Terminal:
    """A shell whose commands run one after the other."""

    def __init__(self, environment, tidy):
        self.tidy = tidy
        self.lines = queue.Queue()
        self.printed = []
        self.running = False
        self.status = 0
        # Programs write to a terminal line by line, and stdout and stderr in the order in which they were written.
        ours, theirs = pty.openpty()
        self.shell = subprocess.Popen(
            ["bash", "--norc", "--noprofile"], cwd=ROOT, env=environment, text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        threading.Thread(target=self._read, args=(ours,), daemon=True).start()
        self._tell("trap : INT\n")

    def _read(self, terminal):
        with open(terminal, encoding="utf-8", errors="replace") as printed:
            try:
                for line in printed:
                    self.lines.put(line.rstrip("\r\n"))
            except OSError:  # how a terminal says that everybody has left it
                pass
        self.lines.put(None)

    def _tell(self, text):
        self.shell.stdin.write(text)
        self.shell.stdin.flush()

    def start(self, command):
        self.printed, self.running = [], True
        # In a file of its own, so that the command can't read the commands after it.
        with tempfile.NamedTemporaryFile("w", suffix=".sh", delete=False, encoding="utf-8") as script:
            script.write(command + "\n")
        self._tell(f". {script.name} </dev/null; printf '\\n{DONE}%s\\n' $?; rm -f {script.name}\n")

    def interrupt(self):
        os.killpg(self.shell.pid, signal.SIGINT)

    def take(self, until):
        """Waits for a line. False when the command has ended or the time is over."""
        try:
            line = self.lines.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return False
        if line is None:
            raise RuntimeError("the shell has ended")
        if line.startswith(DONE):
            self.running, self.status = False, int(line.removeprefix(DONE))
            return False
        if line.strip() and not LIBRARY_LOG.match(line):
            self.printed.append(self.tidy(line))
        return True

    def close(self):
        try:
            os.killpg(self.shell.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        self.shell.stdin.close()
        self.shell.wait()


def run_step(terminal, step, block, last):
    if step.command:
        if terminal.running:
            raise Difference(step.line, "the command before it is still running in this terminal")
        terminal.start(step.command)
    elif not terminal.running:
        raise Difference(step.line, "no command is running in this terminal")
    until = time.monotonic() + LIMIT
    interrupted = [place for place, (_, text) in enumerate(step.expected) if text.strip() == "^C"]
    expected = [line for line in step.expected if line[1].strip() != "^C"]
    before = expected[: interrupted[0]] if interrupted else expected
    stays = block.goes_on and last
    if interrupted or stays:
        # What can be seen has to be seen before the key is pressed, or the next block begins.
        while amiss := fits(before, terminal.printed, block.any_order):
            if not terminal.take(until):
                raise Difference(amiss[0] or step.line, amiss[1] + ended(terminal))
        if stays:
            terminal.printed = []
            return
        terminal.interrupt()
    while terminal.take(until):
        pass
    if terminal.running:
        raise Difference(step.line, f"not done after {LIMIT} s; so far it printed\n    " +
                         "\n    ".join(terminal.printed[-5:]))
    if amiss := fits(expected, terminal.printed, block.any_order):
        number, text = amiss
        raise Difference(number or step.line, text + ended(terminal))
    if (step.must_succeed or not expected) and terminal.status != 0:
        raise Difference(step.line, f"it failed, with exit code {terminal.status}")


def ended(terminal):
    return "\n  and it is still running" if terminal.running else f"\n  (exit code {terminal.status})"


def check(path, every_block):
    """Number of commands in the file, after having run them all."""
    blocks = parse(path, every_block)
    commands = sum(1 for block in blocks for step in block.steps if step.command)
    if not commands:
        return 0
    terminals = {}
    with tempfile.TemporaryDirectory(prefix="course-docs-") as state:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")}
        environment |= {"COURSE_STATE_DIR": state, "COURSE_ANSWERS": "solutions", "LC_ALL": "C.UTF-8", "TERM": "dumb",
                        "NO_COLOR": "1", "TMPDIR": state}
        course = [str(ROOT / "course"), "broker"]
        started = subprocess.run([*course, "start", "--idle-limit", "5m"], env=environment, text=True,
                                 capture_output=True, check=False)
        try:
            if started.returncode != 0:
                raise RuntimeError("no broker: " + started.stdout + started.stderr)
            address = re.search(r"localhost:\d+", started.stdout)[0]

            def tidy(line):
                line = line.replace(address, "localhost:9092").replace(state, ".course")
                return re.sub(r" \(9092 was taken[^)]*\)", "", line)

            for block in blocks:
                if block.terminal not in terminals:
                    terminals[block.terminal] = Terminal(environment, tidy)
                for step in block.steps:
                    begun = time.monotonic()
                    run_step(terminals[block.terminal], step, block, step is block.steps[-1])
                    if VERBOSE:
                        print(f"  {step.line}: {time.monotonic() - begun:.1f} s  {step.command}", flush=True)
            for name, terminal in terminals.items():
                if terminal.running:
                    raise Difference(blocks[-1].line, f"at the end a command is still running in terminal {name}")
        finally:
            for terminal in terminals.values():
                terminal.close()
            subprocess.run([*course, "stop"], env=environment, capture_output=True, check=False)
    return commands


def main():
    files = [Path(name).resolve() for name in sys.argv[1:] if name != "--verbose"]
    if not files:
        folders = ["docs/book/*.md", "phases/*/README.md", "docs/*.md", "*.md"]
        files = [path for folder in folders for path in sorted(ROOT.glob(folder))]
    failed = False
    for path in files:
        name = os.path.relpath(path, ROOT)
        begun = time.monotonic()
        try:
            commands = check(path, every_block="docs/book" in path.as_posix())
        except Difference as difference:
            print(f"{name}:{difference.line}: {difference}", flush=True)
            failed = True
        except RuntimeError as error:
            print(f"{name}: {error}", flush=True)
            return 2
        else:
            if commands:
                print(f"{name}: {commands} commands, as printed ({time.monotonic() - begun:.0f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
