"""Claims: made of receipts, checked with no store, as JSON lines and as bytes."""

import json
import shutil
import unittest

from command import Cli, line

CLAIM = ["format", "version", "event_id", "sequence", "entity", "scope", "kind", "prev_hash", "content_hash",
         "extensions", "key_id", "signature"]
CHECKED = ["event_id", "sequence", "outcome", "valid"]


class Claims(Cli):
    def setUp(self):
        super().setUp()
        [self.pair] = self.rows("keygen", "seed")
        given = line("ä:1", "room", payload={"x": 1}) + line("e", "s", payload="\ud83d\ude00")
        self.run_it("import", "st", "--sign", "seed", "--receipts-out", "kept", given=given)
        self.key = ["--key", self.pair["public_key"]]

    def exported(self):
        return self.run_it("claim", "export", "st", "kept", *self.key).out

    def test_export_and_check_with_no_store(self):
        lines = self.exported()
        first, second = map(json.loads, lines.splitlines())
        self.names(CLAIM, first)
        self.assertEqual((first["format"], first["version"]), ("batpak.claim", 1))
        self.assertEqual((first["entity"], first["scope"], first["kind"]), ("ä:1", "room", 0xF001))
        self.assertEqual(first["key_id"], self.pair["key_id"])
        [event] = self.rows("get", "st", first["event_id"])
        for name in ["sequence", "prev_hash"]:
            self.assertEqual(first[name], event[name])
        shutil.rmtree(self.place / "st")
        (self.place / "claims").write_text(lines)
        rows = self.rows("claim", "check", "claims", *self.key)
        self.names(CHECKED, rows[0])
        self.assertEqual([(row["outcome"], row["valid"]) for row in rows], [("signed", True)] * 2)
        self.assertEqual(rows[1]["event_id"], second["event_id"])
        done = self.run_it("claim", "check", "claims", *self.key)
        self.assertIn("The holder of the key signed", done.err)
        self.assertIn("outcome         signed\n", done.out)
        self.assertEqual(self.run_it("claim", "check", "-", *self.key, given=lines).out, done.out)

    def test_what_is_not_valid(self):
        lines = self.exported()
        [stranger] = self.rows("keygen", "other")
        for words, outcome, said in [
                ([], "unknown_signing_key", "without the public key"),
                (["--key", stranger["public_key"]], "unknown_signing_key", "without the public key")]:
            done = self.run_it("claim", "check", "-", "--json", *words, given=lines, code=1)
            self.assertEqual({json.loads(row)["outcome"] for row in done.out.splitlines()}, {outcome})
            self.assertIn(said, done.err)
        first = json.loads(lines.splitlines()[0])
        for change in [{"sequence": 7}, {"entity": "b"}, {"scope": "x"}, {"kind": 1}, {"prev_hash": "33" * 32},
                       {"content_hash": "11" * 32}, {"extensions": {"a.b": "00"}}, {"event_id": "22" * 16}]:
            [row] = self.rows("claim", "check", "-", *self.key, given=json.dumps({**first, **change}), code=1)
            self.assertEqual((row["outcome"], row["valid"]), ("invalid_signature", False), change)
        bare = json.dumps({**first, "key_id": None, "signature": None})
        [row] = self.rows("claim", "check", "-", given=bare, code=1)
        self.assertEqual((row["outcome"], row["valid"]), ("unvouched", False))
        done = self.run_it("claim", "check", "-", *self.key, given=bare, code=1)
        self.assertIn("unsigned_receipt_rejected", done.out)
        self.assertIn("nothing vouches for it", done.err)

    def test_payload(self):
        first = self.exported().splitlines()[0]
        words = ["claim", "check", "-", *self.key, "--payload"]
        self.assertIn("signed", self.run_it(*words, ' {"x": 1}', given=first).out)
        done = self.run_it(*words, '{"x":2}', given=first, code=1)
        self.assertIn("content_hash_mismatch", done.out)
        self.run_it(*words, "{", given=first, code=2)

    def test_bytes_and_back(self):
        first, second = self.exported().splitlines()
        (self.place / "one").write_text(self.place.joinpath("kept").read_text().splitlines()[0] + "\n")
        data = self.run_it("claim", "show", "-", "--bytes", given=first).stdout
        self.assertEqual(self.run_it("claim", "export", "st", "one", "--bytes", *self.key).stdout, data)
        (self.place / "claim").write_bytes(data)
        self.assertEqual(self.run_it("claim", "show", "claim", "--json").out, first + "\n")
        self.assertIn("signed", self.run_it("claim", "check", "claim", *self.key).out)
        self.assertIn("kind            F:001\n", self.run_it("claim", "show", "claim").out)
        (self.place / "claim").write_bytes(data[:-1])
        for word in ["show", "check"]:
            self.assertIn("claim: no claim: signature", self.run_it("claim", word, "claim", code=2).err)
        self.run_it("claim", "export", "st", "kept", "--bytes", *self.key, code=2)
        self.run_it("claim", "show", "-", "--bytes", given=first + "\n" + second, code=2)

    def test_a_receipt_that_does_not_hold(self):
        good, other = self.place.joinpath("kept").read_text().splitlines()
        bad = json.dumps({**json.loads(good), "sequence": 9})
        done = self.run_it("claim", "export", "st", *self.key, given=bad + "\n" + other + "\n", code=1)
        self.assertIn("sequence_mismatch", done.err)
        self.assertEqual(json.loads(done.out)["event_id"], json.loads(other)["event_id"])
        done = self.run_it("claim", "export", "st", "kept", code=1)
        self.assertIn("unknown_signing_key", done.err)
        self.assertEqual(done.out, "")

    def test_lines_of_later_versions(self):
        first = json.loads(self.exported().splitlines()[0])
        more = json.dumps({**first, "witness": {"a": [1]}})
        self.assertIn("signed", self.run_it("claim", "check", "-", *self.key, given=more).out)
        self.assertIn("version 2", self.run_it("claim", "check", "-", given=json.dumps({**first, "version": 2}),
                                               code=2).err)

    def test_bad_lines(self):
        first = json.loads(self.exported().splitlines()[0])
        cases = [{"format": "other"}, {"version": 0}, {"kind": 70000}, {"sequence": "1"}, {"entity": 1},
                 {"extensions": {"nodot": "00"}}, {"extensions": []}, {"signature": "00"}, {"key_id": "zz"},
                 {"event_id": None}]
        for change in cases:
            with self.subTest(change):
                given = json.dumps(first) + "\n" + json.dumps({**first, **change})
                done = self.run_it("claim", "show", "-", given=given, code=2)
                self.assertIn("standard input: line 2: ", done.err)
        del first["scope"]
        self.run_it("claim", "show", "-", given=json.dumps(first), code=2)
        self.run_it("claim", "show", "-", given="", code=2)
        self.run_it("claim", "show", "missing", code=3)
        self.run_it("claim", "export", "missing", "kept", code=1)

    def test_words(self):
        for words in [["claim"], ["claim", "export"], ["claim", "turn", "x"], ["claim", "check", "a", "b"],
                      ["claim", "show", "x", *self.key], ["claim", "export", "st", "kept", "--payload", "1"],
                      ["claim", "check", "x", "--bytes"], ["claim", "show", "x", "--payload", "1"]]:
            with self.subTest(words):
                self.assertEqual(self.run_it(*words, code=2).out, "")


if __name__ == "__main__":
    unittest.main()
