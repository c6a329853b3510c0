"""Drivers: one process for each program, JSON lines in and out (spec.md)."""

import contextlib
import json
import signal
import subprocess

SUITE = 1
# A driver that says nothing for this long is stuck, not slow.
TIMEOUT_SECONDS = 300


class DriverBroken(Exception):
    """The driver itself failed; errors of the library are answers, never this."""


class Driver:
    def __init__(self, name, command, capabilities):
        self.name = name
        self.command = list(command)
        self.capabilities = frozenset(capabilities)

    def run(self, program, directory):
        """Runs a whole program; answers end early when the program kills the driver."""
        lines = [json.dumps(header(program))] + [json.dumps(step) for step in program]
        finished = subprocess.run(
            self.command,
            cwd=directory,
            input="\n".join(lines) + "\n",
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if finished.returncode not in (0, -signal.SIGKILL):
            raise DriverBroken(f"{self.name} ended with {finished.returncode}: {finished.stderr.strip()[:4000]}")
        return [json.loads(line) for line in finished.stdout.split("\n") if line]

    @contextlib.contextmanager
    def talk(self, directory, **popen):
        """A conversation: for what has to happen between two instructions."""
        process = subprocess.Popen(
            self.command, cwd=directory, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **popen
        )
        try:
            yield Talk(self.name, process)
        finally:
            process.stdin.close()
            process.stdout.close()
            process.wait(timeout=TIMEOUT_SECONDS)


class Talk:
    def __init__(self, name, process):
        self.name = name
        self.process = process
        self.count = 0

    def ask(self, op, **arguments):
        """One instruction; None when the driver died on it."""
        self.count += 1
        try:
            self.process.stdin.write(json.dumps({"id": self.count, "op": op, **arguments}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def must(self, op, **arguments):
        answer = self.ask(op, **arguments)
        if answer is None or answer["status"] != "ok":
            raise DriverBroken(f"{self.name}: {op} {arguments} answered {answer}")
        return answer["value"]


def header(program, **more):
    return {"suite": SUITE, "count": len(program), **more}


class Program(list):
    """A list of numbered instructions."""

    def add(self, op, **arguments):
        self.append({"id": len(self) + 1, "op": op, **arguments})
        return self
