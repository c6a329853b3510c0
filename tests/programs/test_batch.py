"""batch: all lines become events, or none does."""

import unittest

from command import Cli, key, line


def item(number, **members):
    return line(f"e:{number % 2}", payload=number, **members)


class Batch(Cli):
    def test_all_of_it(self):
        receipts = self.rows("batch", "st", "--json", given="".join(item(number) for number in range(5)) + "\n")
        self.assertEqual([receipt["sequence"] for receipt in receipts], [1, 2, 3, 4, 5])
        self.assertTrue(all(receipt["durable"] for receipt in receipts))
        self.assertEqual(len(self.rows("log", "st")), 5)

    def test_an_earlier_line_is_the_cause(self):
        receipts = self.rows("batch", "st", "--json", given=item(1) + item(2, cause_item=0))
        [event] = self.rows("get", "st", receipts[1]["event_id"])
        self.assertEqual(event["causation_id"], receipts[0]["event_id"])

    def test_again_with_keys(self):
        lines = "".join(item(number, key=key(number + 1)) for number in range(3))
        self.assertIn("3 events recorded", self.run_it("batch", "st", given=lines).err)
        self.assertIn("3 events already there", self.run_it("batch", "st", given=lines).err)
        self.assertEqual(len(self.rows("log", "st")), 3)

    def test_a_bad_line_leaves_no_store(self):
        for number, bad in ((2, "{}\n"), (2, "nonsense\n")):
            done = self.run_it("batch", "st", given=item(1) + bad + item(3), code=2)
            self.assertIn(f"line {number}", done.err)
            self.assertFalse((self.place / "st").exists())

    def test_what_the_store_refuses_is_named_by_its_line(self):
        self.run_it("append", "st", "e", "s", "F:001", "0")
        for lines, number in ((item(1) + "\n" + item(2, cause_item=1), 3), (item(1, key=key(1)) + item(2), 2),
                              (item(1, key=key(1)) + item(2, key=key(1)), 2), (item(1) + line("a/b"), 2)):
            done = self.run_it("batch", "st", given=lines, code=2)
            self.assertIn(f"line {number}:", done.err)
        self.assertEqual(len(self.rows("log", "st")), 1)

    def test_a_cause_is_for_batches_alone(self):
        self.assertIn("line 2", self.run_it("import", "st", given=item(1) + item(2, cause_item=0), code=2).err)

    def test_too_many_lines(self):
        done = self.run_it("batch", "st", given=item(1) * 4097, code=2)
        self.assertIn("line 4097", done.err)
        self.assertIn("4096 events recorded", self.run_it("batch", "st", given=item(1) * 4096).err.replace(",", ""))

    def test_receipts_are_kept_and_verified(self):
        self.run_it("batch", "st", "--receipts-out", "receipts", given=item(1) + item(2))
        self.assertIn("ATTESTED", self.run_it("verify", "st", "--receipts", "receipts").out)


if __name__ == "__main__":
    unittest.main()
