"""Runs the snippets of README.md and docs/: usage: snippets.py PREFIX (where batpak is installed).

A fenced block whose first line is "```sh run" is run by sh -eu, one of "```c run" is compiled as a
program against PREFIX and run. The blocks of a document run in order in one empty folder, with
the command batpak found by its name. Blocks without `run` are not touched.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCK = re.compile(r"^```(sh|c) run[ \t]*\n(.*?)^```[ \t]*$", re.M | re.S)


def main() -> int:
    root = Path(__file__).resolve().parents[2]
    prefix = Path(sys.argv[1]).resolve()
    library = next(prefix.glob("lib*/**/libbatpak.a")).parent
    environment = {**os.environ, "PATH": f"{prefix}/bin:{os.environ['PATH']}", "LD_LIBRARY_PATH": str(library),
                   "PKG_CONFIG_PATH": f"{library}/pkgconfig"}
    count = failed = 0
    for document in [root / "README.md", *sorted((root / "docs").glob("**/*.md"))]:
        if not document.exists():
            continue
        content = document.read_text()
        with tempfile.TemporaryDirectory() as folder:
            for match in BLOCK.finditer(content):
                count += 1
                line = content.count("\n", 0, match.start()) + 1
                where = f"{document.relative_to(root)}:{line}"
                done = run(match.group(1), match.group(2), Path(folder), environment)
                print(f"{where}: {'ok' if done.returncode == 0 else 'FAILED'}")
                if done.returncode != 0:
                    failed += 1
                    print(done.stdout.decode(errors="replace"))
    print(f"{count} snippets, {failed} failed")
    return 1 if failed else 0


def run(language: str, source: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    script = source
    if language == "c":
        (folder / "snippet.c").write_text(source)
        script = ("cc -std=c11 -Wall -Wextra -Werror -o snippet snippet.c $(pkg-config --cflags --libs batpak)\n"
                  "./snippet\n")
    return subprocess.run(["sh", "-eu", "-c", script], cwd=folder, env=environment, timeout=120, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


if __name__ == "__main__":
    sys.exit(main())
