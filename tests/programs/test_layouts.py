"""The layouts that bindings compare theirs with: every struct of ffi.h, its fields one behind the other."""

import json
import re
import subprocess
import unittest
from pathlib import Path

from command import BIN, SECONDS

HEADER = Path(__file__).resolve().parents[2] / "ffi.h"
WIDEST = 8  # bytes that a field is aligned to, at most


class Layouts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        said = subprocess.run([BIN / "batpak_layouts"], capture_output=True, timeout=SECONDS, check=True).stdout
        cls.layouts = json.loads(said)

    def test_every_struct_is_there(self):
        names = re.findall(r"^(?:\} (bp_\w+);|struct (bp_\w+) \{)", HEADER.read_text(), re.M)
        defined = [closed or opened for closed, opened in names]
        self.assertIn("bp_receipt", defined)
        self.assertEqual(list(self.layouts), defined)

    def test_fields_fill_their_struct(self):
        """A field that was forgotten would leave a gap wider than alignment makes, or one at the end."""
        for name, layout in self.layouts.items():
            end = 0
            for field, place in layout["fields"].items():
                with self.subTest(struct=name, field=field):
                    self.assertGreater(place["size"], 0)
                    self.assertIn(place["offset"] - end, range(WIDEST))
                end = place["offset"] + place["size"]
            self.assertIn(layout["size"] - end, range(WIDEST), name)

    def test_known_ones(self):
        self.assertEqual(self.layouts["bp_token"], {"size": 24, "fields": {
            "type": {"offset": 0, "size": 4}, "reserved": {"offset": 4, "size": 4},
            "number": {"offset": 8, "size": 8}, "offset": {"offset": 16, "size": 8}}})
        self.assertEqual(self.layouts["bp_receipt"]["fields"]["signature"]["size"], 64)
        self.assertEqual(self.layouts["bp_error"]["fields"]["struct_size"], {"offset": 0, "size": 4})


if __name__ == "__main__":
    unittest.main()
