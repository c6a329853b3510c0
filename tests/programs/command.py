"""The command `batpak`, run from outside: what it prints, to which stream, and how it ends.

BATPAK_BIN is the folder of the built programs.
"""

import hashlib
import json
import os
import select
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

BIN = Path(os.environ.get("BATPAK_BIN", "build-dev/bin")).resolve()
BATPAK = str(BIN / "batpak")
GOLDEN = Path(__file__).resolve().parents[2] / "conformance/golden/reference"
SECONDS = 240  # what takes so long hangs
# A sanitizer's complaint must not look like an exit code of the command.
os.environ |= {"ASAN_OPTIONS": "exitcode=99", "LSAN_OPTIONS": "exitcode=99"}

RECEIPT = ["event_id", "sequence", "content_hash", "key_id", "signature", "extensions", "durable", "replayed", "same"]
EVENT = ["sequence", "event_id", "entity", "scope", "kind", "clock", "wall_ms", "timestamp_us", "prev_hash",
         "event_hash", "correlation_id", "causation_id", "lane", "depth", "flags", "segment_id", "offset",
         "frame_length", "extensions", "payload", "payload_hex"]
UNREADABLE = ["sequence", "event_id", "error"]
FINDING = ["severity", "code", "segment_id", "offset", "sequence", "event_id", "text"]
VERDICT = ["verdict", "events", "attested", "findings", "notes", "first_unproven"]
FOLD = ["count", "by_kind", "last"]
STAT = ["events", "entities", "scopes", "segments", "bytes", "first_sequence", "last_sequence", "clean_close"]
COMMANDS = ["import", "batch", "append", "log", "get", "walk", "verify", "claim", "fold", "stat", "keygen", "version"]
TEXTS = ["man", "completion"]  # without --json
SYSTEM_COORDINATE = ("batpak:store", "batpak:lifecycle")


def line(entity="e", scope="s", kind=0xF001, payload=None, **more) -> str:
    return json.dumps({"entity": entity, "scope": scope, "kind": kind, "payload": payload, **more}) + "\n"


def key(number: int) -> str:
    return f"{number:032x}"


def digest(folder: Path) -> dict:
    return {str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
            for path in sorted(folder.rglob("*")) if path.is_file()}


def read_lines(stream, count: int) -> list[str]:
    """So many lines of a pipe that stays open."""
    held, end = b"", time.monotonic() + SECONDS
    while held.count(b"\n") < count:
        ready, _, _ = select.select([stream], [], [], max(0, end - time.monotonic()))
        chunk = os.read(stream.fileno(), 65536) if ready else b""
        if not chunk:
            raise AssertionError(f"{held.count(10)} lines instead of {count}")
        held += chunk
    return held.decode().splitlines()


class Cli(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.place = Path(scratch.name)

    def run_it(self, *words, given="", code=0):
        done = subprocess.run([BATPAK, *map(str, words)], cwd=self.place, input=given.encode(), capture_output=True,
                              timeout=SECONDS, check=False)
        done.out, done.err = done.stdout.decode(errors="replace"), done.stderr.decode()
        self.assertEqual(done.returncode, code, f"{words}\n{done.out[-2000:]}\n{done.err[-2000:]}")
        return done

    def rows(self, *words, given="", code=0):
        done = self.run_it(*words, "--json", given=given, code=code)
        return [json.loads(row) for row in done.out.splitlines()]

    def start(self, *words, **streams):
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        process = subprocess.Popen([BATPAK, *map(str, words)], cwd=self.place, **streams)
        self.addCleanup(self.finish, process)
        return process

    @staticmethod
    def finish(process):
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass

    def filled(self, count=10, store="st", **more):
        """A store with so many events, and their receipts."""
        lines = "".join(line(entity=f"e:{n % 3}", payload={"n": n}, **more) for n in range(count))
        return self.rows("import", store, given=lines)

    def spoil(self, event, store="st"):
        """Flips a bit in the middle of an event's frame."""
        path = sorted((self.place / store).glob("*.fbat"))[0]
        content = bytearray(path.read_bytes())
        content[event["offset"] + event["frame_length"] // 2] ^= 1
        path.write_bytes(content)

    def names(self, expected, row):
        self.assertEqual(expected, list(row))
