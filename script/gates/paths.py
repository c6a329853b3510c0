"""No binary carries a path of the machine it was built on."""

import os
import re
from pathlib import Path

from tree import Skipped, Tree

BINARIES = ["bin/batpak", "bin/hbat", "lib/libbatpak.so", "lib/libbatpak.a"]
# The compiled parts of the packages, where script/packages left them.
PACKAGES = ["out/packages/python/lib/python3*/site-packages/batpak/*.so", "node/prebuilds/*/batpak.node"]


def check(tree: Tree) -> list[str]:
    homes = {str(tree.root), str(tree.build), os.path.expanduser("~"), "/root/", "/home/", "/usr/share/cargo"}
    places = b"|".join(re.escape(home.encode()) for home in sorted(homes, key=len, reverse=True) if len(home) > 1)
    # Where a path begins, not in the middle of one: "include/batpak" is fine in a checkout at "/batpak".
    pattern = re.compile(rb"(?<![a-z0-9_.])(?:" + places + rb"|/wo" rb"rk/[\x20-\x7e]*)")
    found = [folder / name for folder in (tree.build, tree.root / "build") for name in BINARIES
             if (folder / name).exists()]
    found += [path for pattern in PACKAGES for path in tree.root.glob(pattern)]
    if not found:
        raise Skipped("nothing is built")
    return [f"{shown(tree, path)} holds the path {match.group(0).decode(errors='replace')}"
            for path in found if (match := pattern.search(path.read_bytes()))]


def shown(tree: Tree, path: Path) -> str:
    return path.relative_to(tree.root).as_posix() if path.is_relative_to(tree.root) else path.name
