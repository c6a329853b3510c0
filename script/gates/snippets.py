"""Runs the snippets of README.md and docs/: usage: snippets.py PREFIX PACKAGES FAULTS.

PREFIX is where batpak is installed, PACKAGES the folder in which script/packages installed the packages, and FAULTS
the one with those of a test build: docs/faults.md runs with them. A fenced
block whose first line is "```sh run" is run by sh -eu, one of "```c run" is compiled as a program against PREFIX and
run, "```python run" and "```js run" are run with the installed packages, "```ts run" is checked by TypeScript before
that. The blocks of a document run in order in one empty folder, with the command batpak found by its name; a store
that a block leaves is there for the next. Blocks without `run` are not touched.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCK = re.compile(r"^```(sh|c|python|js|ts) run[ \t]*\n(.*?)^```[ \t]*$", re.M | re.S)


def main() -> int:
    root = Path(__file__).resolve().parents[2]
    prefix, shipped, faults = (Path(word).resolve() for word in sys.argv[1:4])
    library = next(prefix.glob("lib*/**/libbatpak.a")).parent
    environment = {**os.environ, "PATH": f"{prefix}/bin:{os.environ['PATH']}", "LD_LIBRARY_PATH": str(library),
                   "PKG_CONFIG_PATH": f"{library}/pkgconfig",
                   "BATPAK_TSC": f"{root}/node/node_modules/typescript/bin/tsc"}
    count = failed = 0
    for document in [root / "README.md", *sorted((root / "docs").glob("**/*.md"))]:
        if not document.exists():
            continue
        content = document.read_text()
        packages = faults if document.name == "faults.md" else shipped
        environment["BATPAK_PYTHON"] = f"{packages}/python/bin/python"
        with tempfile.TemporaryDirectory() as folder:
            # Modules of Node are found from where a program lies.
            (Path(folder) / "node_modules").mkdir()
            for name, place in (("batpak", packages / "node/node_modules"), ("@types", root / "node/node_modules")):
                (Path(folder) / "node_modules" / name).symlink_to(place / name)
            (Path(folder) / "package.json").write_text('{ "type": "module" }\n')
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


# The file that a block becomes, and what is done with it.
PROGRAMS = {
    "c": ("snippet.c", "cc -std=c11 -Wall -Wextra -Werror -o snippet snippet.c $(pkg-config --cflags --libs batpak)\n"
                       "./snippet\n"),
    "python": ("snippet.py", "$BATPAK_PYTHON -W error snippet.py\n"),
    "js": ("snippet.mjs", "node snippet.mjs\n"),
    "ts": ("snippet.ts", "node $BATPAK_TSC --strict --target es2022 --lib es2022,esnext.disposable --module nodenext "
                         "--types node snippet.ts\nnode snippet.js\n"),
}


def run(language: str, source: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    script = source
    if language in PROGRAMS:
        name, script = PROGRAMS[language]
        (folder / name).write_text(source)
    return subprocess.run(["sh", "-eu", "-c", script], cwd=folder, env=environment, timeout=120, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


if __name__ == "__main__":
    sys.exit(main())
