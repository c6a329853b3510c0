"""What the shells offer: by the scripts that the command prints, in the shells themselves."""

import os
import pty
import re
import select
import shutil
import subprocess
import time
import unittest

from command import BIN, COMMANDS, SECONDS, TEXTS, Cli

EVERYTHING = [*COMMANDS, *TEXTS, "help"]


class Completing(Cli):
    def setUp(self):
        super().setUp()
        for folder in ["st", "old store"]:
            (self.place / folder).mkdir()
        for file in ["seed", "note book"]:
            (self.place / file).touch()
        self.environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.place), "TERM": "dumb",
                            "LC_ALL": "C.UTF-8", "INPUTRC": "/dev/null", "HISTFILE": "", "PS1": ""}

    def options(self, command):
        return re.findall(r"^  (--[a-z-]+)", self.run_it(command, "--help").out, re.M)

    def need(self, shell):
        if shutil.which(shell) is None:
            self.skipTest(f"no {shell} here")

    def script(self, shell):
        (self.place / "script").write_text(self.run_it("completion", shell).out)
        return "script"


class Terminal:
    """A shell that thinks it has a person before it.  The command is a function there, which says what it was given."""

    def __init__(self, words, place, environment):
        master, slave = pty.openpty()
        self.process = subprocess.Popen(words, cwd=place, env=environment, stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True)
        os.close(slave)
        self.master = master

    def type(self, keys, until):
        os.write(self.master, keys.encode())
        held, end = "", time.monotonic() + SECONDS
        while not (found := re.search(until, held)):
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"{keys!r} gave {held!r}")
            held += os.read(self.master, 65536).decode(errors="replace")
        return found.group(1)

    def given(self, typed, end):
        return re.findall(r"<([^>]*)>", self.type(f"{typed}{end}\r", r"\bgiven:(.*):nevig\b"))

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


SAYS = """batpak() { printf 'giv''en:'; printf '<%s>' "$@"; printf ':nev''ig\\n'; }"""


class Bash(Completing):
    def setUp(self):
        super().setUp()
        self.need("bash")
        self.terminal = Terminal(["bash", "--norc", "--noprofile", "-i"], self.place, self.environment)
        self.addCleanup(self.terminal.close)
        self.terminal.type(f"source ./{self.script('bash')}; {SAYS}; bind 'set bell-style none'; echo rea''dy\r", r"(ready)")
        (self.place / "script").unlink()

    def one(self, typed):
        """The words of the line when Tab has ended it."""
        return self.terminal.given(f"batpak {typed}", "\t")

    def all(self, typed):
        """The same with everything that could stand at the end."""
        return self.terminal.given(f"batpak {typed}", "\033*")

    def test_it_parses(self):
        subprocess.run(["bash", "-n"], input=self.run_it("completion", "bash").out.encode(), check=True, timeout=SECONDS)

    def test_commands(self):
        self.assertEqual(self.one("lo"), ["log"])
        self.assertEqual(sorted(self.all("")), sorted(EVERYTHING))
        self.assertEqual(self.all("--"), ["--help", "--version"])
        self.assertEqual(sorted(self.all("help ")), sorted(EVERYTHING))
        self.assertEqual(self.one("nothing s"), ["nothing", "s"])

    def test_options_are_those_of_help(self):
        for command in COMMANDS + TEXTS:
            with self.subTest(command):
                self.assertEqual(sorted(self.all(f"{command} --")[1:]), sorted(self.options(command)))
        self.assertEqual(self.one("log st --lim"), ["log", "st", "--limit"])

    def test_values_of_options(self):
        self.assertEqual(self.one("verify st --require "), ["verify", "st", "--require", "attested"])
        self.assertEqual(self.one("verify st --require=a"), ["verify", "st", "--require=attested"])
        self.assertEqual(self.one("import --sign se"), ["import", "--sign", "seed"])
        self.assertEqual(self.one("import --sign=se"), ["import", "--sign=seed"])
        self.assertEqual(self.one("import --sign note"), ["import", "--sign", "note book"])
        self.assertEqual(self.all("log st --entity s"), ["log", "st", "--entity", "s"])

    def test_arguments(self):
        self.assertEqual(self.one("log s"), ["log", "st/"])
        self.assertEqual(self.one("log old"), ["log", "old store/"])
        self.assertEqual(self.one("import st se"), ["import", "st", "seed"])
        self.assertEqual(self.one("get st s"), ["get", "st", "s"])
        self.assertEqual(self.one("completion f"), ["completion", "fish"])
        self.assertEqual(self.one("man s"), ["man", "s"])

    def test_what_stands_before_is_counted(self):
        for before in ["--json", "--limit 3", "--limit=3", "--entity a:b", "--entity=a:b:c", "--entity 'a b'", "--kind F:1"]:
            with self.subTest(before):
                self.assertEqual(self.one(f"log {before} s")[-1], "st/")
                self.assertEqual(self.one(f"log {before} st s")[-1], "s")
        self.assertEqual(self.one("import st:1 se")[-1], "seed")
        self.assertEqual(self.one("append st player:1 game F:001 s")[-1], "s")


class Zsh(Completing):
    def test_it_parses_and_completes(self):
        self.need("zsh")
        script = self.script("zsh")
        subprocess.run(["zsh", "-n", script], cwd=self.place, check=True, timeout=SECONDS)
        terminal = Terminal(["zsh", "-f", "-i", "-o", "no_beep"], self.place, self.environment)
        self.addCleanup(terminal.close)
        terminal.type(f"autoload -Uz compinit; compinit -u -D; source ./{script}; {SAYS}; echo rea''dy\r", r"(ready)")
        (self.place / script).unlink()
        for typed, given in [("lo", ["log"]), ("log --lim", ["log", "--limit"]), ("log s", ["log", "st"]),
                             ("log se", ["log", "se"]), ("log -- s", ["log", "--", "st"]),
                             ("import st se", ["import", "st", "seed"]), ("import --sign no", ["import", "--sign", "note book"]),
                             ("log --entity a:b s", ["log", "--entity", "a:b", "st"]), ("get st s", ["get", "st", "s"]),
                             ("verify st --require=", ["verify", "st", "--require=attested"]),
                             ("completion f", ["completion", "fish"]), ("help fo", ["help", "fold"])]:
            with self.subTest(typed):
                self.assertEqual(terminal.given(f"batpak {typed}", "\t"), given)

    def test_options_are_those_of_help(self):
        script = self.run_it("completion", "zsh").out
        for command in COMMANDS + TEXTS:
            block = re.search(rf"^ +\({command}\)\n(.*?);;", script, re.M | re.S).group(1)
            self.assertEqual(re.findall(r"'\*?(--[a-z-]+)=?\[", block), self.options(command))


class Fish(Completing):
    def offered(self, typed):
        done = subprocess.run(["fish", "--no-config", "-c", 'source $argv[1]; complete -C $argv[2]', "script",
                               f"batpak {typed}"], cwd=self.place, env=self.environment, capture_output=True,
                              timeout=SECONDS, check=True)
        self.assertEqual(done.stderr, b"")
        return sorted(row.split("\t")[0] for row in done.stdout.decode().splitlines())

    def test_it_completes(self):
        self.need("fish")
        self.script("fish")
        self.assertEqual(self.offered("lo"), ["log"])
        self.assertEqual(self.offered(""), sorted(EVERYTHING))
        self.assertEqual(self.offered("help "), sorted([*COMMANDS, *TEXTS]))
        self.assertEqual(self.offered("completion "), ["bash", "fish", "zsh"])
        self.assertEqual(self.offered("get st "), [])
        for before in ["log ", "log --limit 3 ", "log --limit=3 ", "log --entity a:b ", "log --json ", "import "]:
            self.assertEqual(self.offered(before), ["old store/", "st/"])
        self.assertEqual(self.offered("import st se"), ["seed"])
        self.assertEqual(self.offered("import --sign se"), ["seed"])
        self.assertEqual(self.offered("verify st --require "), ["attested"])
        self.assertEqual(self.offered("log st --entity "), [])
        for command in COMMANDS + TEXTS:
            self.assertEqual(self.offered(f"{command} --"), sorted(self.options(command)))

    def test_options_are_those_of_help(self):
        script = self.run_it("completion", "fish").out
        for command in COMMANDS + TEXTS:
            found = re.findall(rf"'__batpak_command {command}' -l ([a-z-]+)", script)
            self.assertEqual([f"--{name}" for name in found], self.options(command))


if __name__ == "__main__":
    unittest.main()
