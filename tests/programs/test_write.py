"""Words, append, import: what goes in, and what is refused."""

import json
import signal
import subprocess
import unittest

from command import BATPAK, COMMANDS, EVENT, RECEIPT, SECONDS, TEXTS, Cli, key, line, read_lines


class Words(Cli):
    def test_help_of_all_and_of_each(self):
        everything = self.run_it("--help")
        self.assertEqual(everything.err, "")
        for command in COMMANDS + TEXTS:
            self.assertIn(f"\n  {command} ", everything.out)
            about = self.run_it(command, "--help")
            self.assertTrue(about.out.startswith(f"usage: batpak {command} "))
            self.assertEqual("--json" in about.out, command in COMMANDS)
            self.assertEqual(about.out, self.run_it("help", command).out)

    def test_usage_is_2(self):
        wrong = [[], ["nope"], ["log"], ["log", "a", "b"], ["log", "st", "--nope"], ["log", "st", "--limit"],
                 ["log", "st", "--limit", "-1"], ["log", "st", "--limit", "3x"], ["log", "st", "--after", ""],
                 ["log", "st", "--after", "18446744073709551616"], ["log", "st", "--kind", "G:001"],
                 ["log", "st", "--kind", "65536"], ["log", "st", "--entity", "a", "--under", "a"],
                 ["get", "st", "12"], ["get", "st", "g" * 32], ["walk", "st", key(1) + "0"], ["get", "st"],
                 ["verify", "st", "--key", "12"], ["verify", "st", "--require", "nothing"],
                 ["stat", "st", "--limit", "1"], ["append", "st", "e", "s"], ["keygen"], ["version", "x"], ["import"],
                 ["man", "x"], ["man", "--json"], ["completion"], ["completion", "tcsh"], ["completion", "bas"]]
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

    def test_characters_of_every_plane(self):
        words = ["\U0001d800", "\U0002d800:\U0010fffd", "\U0001f987\uffff", "é\\\""]
        self.rows("import", "st", given="".join(line(entity=word, scope=word, payload={word: word}) for word in words))
        events = self.rows("log", "st")
        self.assertEqual([(event["entity"], event["scope"], event["payload"]) for event in events],
                         [(word, word, {word: word}) for word in words])

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
        line(scope="a=b"), line(entity="a\0"), line(entity="\ud800"), line(scope="\udc00"), line(entity="x" * 1025), line(scope=""),
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


if __name__ == "__main__":
    unittest.main()
