#!/usr/bin/env python3
"""Drives `course watch` through a pseudo-terminal, as somebody with an editor would.

It saves exercises without changing them, and keeps its state in a folder of its own: what a learner has written, and
what the course knows of it, stays as it is.
Exit code 0: all as it should be.  1: not.
"""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXERCISE = ROOT / "phases/2-producer/produce_event.cpp"
OTHER = ROOT / "phases/3-consumer/consume_events.cpp"
FOOTER = "q quit"
LIMIT = 120  # seconds for a grade on a busy machine


class Screen:
    """The program, its terminal, and what it has written so far."""

    def __init__(self, state, *words):
        environment = os.environ | {"COURSE_STATE_DIR": state, "TERM": "xterm", "NO_COLOR": "1"}
        self.terminal, theirs = pty.openpty()
        self.process = subprocess.Popen([ROOT / "course", "watch", *words], env=environment, stdin=theirs,
                                        stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        self.text = ""

    def read(self, seconds):
        if not select.select([self.terminal], [], [], seconds)[0]:
            return False
        try:
            self.text += os.read(self.terminal, 65536).decode(errors="replace")
        except OSError:  # everybody has left the terminal
            return False
        return True

    def wait_for(self, *patterns):
        """Waits until each of the patterns has been written since the last wait, in this order."""
        deadline = time.monotonic() + LIMIT
        for pattern in patterns:
            while not (found := re.search(pattern, self.text)):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    sys.exit(f"waited for {pattern!r}; the screen said:\n{self.text[-3000:]}")
                self.read(0.2)
            self.text = self.text[found.end():]

    def press(self, key):
        os.write(self.terminal, key.encode())

    def end(self):
        deadline = time.monotonic() + LIMIT
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read(0.05)
        return self.process.wait(timeout=1)


def save_as_editors_do(file):
    """A new file takes the old one's place."""
    fresh = file.with_name(file.name + ".tmp")
    shutil.copy2(file, fresh)
    os.replace(fresh, file)


def save_in_place(file):
    text = file.read_bytes()
    with open(file, "r+b") as out:
        out.write(text)


def main():
    with tempfile.TemporaryDirectory(prefix="course-watch-") as state:
        screen = Screen(state, "produce_event")
        try:
            screen.wait_for("produce_event", FOOTER)
            print("it grades what it is asked to begin with")

            for save in (save_as_editors_do, save_in_place):
                begun = time.monotonic()
                save(EXERCISE)
                screen.wait_for(r"\d\d:\d\d:\d\d  produce_event", FOOTER)
                print(f"{save.__name__}: the verdict is there after {time.monotonic() - begun:.1f} s")

            for _ in range(5):
                save_in_place(EXERCISE)
            screen.wait_for(r"\d\d:\d\d:\d\d  produce_event", FOOTER)
            screen.read(1)
            if re.search(r"\d\d:\d\d:\d\d  ", screen.text):
                sys.exit(f"five quick saves were more than one run: {screen.text}")
            print("five quick saves are one run")

            save_in_place(EXERCISE)
            screen.wait_for(r"\d\d:\d\d:\d\d  produce_event")
            save_in_place(OTHER)
            screen.wait_for(r"\d\d:\d\d:\d\d  consume_events", FOOTER)
            print("a save in the middle of a grade is graded next")

            screen.press("h")
            screen.wait_for("consume_events", FOOTER)
            screen.press("r")
            screen.wait_for(r"\d\d:\d\d:\d\d  consume_events", FOOTER)
            screen.press("n")
            screen.wait_for(r"\d\d:\d\d:\d\d  \w+", FOOTER)
            print("keys: hint, again, next")

            screen.press("q")
            if (code := screen.end()) != 0:
                sys.exit(f"q ended it with exit code {code}")
            print("q ends it")

            screen = Screen(state, "produce_event")
            screen.wait_for("produce_event", FOOTER)
            os.kill(screen.process.pid, signal.SIGINT)
            if (code := screen.end()) != 130:
                sys.exit(f"Ctrl+C ended it with exit code {code}")
            print("Ctrl+C ends it")
        finally:
            if screen.process.poll() is None:
                screen.process.kill()
            subprocess.run([ROOT / "course", "broker", "stop"], env=os.environ | {"COURSE_STATE_DIR": state},
                           capture_output=True, check=False)


if __name__ == "__main__":
    main()
