"""Generated files that are committed are what their generator makes now.

One row for each: the file, and the command that writes its content to standard output when run in
the repository's root. `script/check --update-generated` writes them all.
"""

import subprocess

from tree import Skipped, Tree

GENERATED: list[tuple[str, list[str]]] = [
    ("docs/configuration.md", ["python3", "docs/generate.py", "configuration"]),
    ("docs/reference/c.md", ["python3", "docs/reference_c.py", "interface"]),
    ("docs/reference/node.md", ["node", "docs/reference_node.mjs"]),
    ("docs/reference/python.md", ["python3", "docs/reference_python.py"]),
    ("docs/reference/statuses.md", ["python3", "docs/reference_c.py", "statuses"]),
    ("README.md", ["python3", "docs/generate.py", "readme"]),
    ("python/batpak/_constants.py", ["python3", "bindings/tables.py", "python"]),
    ("node/src/constants.ts", ["python3", "bindings/tables.py", "node"]),
]


def check(tree: Tree, table: list[tuple[str, list[str]]] | None = None) -> list[str]:
    rows = GENERATED if table is None else table
    if not rows:
        raise Skipped("no generated file is committed")
    problems = []
    for name, command in rows:
        path = tree.root / name
        made = subprocess.run(command, cwd=tree.root, capture_output=True, check=False)
        if made.returncode != 0:
            problems.append(f"{name}: {' '.join(command)} fails: {last_line(made.stderr)}")
        elif not path.exists() or path.read_bytes() != made.stdout:
            problems.append(f"{name} is stale: script/check --update-generated ({' '.join(command)})")
    return problems


def update(tree: Tree) -> None:
    for name, command in GENERATED:
        made = subprocess.run(command, cwd=tree.root, capture_output=True, check=True)
        (tree.root / name).write_bytes(made.stdout)


def last_line(words: bytes) -> str:
    return (words.decode(errors="replace").strip().splitlines() or [""])[-1]
