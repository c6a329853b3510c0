"""What is said: one line a case in the manner of TAP, and the counts at the end."""

import contextlib
import os
import subprocess
import time

from runner.driver import DriverBroken


class Report:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []
        self.started = time.monotonic()

    def ok(self, name, detail=""):
        self.passed += 1
        self._line("ok", name, detail)

    def not_ok(self, name, *details):
        self.failed += 1
        self._line("not ok", name, "")
        lines = [line for detail in details for line in str(detail).split("\n")]
        for line in lines:
            print(f"#   {line}", flush=True)
        self.failures.append((name, lines))

    def skip(self, name, why):
        """On a developer's machine a lane may be missing; in CI everything must run."""
        if os.environ.get("CI") == "true":
            self.not_ok(name, f"{why} (must run in CI)")
        else:
            self.skipped += 1
            first, *rest = why.split("\n")
            self._line("ok", name, f"# SKIP {' '.join([first, *rest[-1:]])}")

    def case(self, name, differences, detail=""):
        """A case with the list of what differed; the first few are shown."""
        if not differences:
            return self.ok(name, detail)
        more = [f"... and {len(differences) - 5} more"] if len(differences) > 5 else []
        return self.not_ok(name, *differences[:5], *more)

    def say(self, text):
        print(f"# {text}", flush=True)

    @contextlib.contextmanager
    def guard(self, name):
        """A driver that crashes or hangs fails one case, not the run."""
        try:
            yield
        except (DriverBroken, subprocess.TimeoutExpired) as broken:
            self.not_ok(name, broken)

    @contextlib.contextmanager
    def timed(self, name):
        begun = time.monotonic()
        yield
        self.say(f"{name}: {time.monotonic() - begun:.1f} s")

    def close(self):
        """The counts, behind the heads of all failures: a log of thousands of lines is read from its end."""
        for name, lines in self.failures:
            self.say("\n#   ".join([f"failed: {name}", *lines[:12]]))
        seconds = time.monotonic() - self.started
        self.say(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped in {seconds:.0f} s")
        print(f"1..{self.passed + self.failed + self.skipped}", flush=True)
        return 1 if self.failed else 0

    def _line(self, outcome, name, detail):
        number = self.passed + self.failed + self.skipped
        print(f"{outcome} {number} - {name}{' ' + detail if detail else ''}", flush=True)
