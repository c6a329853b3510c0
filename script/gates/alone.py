"""The project speaks of itself alone: no machine's paths, no hosts of package registries."""

import re

from tree import Tree

# Split, so that this file does not find itself.
WORDS = ["/wo" "rk/", "/fa" "rm/", "../sha" "red", "sha" "red/spec", "bash" "_jobs", "before" "-stop"]
HOSTS = ["deb.deb" "ian.org", "index.crat" "es.io", "static.crat" "es.io", "registry.npm" "js.org", "py" "pi.org",
         "files.python" "hosted.org", "proxy.go" "lang.org", "repo1.ma" "ven.org", "repo.ma" "ven.apache.org"]
# Lock files are the package managers' own words.
EXEMPT = ("Cargo.lock", "package-lock.json")


def check(tree: Tree) -> list[str]:
    pattern = re.compile("|".join(re.escape(word) for word in WORDS + HOSTS).encode())
    problems = []
    for path in tree.files():
        if path.name in EXEMPT or path.is_symlink():
            continue
        content = path.read_bytes()
        for match in pattern.finditer(content):
            line = content.count(b"\n", 0, match.start()) + 1
            problems.append(f"{tree.name(path)}:{line}: {match.group(0).decode()}")
    return problems
