"""Receipts kept aside, and signatures."""

import json
import stat
import unittest

from command import FINDING, RECEIPT, VERDICT, Cli, line


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
                    good.replace('"event_id": "0', '"event_id": "x'), good.replace("event_id", "other"),
                    good.replace('"same": null', '"same": true'), good.replace('"replayed": false', '"replayed": true')]:
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
        self.assertRegex(path.read_text(), "^# batpak ed25519 seed\n[0-9a-f]{64}\n$")
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
                 (0o600, "g" * 64), (0o600, "0" * 64 + "\n"), (0o600, "# a\n# b\n" + "1" * 64)]
        for number, (mode, content) in enumerate(cases):
            with self.subTest(number):
                bad = self.place / f"bad{number}"
                bad.write_text(content)
                bad.chmod(mode)
                done = self.run_it("append", "st", "e", "s", "F:001", "--sign", bad.name, code=2)
                self.assertNotIn(content.strip(), done.err)
        self.run_it("append", "st", "e", "s", "F:001", "--sign", "missing", code=3)
        self.assertFalse((self.place / "st").exists())


if __name__ == "__main__":
    unittest.main()
