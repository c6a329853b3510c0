"""The manual page: it renders without a warning, says what --help says, and its examples work."""

import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

from command import BIN, COMMANDS, SECONDS, TEXTS, Cli

NAMES = Path(__file__).resolve().parents[2] / "docs/names.md"


class Manual(Cli):
    def setUp(self):
        super().setUp()
        self.page = self.run_it("man").out
        (self.place / "batpak.1").write_text(self.page)

    def render(self, *words):
        """The page as text, after a renderer that had nothing to complain of."""
        if shutil.which(words[0]) is None:
            self.skipTest(f"no {words[0]} here")
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "200", "GROFF_NO_SGR": "1", "MANROFFOPT": "-c"}
        done = subprocess.run([*words, "batpak.1"], cwd=self.place, env=environment, capture_output=True,
                              timeout=SECONDS, check=False)
        self.assertEqual((done.returncode, done.stderr.decode()), (0, ""))
        return re.sub(".\b", "", done.stdout.decode())

    def same_as_help(self, shown):
        for command in COMMANDS + TEXTS:
            about = self.run_it(command, "--help").out
            usage = re.match(r"usage: batpak (.*?) ?\[OPTION\]", about).group(1)
            entry = re.search(rf"^ {{5}}{re.escape(usage)}(?:\n| {{2,}})(.*?)^(?: {{5}})?\S", shown, re.M | re.S)
            self.assertIsNotNone(entry, usage)
            self.assertEqual(re.findall(r"^ {13}(--[a-z-]+)", entry[1], re.M), re.findall(r"^  (--[a-z-]+)", about, re.M))

    def test_groff(self):
        self.same_as_help(self.render("groff", "-mdoc", "-Tutf8", "-ww", "-rLL=200n"))

    def test_man(self):
        if not self.has_man_db():
            self.skipTest("no man of man-db here")
        self.same_as_help(self.render("man", "--warnings", "-l"))

    @staticmethod
    def has_man_db():
        return shutil.which("man") and b"man 2" in subprocess.run(["man", "--version"], capture_output=True,
                                                                  timeout=SECONDS, check=False).stdout

    def test_mandoc(self):
        self.render("mandoc", "-Tlint", "-Wwarning")
        self.same_as_help(self.render("mandoc", "-Tutf8", "-Owidth=200"))

    def test_sections(self):
        self.assertEqual(re.findall(r"^\.Sh (.*)$", self.page, re.M),
                         ["NAME", "SYNOPSIS", "DESCRIPTION", "ENVIRONMENT", "EXIT STATUS", "EXAMPLES", "SEE ALSO"])

    def test_every_option_stands_by_its_command(self):
        """What the renderers are asked, of the page itself: they may not be there."""
        for command in COMMANDS + TEXTS:
            entry = re.search(rf"^\.It Cm {command}\b.*?^\.El$", self.page, re.M | re.S).group(0)
            found = [name.replace("\\", "") for name in re.findall(r"^\.It Fl \\&(\S+)", entry, re.M)]
            self.assertEqual([f"-{name}" for name in found],
                             re.findall(r"^  (--[a-z-]+)", self.run_it(command, "--help").out, re.M))

    def test_exit_codes_are_those_of_help_and_of_the_names(self):
        codes = re.findall(r"^\.It ([0-9, ]+)$", self.page, re.M)
        self.assertEqual(codes, re.findall(r"^  ([0-9, ]*[0-9]) ", self.run_it("--help").out, re.M))
        table = NAMES.read_text().split("## Exit codes")[1]
        self.assertEqual(codes, re.findall(r"^\| ([0-9, ]+) \|", table, re.M))

    def test_the_examples_work(self):
        examples = re.findall(r"^\.Bd -literal.*?\n(.*?)\n\.Ed$", self.page, re.M | re.S)
        self.assertGreaterEqual(len(examples), 5)
        lines = [re.sub(r"\\\((..)", lambda found: {"aq": "'", "ga": "`", "ti": "~", "ha": "^"}[found[1]], example)
                 .replace("\\-", "-") for example in examples]
        done = subprocess.run(["sh", "-e", "-c", "\n".join(lines)], cwd=self.place, capture_output=True, check=False,
                              env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}, timeout=SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual(self.rows("fold", "store")[0]["by_kind"], {"F:001": 2})
        self.assertIn(b"ATTESTED", done.stdout)


if __name__ == "__main__":
    unittest.main()
