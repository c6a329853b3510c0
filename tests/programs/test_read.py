"""log, get, walk, fold, stat and verify, on stores that are whole and stores that are not."""

import json
import os
import pty
import shutil
import subprocess
import unittest

from command import (BIN, EVENT, FINDING, FOLD, GOLDEN, SECONDS, STAT, SYSTEM_COORDINATE, UNREADABLE, VERDICT, Cli,
                     digest, key, line, read_lines)


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
        shown = self.run_it("get", "st", event["event_id"]).out
        self.assertIn(f"sequence        {event['sequence']}\n", shown)
        self.assertIn("kind            F:001\n", shown)
        for command in ["get", "walk"]:
            done = self.run_it(command, "st", key(1), code=1)
            self.assertEqual(done.out, "")

    def test_payloads_that_json_cannot_say(self):
        shutil.copytree(GOLDEN / "odd_payloads/store", self.place / "st")
        shown = {row["payload_hex"]: row["payload"] for row in self.rows("log", "st")}
        self.assertEqual([shown[odd] for odd in ["", "c1", "810102", "c410" + "01" * 16, "ff"]], [None] * 4 + [-1])

    def test_extensions(self):
        shutil.copytree(GOLDEN / "clean/store", self.place / "st")
        rows = [row for row in self.rows("log", "st") if row["extensions"]]
        self.assertIn({"acme.empty": "", "acme.trace": "01ff"}, [row["extensions"] for row in rows])
        again = [line(row["entity"], row["scope"], row["kind"], row["payload"], key=row["event_id"]) for row in rows]
        receipts = self.rows("import", "st", "--receipts-out", "kept", given="".join(again))
        self.assertEqual([row["replayed"] for row in receipts], [True] * len(rows))
        self.assertEqual([row["extensions"] for row in receipts], [row["extensions"] for row in rows])
        self.assertEqual(self.rows("verify", "st", "--receipts", "kept")[-1]["attested"], len(rows))

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
        os.truncate(path, len(path.read_bytes().rstrip(b"\0")) - 7)
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

    def test_a_place_where_nothing_can_be(self):
        (self.place / "file").write_text("x")
        self.run_it("append", "file/st", "e", "s", "F:001", code=3)


class Example(Cli):
    def test_eight_jobs(self):
        program = BIN / "example_eight_jobs"
        done = subprocess.run([program], cwd=self.place, capture_output=True, timeout=SECONDS, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("unsigned_accepted", done.stdout.decode())
        self.assertEqual(self.rows("fold", "game")[0]["count"], 3)


if __name__ == "__main__":
    unittest.main()
