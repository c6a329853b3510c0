"""No source above 700 lines: a longer file does more than one thing. The public header is one thing."""

from tree import Tree, text

LIMIT = 700
SOURCES = ["*.c", "*.h", "*.i", "*.py", "*.pyi", "*.ts", "*.mjs", "*.sh", "*.rs", "*.ts", "*.mjs", "*.i", "*.pyi", "*.cmake", "*CMakeLists.txt", "script/*", ".ci/*", "conformance/run", "bindings/*/build_*"]


def check(tree: Tree) -> list[str]:
    problems = []
    for path in tree.files(*SOURCES):
        name = tree.name(path)
        count = text(path).count("\n")
        if count > LIMIT and name != "ffi.h":
            problems.append(f"{name}: {count} lines, {LIMIT} are the limit")
    return problems
