"""What the gates share: the tree of files they look at, and how a gate says that it has nothing to look at."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path


class Skipped(Exception):
    """The gate's subject does not exist yet; the text says which."""


@dataclass(frozen=True)
class Tree:
    """A checkout and the folder of its dev build (which holds bin/, lib/ and the objects)."""

    root: Path
    build: Path

    def files(self, *patterns: str) -> list[Path]:
        """Files of the project that match: committed, or new and not ignored."""
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z", "--", *patterns],
            cwd=self.root, capture_output=True, check=True,
        ).stdout.decode()
        found = {self.root / name for name in listed.split("\0") if name}
        return sorted(path for path in found if path.is_file())

    def name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def need(self, name: str) -> Path:
        path = self.root / name
        if not path.exists():
            raise Skipped(f"{name} does not exist")
        return path

    def rooms(self) -> list[str]:
        """The rooms of core/, lowest first, as the build knows them."""
        match = re.search(r"set\(BATPAK_ROOMS ([^)]*)\)", (self.root / "CMakeLists.txt").read_text())
        assert match is not None, "CMakeLists.txt: BATPAK_ROOMS is missing"
        return match.group(1).split()

    def abi(self) -> int:
        source = (self.root / "core/base/version.c").read_text()
        match = re.search(r"bp_abi_version\(void\)\D*(\d+)", source)
        assert match is not None, "core/base/version.c: bp_abi_version is missing"
        return int(match.group(1))


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def without_comments(source: str) -> str:
    """C source with comments blanked, line numbers kept."""
    def blank(match: re.Match[str]) -> str:
        found = match.group(0)
        return found if found[0] in "\"'" else re.sub(r"[^\n]", " ", found)
    pattern = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*'
    return re.sub(pattern, blank, source, flags=re.S)
