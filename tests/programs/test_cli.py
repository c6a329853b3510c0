"""The command `batpak`, from outside: what it prints, to which stream, and how it ends.

BATPAK_BIN is the folder of the built programs.
"""

import hashlib
import json
import os
import pty
import select
import signal
import stat
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

BIN = Path(os.environ.get("BATPAK_BIN", "build-dev/bin")).resolve()
BATPAK = str(BIN / "batpak")
SECONDS = 60

RECEIPT = ["event_id", "sequence", "content_hash", "key_id", "signature", "extensions", "durable", "replayed", "same"]
EVENT = ["sequence", "event_id", "entity", "scope", "kind", "clock", "wall_ms", "timestamp_us", "prev_hash",
         "event_hash", "correlation_id", "causation_id", "lane", "depth", "flags", "segment_id", "offset",
         "frame_length", "extensions", "payload", "payload_hex"]
UNREADABLE = ["sequence", "event_id", "error"]
FINDING = ["severity", "code", "segment_id", "offset", "sequence", "event_id", "text"]
VERDICT = ["verdict", "events", "attested", "findings", "notes", "first_unproven"]
FOLD = ["count", "by_kind", "last"]
STAT = ["events", "entities", "scopes", "segments", "bytes", "first_sequence", "last_sequence", "clean_close"]
COMMANDS = ["import", "append", "log", "get", "walk", "verify", "fold", "stat", "keygen", "version"]
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
        done.out, done.err = done.stdout.decode(), done.stderr.decode()
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


class Words(Cli):
    def test_help_of_all_and_of_each(self):
        everything = self.run_it("--help")
        self.assertEqual(everything.err, "")
        for command in COMMANDS:
            self.assertIn(f"\n  {command} ", everything.out)
            about = self.run_it(command, "--help")
            self.assertTrue(about.out.startswith(f"usage: batpak {command} "))
            self.assertIn("--json", about.out)
            self.assertEqual(about.out, self.run_it("help", command).out)

    def test_usage_is_2(self):
        wrong = [[], ["nope"], ["log"], ["log", "a", "b"], ["log", "st", "--nope"], ["log", "st", "--limit"],
                 ["log", "st", "--limit", "-1"], ["log", "st", "--limit", "3x"], ["log", "st", "--after", ""],
                 ["log", "st", "--after", "18446744073709551616"], ["log", "st", "--kind", "G:001"],
                 ["log", "st", "--kind", "65536"], ["log", "st", "--entity", "a", "--under", "a"],
                 ["get", "st", "12"], ["get", "st", "g" * 32], ["walk", "st", key(1) + "0"], ["get", "st"],
                 ["verify", "st", "--key", "12"], ["verify", "st", "--require", "nothing"],
                 ["stat", "st", "--limit", "1"], ["append", "st", "e", "s"], ["keygen"], ["version", "x"], ["import"]]
        for words in wrong:
            with self.subTest(words):
                done = self.run_it(*words, code=2)
                self.assertEqual(done.out, "")
                self.assertTrue(done.err.startswith("batpak: "))
        self.assertEqual(list(self.place.iterdir()), [])

    def test_version(self):
        [row] = self.rows("version")
        self.names(["version", "abi_version", "format_version"], row)
        self.assertEqual(row["format_version"], 1)
        self.assertIn(row["version"], self.run_it("--version").out)

    def test_full_output_is_3(self):
        with open("/dev/full", "wb") as full:
            process = self.start("version", stdout=full)
            self.assertEqual(process.wait(SECONDS), 3)


class Append(Cli):
    def test_receipt(self):
        done = self.run_it("append", "st", "player:alice", "room", "F:001", '{"x":18446744073709551615}', "--json")
        self.assertIn("st: new store", done.err)
        receipt = json.loads(done.out)
        self.names(RECEIPT, receipt)
        self.assertEqual((receipt["durable"], receipt["replayed"], receipt["same"]), (True, False, None))
        self.assertEqual((receipt["key_id"], receipt["signature"], receipt["extensions"]), (None, None, {}))
        [event] = self.rows("get", "st", receipt["event_id"])
        self.names(EVENT, event)
        self.assertEqual(event["payload"], {"x": 18446744073709551615})
        self.assertEqual(event["payload_hex"], "81a178cfffffffffffffffff")
        self.assertEqual(event["event_hash"], receipt["content_hash"])
        self.assertEqual((event["entity"], event["scope"], event["kind"]), ("player:alice", "room", 0xF001))
        self.assertEqual((event["correlation_id"], event["causation_id"]), (event["event_id"], None))
        again = self.run_it("append", "st", "player:alice", "room", "F:001")
        self.assertNotIn("new store", again.err)
        self.assertIn("event_id ", again.out)

    def test_payloads(self):
        cases = [([], "", None), (["-"], '[1, -2, "\\u0000", 1.5]\n', [1, -2, "\0", 1.5]), (["null"], "", None),
                 (['{"b":1,"a":{}}'], "", {"b": 1, "a": {}})]
        for words, given, expected in cases:
            [receipt] = self.rows("append", "st", "e", "s", "F:001", *words, given=given)
            [event] = self.rows("get", "st", receipt["event_id"])
            self.assertEqual(event["payload"], expected)
        for bad in ["", "{", "nope", "1 2", '"\\q"']:
            self.run_it("append", "new", "e", "s", "F:001", bad, code=2)
        self.assertFalse((self.place / "new").exists())

    def test_kinds(self):
        for kind in ["F:001", "f:001", "61441", "0xF001"]:
            [receipt] = self.rows("append", "st", "e", "s", kind)
            self.assertEqual(self.rows("get", "st", receipt["event_id"])[0]["kind"], 0xF001)
        for kind in ["0:001", "D:001", "6", "0x0007", "G:001", "F:1000", "65536", "", "F"]:
            with self.subTest(kind):
                self.run_it("append", "new", "e", "s", kind, code=2)
        self.assertFalse((self.place / "new").exists())

    def test_coordinates_leave_nothing(self):
        for bad in ["", "x" * 1025, "a/b", "a..b", "a|b", "a=b", "a\x01", "a\x7f"]:
            for entity, scope in [(bad, "s"), ("e", bad)]:
                with self.subTest(entity=entity[:9], scope=scope[:9]):
                    done = self.run_it("append", "st", entity, scope, "F:001", code=2)
                    self.assertEqual(len(done.err.splitlines()), 2)
        not_utf8 = subprocess.run([BATPAK, "append", "st", b"\xff", "s", "F:001"], cwd=self.place, capture_output=True,
                                  check=False)
        self.assertEqual(not_utf8.returncode, 2)
        self.assertFalse((self.place / "st").exists())


class Import(Cli):
    def test_receipts_and_events(self):
        receipts = self.filled(10)
        self.assertEqual(len(receipts), 10)
        for receipt in receipts:
            self.names(RECEIPT, receipt)
            self.assertIs(receipt["durable"], True)
        events = self.rows("log", "st")
        self.assertEqual([event["event_id"] for event in events], [receipt["event_id"] for receipt in receipts])
        self.assertEqual([event["sequence"] for event in events], [receipt["sequence"] for receipt in receipts])
        self.assertEqual([event["clock"] for event in events], [n // 3 for n in range(10)])

    def test_ids(self):
        given = line(key=key(1)) + line(key=key(2).upper(), correlation=key(1), causation=key(1))
        self.rows("import", "st", given=given)
        first, second = self.rows("log", "st")
        self.assertEqual((first["event_id"], first["correlation_id"], first["causation_id"]), (key(1), key(1), None))
        self.assertEqual((second["event_id"], second["correlation_id"], second["causation_id"]),
                         (key(2), key(1), key(1)))

    def test_quiet_without_json(self):
        done = self.run_it("import", "st", given=line() + line())
        self.assertEqual(done.out, "")
        self.assertIn("st: new store", done.err)
        self.assertIn("2 events recorded", done.err)

    def test_from_file_and_odd_ends(self):
        (self.place / "in").write_text("\n" + line() + "  \r\n" + line().rstrip("\n"))
        self.assertEqual(len(self.rows("import", "st", "in")), 2)
        self.assertEqual(len(self.rows("import", "st", "-", given=line())), 1)
        self.assertEqual(self.rows("import", "st", given=""), [])
        self.run_it("import", "other", "missing", code=3)
        self.assertFalse((self.place / "other").exists())

    def test_more_than_a_group(self):
        receipts = self.rows("import", "st", given="".join(line(payload=n) for n in range(2500)))
        self.assertEqual(len(receipts), 2500)
        self.assertEqual([event["payload"] for event in self.rows("log", "st")], list(range(2500)))

    def test_again_with_keys(self):
        given = "".join(line(payload=n, key=key(n + 1)) for n in range(5))
        first = self.rows("import", "st", given=given)
        self.assertEqual([(row["replayed"], row["same"]) for row in first], [(False, None)] * 5)
        again = self.rows("import", "st", given=given)
        self.assertEqual([(row["replayed"], row["same"]) for row in again], [(True, True)] * 5)
        self.assertEqual([row["sequence"] for row in again], [row["sequence"] for row in first])
        [other] = self.rows("import", "st", given=line(payload="other", key=key(1)))
        self.assertEqual((other["replayed"], other["same"], other["event_id"]), (True, False, key(1)))
        self.assertIn("1 of these with other content", self.run_it("import", "st", given=line(key=key(1))).err)
        self.assertEqual(len(self.rows("log", "st")), 5)

    BAD = [
        "nope", "[]", "1", '"x"', "null", "{", '{"entity"', '{"entity":', '{"entity":"e"', "{}", line().strip() + "x",
        line().strip()[:-1] + ",}", line(more=1), line(KEY=key(1)), line(entity=1), line(entity=None), line(scope=[]),
        line(kind=1.5), line(kind=-1), line(kind=65536), line(kind="nope"), line(kind=None), line(kind=True),
        line(kind=0x0001), line(kind=0x0006), line(kind="D:001"), line(key="12"), line(key="g" * 32), line(key=1),
        line(key=None), line(correlation=key(1) + "0"), line(causation={}), line(entity=""), line(entity="a/b"),
        line(scope="a=b"), line(entity="a\0"), line(entity="x" * 1025), line(scope=""),
        '{"entity":"e","scope":"s","kind":61441}', '{"entity":"e","entity":"e","scope":"s","kind":61441,"payload":1}',
        '{"entity":"e","scope":"s","kind":61441,"payload":nope}', '{"entity":"e","scope":"s","kind":61441,"payload":}',
        '{"entity":"e","scope":"s","kind":61441,"payload":' + "[" * 1024 + "]" * 1024 + "}",
        line(payload="x" * (17 << 20)),
    ]

    def test_a_bad_line_stops_with_its_number(self):
        for number, bad in enumerate(self.BAD):
            with self.subTest(bad[:80]):
                store = f"st{number}"
                done = self.run_it("import", store, "--json", given=line() + "\n" + bad.strip() + "\n" + line(), code=2)
                self.assertIn("standard input: line 3: ", done.err)
                self.assertEqual(len(done.out.splitlines()), 1)
                self.assertEqual(len(self.rows("log", store)), 1)

    def test_skip_bad_counts(self):
        given = line() + "".join(bad.strip() + "\n" for bad in self.BAD) + line()
        done = self.run_it("import", "st", "--skip-bad", "--json", given=given)
        self.assertEqual(len(done.out.splitlines()), 2)
        self.assertIn(f"{len(self.BAD)} bad lines skipped, the first is line 2", done.err)
        self.assertEqual(len(self.rows("log", "st")), 2)

    def test_a_line_without_end(self):
        endless = "x" * ((64 << 20) + 1) + "\n"
        done = self.run_it("import", "st", given=line() + endless, code=2)
        self.assertIn("line 2: longer than 67108864 bytes", done.err)
        self.assertEqual(len(self.rows("import", "st", "--skip-bad", given=endless + line())), 1)

    def test_not_utf8(self):
        given = line(entity="?").encode().replace(b"?", b"\xff")
        done = subprocess.run([BATPAK, "import", "st"], cwd=self.place, input=given, capture_output=True,
                              timeout=SECONDS, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"line 1: ", done.stderr)

    def test_acknowledges_when_input_pauses(self):
        process = self.start("import", "st", "--json")
        for step in range(3):
            process.stdin.write((line() * 7).encode())
            process.stdin.flush()
            self.assertEqual(len(read_lines(process.stdout, 7)), 7, step)
        process.stdin.close()
        self.assertEqual(process.wait(SECONDS), 0)

    def interrupted(self, number):
        process = self.start("import", "st", "--json")
        process.stdin.write((line() * 30 + '{"entity":').encode())
        process.stdin.flush()
        shown = read_lines(process.stdout, 30)
        process.send_signal(number)
        self.assertEqual(process.wait(SECONDS), 128 + number)
        [stats] = self.rows("stat", "st")
        self.assertIs(stats["clean_close"], True)
        self.assertEqual(self.rows("verify", "st")[-1]["verdict"], "CONSISTENT")
        self.assertEqual([row["event_id"] for row in self.rows("log", "st")],
                         [json.loads(row)["event_id"] for row in shown])

    def test_interrupt(self):
        self.interrupted(signal.SIGINT)

    def test_terminate(self):
        self.interrupted(signal.SIGTERM)

    def test_killed(self):
        process = self.start("import", "st", "--json")
        process.stdin.write((line() * 30).encode())
        process.stdin.flush()
        shown = read_lines(process.stdout, 30)
        process.kill()
        process.wait()
        self.assertIs(self.rows("stat", "st")[0]["clean_close"], False)
        self.assertEqual(len(self.rows("log", "st")), len(shown))
        self.run_it("append", "st", "e", "s", "F:001")
        self.assertIs(self.rows("stat", "st")[0]["clean_close"], True)

    def test_locked(self):
        process = self.start("import", "st", "--json")
        process.stdin.write(line().encode())
        process.stdin.flush()
        read_lines(process.stdout, 1)
        for words in [["append", "st", "e", "s", "F:001"], ["import", "st"], ["log", "st"], ["verify", "st"]]:
            with self.subTest(words):
                done = self.run_it(*words, code=4)
                self.assertTrue(done.err.startswith("batpak: st: "))
                self.assertEqual(done.out, "")


class Receipts(Cli):
    def test_kept_aside(self):
        done = self.run_it("import", "st", "--json", "--receipts-out", "kept", given=line() * 3)
        self.assertEqual((self.place / "kept").read_text(), done.out)
        more = self.run_it("append", "st", "e", "s", "F:001", "--receipts-out", "kept")
        self.assertIn("event_id", more.out)
        rows = [json.loads(row) for row in (self.place / "kept").read_text().splitlines()]
        self.assertEqual(len(rows), 4)
        self.names(RECEIPT, rows[3])
        self.run_it("import", "st", "--receipts-out", "no/where", given=line(), code=3)

    def test_an_unfinished_line_is_cut(self):
        (self.place / "kept").write_text('{"whole":1}\n{"event_id":"12')
        done = self.run_it("import", "st", "--receipts-out", "kept", given=line())
        self.assertIn("kept: an unfinished last line was cut off", done.err)
        first, second = (self.place / "kept").read_text().splitlines()
        self.assertEqual(first, '{"whole":1}')
        self.names(RECEIPT, json.loads(second))

    def test_attested(self):
        self.run_it("import", "st", "--receipts-out", "kept", given=line() * 3)
        *_, verdict = self.rows("verify", "st", "--receipts", "kept", "--require", "attested")
        self.names(VERDICT, verdict)
        self.assertEqual((verdict["verdict"], verdict["attested"], verdict["events"]), ("ATTESTED", 3, 3))
        self.run_it("append", "st", "e", "s", "F:001")
        *_, verdict = self.rows("verify", "st", "--receipts", "kept")
        self.assertEqual((verdict["verdict"], verdict["attested"], verdict["events"]), ("ATTESTED", 3, 4))
        self.assertIn("ATTESTED 3 of 4 events", self.run_it("verify", "st", "--receipts", "kept").out)
        self.run_it("verify", "st", "--receipts", "kept", "--require", "attested", code=1)
        self.run_it("verify", "st", "--require", "attested", code=1)

    def test_contradicted(self):
        self.run_it("import", "other", "--receipts-out", "kept", given=line())
        self.filled()
        rows = self.rows("verify", "st", "--receipts", "kept", code=1)
        self.assertEqual(rows[-1]["verdict"], "CONTRADICTED")
        self.names(FINDING, rows[0])
        self.assertIn("contradiction", [row["severity"] for row in rows[:-1]])

    def test_bad_lines(self):
        good = json.dumps(self.filled(1)[0])
        for bad in ["nope", "", "{}", good.replace('"sequence": 1', '"sequence": "1"'), good[:-1],
                    good.replace("false", "1"), good.replace("{}", '{"a.b":"0"}'), good.replace("{}", '{"nodot":"00"}'),
                    good.replace('"event_id": "0', '"event_id": "x'), good.replace("event_id", "other")]:
            with self.subTest(bad):
                (self.place / "kept").write_text(good + "\n" + bad + "\n")
                done = self.run_it("verify", "st", "--receipts", "kept", code=2)
                self.assertIn("kept: line 2: ", done.err)
        self.run_it("verify", "st", "--receipts", "missing", code=3)


class Signing(Cli):
    def test_keygen(self):
        [row] = self.rows("keygen", "seed")
        self.names(["public_key", "key_id"], row)
        path = self.place / "seed"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertRegex(path.read_text(), "^[0-9a-f]{64}\n$")
        held = path.read_text()
        self.assertEqual(self.run_it("keygen", "seed", code=3).out, "")
        self.assertEqual(path.read_text(), held)
        self.assertIn("public_key", self.run_it("keygen", "another").out)

    def test_signed(self):
        [pair] = self.rows("keygen", "seed")
        [stranger] = self.rows("keygen", "stranger")
        self.run_it("import", "st", "--sign", "seed", "--receipts-out", "kept", given=line() * 2)
        self.rows("append", "st", "e", "s", "F:001", "--sign", "seed", "--receipts-out", "kept")
        for row in map(json.loads, (self.place / "kept").read_text().splitlines()):
            self.assertEqual(row["key_id"], pair["key_id"])
            self.assertRegex(row["signature"], "^[0-9a-f]{128}$")
        words = ["verify", "st", "--receipts", "kept"]
        rows = self.rows(*words, "--key", stranger["public_key"], "--key", pair["public_key"], "--require", "attested")
        self.assertEqual(rows[-1]["verdict"], "ATTESTED")
        self.assertNotEqual(self.rows(*words, "--key", stranger["public_key"], code=1)[-1]["verdict"], "ATTESTED")

    def test_seeds_that_are_refused(self):
        self.run_it("keygen", "seed")
        path = self.place / "seed"
        cases = [(0o640, path.read_text()), (0o604, path.read_text()), (0o600, "12"), (0o600, path.read_text() + "0"),
                 (0o600, "g" * 64), (0o600, "0" * 64 + "\n")]
        for number, (mode, content) in enumerate(cases):
            with self.subTest(number):
                bad = self.place / f"bad{number}"
                bad.write_text(content)
                bad.chmod(mode)
                done = self.run_it("append", "st", "e", "s", "F:001", "--sign", bad.name, code=2)
                self.assertNotIn(content.strip(), done.err)
        self.run_it("append", "st", "e", "s", "F:001", "--sign", "missing", code=3)
        self.assertFalse((self.place / "st").exists())


class Reading(Cli):
    def test_filters(self):
        given = (line("a", "x", 0xF001) + line("a:b", "x", 0xF002) + line("a:b:c", "y", 0xF001) +
                 line("ab", "y", 0xF003))
        self.rows("import", "st", given=given)

        def found(*words):
            return "".join(str(row["sequence"]) for row in self.rows("log", "st", *words))

        self.assertEqual(found(), "1234")
        self.assertEqual(found("--limit", "2"), "12")
        self.assertEqual(found("--limit", "0"), "")
        self.assertEqual(found("--after", "2"), "34")
        self.assertEqual(found("--after", "0", "--limit", "1"), "1")
        self.assertEqual(found("--after", "18446744073709551615"), "")
        self.assertEqual(found("--entity", "a"), "1")
        self.assertEqual(found("--under", "a"), "123")
        self.assertEqual(found("--under", "a:b"), "23")
        self.assertEqual(found("--scope", "y"), "34")
        self.assertEqual(found("--under", "a", "--scope", "y"), "3")
        for kind in ["F:001", "f:001", "61441", "0xf001"]:
            self.assertEqual(found("--kind", kind), "13")
        self.assertEqual(found("--entity", "nobody"), "")
        self.assertEqual(found("--system"), "012345")

    def test_system_events_are_mentioned(self):
        self.filled(2)
        done = self.run_it("log", "st")
        self.assertEqual(len(done.out.splitlines()), 2)
        self.assertIn("2 system events not shown (--system)", done.err)
        self.assertEqual(self.run_it("log", "st", "--system").err, "")
        own = [row for row in self.rows("log", "st", "--system") if row["entity"] == SYSTEM_COORDINATE[0]]
        self.assertEqual([(row["scope"], row["kind"]) for row in own],
                         [(SYSTEM_COORDINATE[1], 8), (SYSTEM_COORDINATE[1], 9)])

    def test_pages(self):
        self.rows("import", "st", given="".join(line(payload=n) for n in range(1500)))
        self.assertEqual([row["payload"] for row in self.rows("log", "st", "--limit", "1100")], list(range(1100)))
        newest = self.rows("log", "st", "--after", "1499")[-1]["event_id"]
        self.assertEqual([row["payload"] for row in self.rows("walk", "st", newest)], list(reversed(range(1500))))
        self.assertEqual([row["payload"] for row in self.rows("walk", "st", newest, "--limit", "2")], [1499, 1498])

    def test_get(self):
        receipts = self.filled()
        [event] = self.rows("get", "st", receipts[4]["event_id"].upper())
        self.names(EVENT, event)
        self.assertEqual(event["payload"], {"n": 4})
        self.assertIn(f"sequence        {event['sequence']}\n", self.run_it("get", "st", event["event_id"]).out)
        for command in ["get", "walk"]:
            done = self.run_it(command, "st", key(1), code=1)
            self.assertEqual(done.out, "")

    def test_fold(self):
        self.rows("import", "st", given=line(kind="F:001") * 3 + line("f", kind="1:00a") * 2)
        [row] = self.rows("fold", "st")
        self.names(FOLD, row)
        self.assertEqual(row, {"count": 5, "by_kind": {"1:00A": 2, "F:001": 3}, "last": 5})
        self.assertEqual(self.rows("fold", "st", "--limit", "4"),
                         [{"count": 4, "by_kind": {"1:00A": 1, "F:001": 3}, "last": 4}])
        self.assertEqual(self.rows("fold", "st", "--entity", "no"), [{"count": 0, "by_kind": {}, "last": None}])
        self.assertEqual(self.rows("fold", "st", "--system")[0]["count"], 7)
        self.assertEqual(self.run_it("fold", "st").out.split(), ["1:00A", "2", "F:001", "3", "count", "5", "last", "5"])

    def test_stat(self):
        self.filled(10)
        [row] = self.rows("stat", "st")
        self.names(STAT, row)
        self.assertEqual((row["events"], row["entities"], row["scopes"], row["first_sequence"], row["last_sequence"]),
                         (12, 4, 2, 0, 11))
        self.assertEqual(row["bytes"], sum(path.stat().st_size for path in (self.place / "st").glob("*.fbat")))
        self.assertEqual(row["segments"], len(list((self.place / "st").glob("*.fbat"))))

    def test_verify(self):
        self.filled(10)
        *_, verdict = self.rows("verify", "st")
        self.names(VERDICT, verdict)
        self.assertEqual((verdict["verdict"], verdict["events"], verdict["attested"], verdict["findings"]),
                         ("CONSISTENT", 10, 0, 0))
        self.assertIn("CONSISTENT 10 events", self.run_it("verify", "st").out)

    def test_reading_changes_nothing(self):
        receipts = self.filled()
        (self.place / "kept").write_text(json.dumps(receipts[0]) + "\n")
        before = digest(self.place / "st")
        for words in [["log", "st"], ["get", "st", receipts[0]["event_id"]], ["walk", "st", receipts[0]["event_id"]],
                      ["verify", "st", "--receipts", "kept"], ["fold", "st"], ["stat", "st"]]:
            self.run_it(*words)
            self.assertEqual(digest(self.place / "st"), before, words)
        for words in [["log", "none"], ["get", "none", key(1)], ["walk", "none", key(1)], ["verify", "none"],
                      ["fold", "none"], ["stat", "none"]]:
            self.run_it(*words, code=1)
        self.assertFalse((self.place / "none").exists())

    def test_closed_pipe_is_fine(self):
        self.rows("import", "st", given="".join(line(payload="x" * 200) for _ in range(5000)))
        for words in [["log", "st"], ["log", "st", "--json"]]:
            process = self.start(*words)
            process.stdout.read(10)
            process.stdout.close()
            self.assertEqual(process.wait(SECONDS), 0)
            self.assertEqual(process.stderr.read(), b"")
        process = self.start("import", "st", "--json")
        process.stdout.close()
        process.stdin.write((line() * 10).encode())
        process.stdin.close()
        self.assertEqual(process.wait(SECONDS), 0)
        self.assertIs(self.rows("stat", "st")[0]["clean_close"], True)

    def on_terminal(self, *words, **environment):
        leader, follower = pty.openpty()
        process = self.start(*words, stdout=follower, env={**os.environ, "LC_ALL": "C.UTF-8", **environment})
        os.close(follower)
        shown = b""
        try:
            while chunk := os.read(leader, 65536):
                shown += chunk
        except OSError:  # the other end is closed
            pass
        os.close(leader)
        self.assertEqual(process.wait(SECONDS), 0)
        return shown.decode()

    def test_on_a_terminal(self):
        self.rows("import", "st", given=line("c1\x9b31m", payload="wide " * 100))
        shown = self.on_terminal("log", "st")
        self.assertIn("sequence", shown)
        self.assertIn("\x1b[", shown)
        self.assertIn("…", shown)
        self.assertNotIn("\x9b", shown)
        self.assertEqual(len(shown.splitlines()), 2)
        self.assertNotIn("\x1b[", self.on_terminal("log", "st", NO_COLOR="1"))


class Damage(Cli):
    def test_a_flipped_bit(self):
        self.filled(9)
        event = self.rows("log", "st")[3]
        self.spoil(event)
        rows = self.rows("log", "st", code=1)
        self.assertEqual(len(rows), 9)
        self.names(UNREADABLE, rows[3])
        self.assertEqual((rows[3]["sequence"], rows[3]["event_id"]), (event["sequence"], event["event_id"]))
        self.assertEqual([row["payload"]["n"] for row in rows[:3] + rows[4:]], [0, 1, 2, 4, 5, 6, 7, 8])
        done = self.run_it("get", "st", event["event_id"], code=1)
        self.assertEqual(done.out, "")
        self.assertIn("batpak: st: ", done.err)
        self.assertEqual(len(self.run_it("log", "st", code=1).out.splitlines()), 9)
        newest = rows[6]["event_id"]
        walked = self.rows("walk", "st", newest, code=1)
        self.assertEqual(list(walked[-1]), UNREADABLE)
        folded = self.rows("fold", "st", code=1)
        self.names(UNREADABLE, folded[0])
        self.assertEqual((folded[-1]["count"], folded[-1]["last"]), (8, 9))
        found = self.rows("verify", "st", code=1)
        self.assertEqual(found[-1]["verdict"], "DAMAGED")
        self.names(FINDING, found[0])
        self.assertIn(event["sequence"], [row["sequence"] for row in found if row.get("severity") == "damage"])
        self.assertIn("DAMAGED", self.run_it("verify", "st", code=1).out)

    def test_a_torn_tail_is_repaired_and_told(self):
        process = self.start("import", "st", "--json")
        process.stdin.write((line() * 5).encode())
        process.stdin.flush()
        read_lines(process.stdout, 5)
        process.kill()
        process.wait()
        path = next((self.place / "st").glob("*.fbat"))
        os.truncate(path, path.stat().st_size - 7)
        before = digest(self.place / "st")
        self.assertEqual(len(self.rows("log", "st")), 4)
        self.assertEqual(digest(self.place / "st"), before)
        self.assertIn("batpak: st: note: ", self.run_it("append", "st", "e", "s", "F:001").err)
        self.assertEqual(len(self.rows("log", "st")), 5)

    def test_not_a_store(self):
        (self.place / "photos").mkdir()
        (self.place / "photos" / "cat.jpg").write_text("meow")
        (self.place / "file").write_text("x")
        for words in [["append", "photos", "e", "s", "F:001"], ["import", "photos"], ["log", "photos"],
                      ["verify", "photos"]]:
            self.assertEqual(self.run_it(*words, code=1).out, "")
        self.assertEqual([path.name for path in (self.place / "photos").iterdir()], ["cat.jpg"])

    def test_foreign_files_are_left_alone(self):
        self.filled(2)
        (self.place / "st" / "README").write_text("mine")
        self.run_it("append", "st", "e", "s", "F:001")
        self.assertEqual((self.place / "st" / "README").read_text(), "mine")

    def test_newer_version(self):
        self.filled(2)
        path = next((self.place / "st").glob("*.fbat"))
        content = path.read_bytes()
        at = content.index(b"\xa7version\x01")
        path.write_bytes(content[:at] + b"\xa7version\x02" + content[at + 9:60] + b"frames of another age" * 20)
        before = digest(self.place / "st")
        for words in [["log", "st"], ["append", "st", "e", "s", "F:001"], ["verify", "st"]]:
            self.assertIn("segment", self.run_it(*words, code=1).err)
        self.assertEqual(digest(self.place / "st"), before)

    def test_empty_directory_becomes_a_store(self):
        (self.place / "st").mkdir()
        self.assertIn("st: new store", self.run_it("append", "st", "e", "s", "F:001").err)

    def test_read_only_directory(self):
        if os.geteuid() == 0:
            self.skipTest("root may write everywhere")
        self.place.chmod(0o500)
        self.addCleanup(self.place.chmod, 0o700)
        self.run_it("append", "st", "e", "s", "F:001", code=3)


class Example(Cli):
    def test_eight_jobs(self):
        program = BIN / "example_eight_jobs"
        done = subprocess.run([program], cwd=self.place, capture_output=True, timeout=SECONDS, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("unsigned_accepted", done.stdout.decode())
        self.assertEqual(self.rows("fold", "game")[0]["count"], 3)


if __name__ == "__main__":
    unittest.main()
