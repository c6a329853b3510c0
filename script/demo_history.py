"""Turns logs that were there before into lines for `batpak import`.

usage: demo_history.py git REPOSITORY | dpkg LOG

git: one event for each commit and file (entity: the path, scope: the repository, correlation: the commit).
dpkg: one event for each line (entity: the package, scope: the host).
Each line's key is made from what it says, so importing the same log twice adds nothing.
"""

import hashlib
import json
import re
import socket
import subprocess
import sys
from pathlib import Path

COMMITS_AT_MOST = 5000
LINES_AT_MOST = 20000
CHANGES = {"A": ("F:001", "added"), "M": ("F:002", "modified"), "D": ("F:003", "deleted"), "T": ("F:004", "retyped")}
ACTIONS = {"install": "F:010", "upgrade": "F:011", "remove": "F:012", "purge": "F:013", "configure": "F:014",
           "status": "F:015"}


def coordinate(words: str) -> str:
    """A coordinate has no `/`, `..`, `|`, `=` and no control character, and at most 1,024 bytes."""
    words = re.sub(r"[\x00-\x1f\x7f|=]", "_", words.replace("/", ":"))
    while ".." in words:
        words = words.replace("..", "._")
    return words.encode()[-1024:].decode(errors="ignore")


def emit(identity: str, **event) -> None:
    print(json.dumps({**event, "key": hashlib.sha256(identity.encode()).hexdigest()[:32]}, ensure_ascii=False))


def git(repository: str) -> None:
    def run(*words: str) -> str:
        command = ["git", "-C", repository, *words]
        return subprocess.run(command, capture_output=True, check=True).stdout.decode(errors="replace")

    scope = coordinate(Path(run("rev-parse", "--show-toplevel").strip()).name)
    log = run("log", f"--max-count={COMMITS_AT_MOST}", "--reverse", "--no-renames", "--name-status", "-z",
              "--format=%x01%H%x02%cI%x02%s%x02")
    for commit in log.split("\x01")[1:]:
        identity, when, subject, files = commit.split("\x02", 3)
        words = [word for word in files.strip("\n").split("\0") if word.strip("\n")]
        for change, path in zip(words[0::2], words[1::2]):
            kind, name = CHANGES.get(change.strip("\n")[:1], ("F:00F", "other"))
            emit(f"{identity} {path}", entity=coordinate(path), scope=scope, kind=kind, correlation=identity[:32],
                 payload={"change": name, "commit": identity[:12], "when": when, "subject": subject})


def dpkg(log: str) -> None:
    scope = coordinate(socket.gethostname())
    lines = list(enumerate(Path(log).read_text(errors="replace").splitlines()))
    for number, line in lines[-LINES_AT_MOST:]:
        words = line.split()
        if len(words) < 4 or words[2] not in ACTIONS:
            continue
        day, time, action = words[:3]
        # `status STATE PACKAGE VERSION`, but `install PACKAGE OLD NEW`.
        state, package, version = (words[3], *words[4:6]) if action == "status" and len(words) > 5 else \
            (action, words[3], words[-1])
        emit(f"{number} {line}", entity=coordinate(package), scope=scope, kind=ACTIONS[action],
             payload={"state": state, "version": version, "when": f"{day}T{time}"})


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("git", "dpkg"):
        sys.exit((__doc__ or "").strip())
    {"git": git, "dpkg": dpkg}[sys.argv[1]](sys.argv[2])
