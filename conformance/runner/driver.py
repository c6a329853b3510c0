"""Drivers: a process for each program, or one that lives on over many; JSON lines in and out (spec.md)."""

import contextlib
import json
import signal
import subprocess
import tempfile
import threading

SUITE = 1
# A driver that says nothing for this long is stuck, not slow.
TIMEOUT_SECONDS = 300
RESET = '{"id":0,"op":"reset","directory":%s}'


class DriverBroken(Exception):
    """The driver itself failed; errors of the library are answers, never this."""


class Driver:
    """`lives` is said of drivers that are slow to start: one process runs program after program, `reset` between them."""

    def __init__(self, name, command, capabilities, lives=False, environment=None):
        self.name = name
        self.command = list(command)
        self.capabilities = frozenset(capabilities)
        self.lives = lives
        self.environment = environment
        self.process = None
        self.complaints = None

    def run(self, program, directory):
        """Runs a whole program; answers end early when the program kills the driver."""
        lines = [json.dumps(header(program))] + [json.dumps(step) for step in program]
        if self.lives:
            return self._run_on(lines, directory)
        finished = subprocess.run(
            self.command,
            cwd=directory,
            input="\n".join(lines) + "\n",
            text=True,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if finished.returncode not in (0, -signal.SIGKILL):
            raise DriverBroken(f"{self.name} ended with {finished.returncode}: {finished.stderr.strip()[:4000]}")
        return [json.loads(line) for line in finished.stdout.split("\n") if line]

    def _run_on(self, lines, directory):
        if self.process is None:
            self.process = self._start(directory)
        process = self.process
        # At the end too: a store that a program leaves open would keep the next driver out.
        lines = [RESET % json.dumps(str(directory)), *lines[1:], RESET % "null"]
        text = "\n".join(lines) + "\n"
        # Both pipes may fill up, so one is written while the other is read.
        writer = threading.Thread(target=feed, args=(process.stdin, text), daemon=True)
        watchdog = threading.Timer(TIMEOUT_SECONDS, process.kill)
        writer.start()
        watchdog.start()
        answers = []
        for _ in lines:
            line = process.stdout.readline()
            if not line:
                break
            answers.append(json.loads(line))
        watchdog.cancel()
        writer.join()
        if len(answers) < len(lines):
            self._ended(program_killed_it=json.loads(lines[len(answers)])["op"] == "abort")
        return answers[1 : len(lines) - 1]

    def _ended(self, program_killed_it):
        process, self.process = self.process, None
        process.stdout.close()
        code = process.wait(timeout=TIMEOUT_SECONDS)
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        if not (program_killed_it and code == -signal.SIGKILL):
            self.complaints.seek(0)
            raise DriverBroken(f"{self.name} ended with {code}: {self.complaints.read().strip()[-4000:]}")

    def _start(self, directory, **popen):
        self.complaints = tempfile.TemporaryFile("w+")
        return subprocess.Popen(
            self.command,
            cwd=directory,
            text=True,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.complaints,
            **popen,
        )

    @contextlib.contextmanager
    def talk(self, directory, **popen):
        """A conversation with a process of its own: for what has to happen between two instructions."""
        process = self._start(directory, **popen)
        try:
            yield Talk(self.name, process)
        finally:
            process.stdin.close()
            process.stdout.close()
            process.wait(timeout=TIMEOUT_SECONDS)

    def stop(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait(timeout=TIMEOUT_SECONDS)
            self.process = None


def feed(stream, text):
    """A driver that was killed reads no further."""
    with contextlib.suppress(BrokenPipeError):
        stream.write(text)
        stream.flush()


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
