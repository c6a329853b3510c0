"""Every function of ffi.h, and every name that the command shows the world, stands in docs/names.md, in backticks.

The world sees its options and the members of its JSON lines: as the sources spell them, and as they
come when it is run on a small store, whole and damaged.
"""

import json
import re
import subprocess
import tempfile
from pathlib import Path

import declarations
from tree import Skipped, Tree, text, without_comments

OPTION = re.compile(r'"(--[a-z][a-z-]+)[="\s]|\{\s*"([a-z][a-z-]+)"\s*,\s*(?:no|required|optional)_argument')
MEMBER = re.compile(r'\brecord_\w+\(\s*&?\w+\s*,\s*"([a-z_]+)"')
# Their members are the caller's words, or numbers of kinds.
FREE = {"payload", "extensions", "by_kind"}


def check(tree: Tree) -> list[str]:
    known = set(re.findall(r"`([^`\n]+)`", text(tree.need("docs/names.md"))))
    shown: dict[str, str] = {}
    for path in tree.files("programs/*.c"):
        source = without_comments(text(path))
        found = [long or f"--{bare}" for long, bare in OPTION.findall(source)] + MEMBER.findall(source)
        for name in found:
            shown.setdefault(name, tree.name(path))
    command = tree.build / "bin/batpak"
    if not command.exists():
        raise Skipped("the command is not built")
    for line in json_lines(command):
        for name in members(line):
            shown.setdefault(name, "a JSON line of batpak")
    for name in declarations.read(text(tree.need("ffi.h"))).functions:
        shown.setdefault(name, "ffi.h")
    return [f"docs/names.md lacks `{name}` of {where}" for name, where in sorted(shown.items()) if name not in known]


def members(value) -> list[str]:
    if not isinstance(value, dict):
        return []
    names = list(value)
    for name, inner in value.items():
        if name not in FREE:
            names += members(inner)
    return names


def json_lines(command: Path) -> list:
    with tempfile.TemporaryDirectory() as scratch:
        def run(*words: str, given: str = "") -> list:
            done = subprocess.run([str(command), *words, "--json"], cwd=scratch, input=given.encode(),
                                  capture_output=True, timeout=60, check=False)
            return [json.loads(line) for line in done.stdout.decode().splitlines() if line.startswith("{")]

        events = "".join(json.dumps({"entity": "e", "scope": "s", "kind": "F:001", "payload": n}) + "\n"
                         for n in range(20))
        lines = run("import", "st", given=events) + run("append", "st", "e", "s", "F:001", '{"x":1}')
        logged = run("log", "st", "--system")
        lines += logged + run("walk", "st", logged[-1]["event_id"]) + run("get", "st", logged[0]["event_id"])
        lines += run("fold", "st") + run("stat", "st") + run("verify", "st") + run("version") + run("keygen", "seed")
        segment = max(Path(scratch, "st").glob("*.fbat"), key=lambda path: path.stat().st_size)
        content = bytearray(segment.read_bytes())
        content[len(content) // 2] ^= 1
        segment.write_bytes(content)
        return lines + run("verify", "st") + run("log", "st")
