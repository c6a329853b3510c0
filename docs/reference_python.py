"""Writes docs/reference/python.md to standard output: what the package `batpak` shows, from its sources alone.

Signatures and docstrings are read by `ast`, so neither the package nor its compiled part is needed.
"""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "python/batpak"
# Shown with their class although they begin with an underscore.
SPECIAL = {"__len__", "__iter__", "__getitem__", "__call__", "__bool__", "__int__"}
# Units that the type says already.
PLAIN_UNITS = ("hex", "text", "number", "word", "JSON", "true, false", "object")
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Package:
    """The modules of the package, and where each public name is defined."""

    def __init__(self) -> None:
        # The compiled part comes last: what is written in Python says more.
        paths = [*sorted(PACKAGE.glob("*.py")), *sorted(PACKAGE.glob("*.pyi"))]
        self.modules = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in paths}
        self.lines = {path.stem: path.read_text(encoding="utf-8").splitlines() for path in paths}
        self.meanings = meanings()

    def exported(self) -> list[str]:
        for node in self.modules["__init__"].body:
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Name) and target.id == "__all__":
                    return [name for name in ast.literal_eval(node.value) if not name.startswith("__")]
        sys.exit("python/batpak/__init__.py: there is no __all__")

    def find(self, name: str) -> list[ast.stmt]:
        """Its definition; several for an overloaded function."""
        for alias in (name, self.renamed(name)):
            for module in self.modules.values():
                found = [node for node in module.body if defined(node) == alias]
                if found:
                    return found
        sys.exit(f"python/batpak: {name} stands in __all__ and is defined nowhere")

    def knows(self, name: str) -> bool:
        return any(defined(node) == name for module in self.modules.values() for node in module.body)

    def renamed(self, name: str) -> str:
        """`from .x import y as name`."""
        for node in self.modules["__init__"].body:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if alias.asname == name:
                        return alias.name
        return name

    def base(self, node: ast.ClassDef) -> ast.ClassDef | None:
        """The class on which this one stands and which is not shown: of the compiled part, or half of a large one."""
        names = {name for base in node.bases if (name := ast.unparse(base)).endswith("Base")}
        for module in self.modules.values():
            for child in module.body:
                if isinstance(child, ast.ClassDef) and child.name in names:
                    return child
        return None

    def parts(self, node: ast.ClassDef) -> list[ast.ClassDef]:
        base = self.base(node)
        return [node, *([base] if base else [])]

    def comment(self, node: ast.stmt) -> str:
        """What `#:` says in the lines above it."""
        module = next(name for name, tree in self.modules.items() if any(child is node for child in ast.walk(tree)))
        said: list[str] = []
        lines, number = self.lines[module], node.lineno - 2
        while number >= 0 and lines[number].strip().startswith("#:"):
            said.insert(0, lines[number].strip()[2:].strip())
            number -= 1
        return " ".join(said)

    def module_text(self) -> str:
        return ast.get_docstring(self.modules["__init__"]) or ""


def meanings() -> dict[str, str]:
    """What docs/names.md says of each field of C: `bp_event.clock` to its meaning and unit."""
    found: dict[str, str] = {}
    for names, _, meaning, unit in re.findall(r"^\| (`bp_[^|]*) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$",
                                              (ROOT / "docs/names.md").read_text(encoding="utf-8"), re.M):
        for name in re.findall(r"`(bp_\w+\.\w+)`", names):
            plain = not unit or unit[0].isdigit() or unit.startswith(PLAIN_UNITS)
            found.setdefault(name, (meaning if plain else f"{meaning} ({unit})").replace("null", "None"))
    return found


def body_of(node: ast.ClassDef) -> list[ast.stmt]:
    """With what stands under `if TYPE_CHECKING`."""
    return [inner for child in node.body for inner in (child.body if isinstance(child, ast.If) else [child])]


def defined(node: ast.stmt) -> str | None:
    if isinstance(node, Definition):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    return None


def is_marked(node: Definition, word: str) -> bool:
    """Decorated with `word`, `x.word` or `word(...)`."""
    return any(ast.unparse(mark).split("(")[0].split(".")[-1] == word for mark in node.decorator_list)


def signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    head = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    answer = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    text = f"{head} {node.name}({ast.unparse(node.args)}){answer}"
    if len(text) <= 110:
        return text
    # A line for each argument: keyword arguments are many.
    words = split_arguments(ast.unparse(node.args))
    return f"{head} {node.name}(\n" + "".join(f"    {word},\n" for word in words) + f"){answer}"


def split_arguments(text: str) -> list[str]:
    words, depth, begin = [], 0, 0
    for i, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            words.append(text[begin:i].strip())
            begin = i + 1
    return [*words, text[begin:].strip()]


def members(node: ast.ClassDef) -> list[ast.stmt]:
    return [child for child in body_of(node)
            if (name := defined(child)) and (not name.startswith("_") or name in SPECIAL)]


def awaited(node: ast.stmt) -> str | None:
    """`append_async = awaitable(append)`: the name of what is called."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and \
            ast.unparse(node.value.func) in ("awaitable", "opening"):
        return ast.unparse(node.value.args[0])
    return None


def described_fields(package: Package, node: ast.ClassDef) -> list[tuple[str, str, str]]:
    """(name, type, meaning): what the source says of it, else what docs/names.md says of C's field of that name."""
    fields: dict[str, tuple[str, str]] = {}
    for owner in package.parts(node):
        for child in body_of(owner):
            name = defined(child)
            if not name or name.startswith("_") or name in fields:
                continue
            if of := awaited(child):
                fields[name] = ("method", f"`{of}`, to be awaited: the same arguments, the same answer.")
            elif isinstance(child, (ast.Assign, ast.AnnAssign)):
                fields[name] = (ast.unparse(child.annotation) if isinstance(child, ast.AnnAssign) else "",
                                package.comment(child))
            elif isinstance(child, ast.FunctionDef) and is_marked(child, "property"):
                fields[name] = (ast.unparse(child.returns) if child.returns else "",
                                " ".join((ast.get_docstring(child) or "").split()))
    struct = f"bp_{node.name.lower()}"
    return [(name, kind, said or package.meanings.get(f"{struct}.{name}", "")) for name, (kind, said) in fields.items()]


def prose(text: str) -> str:
    """A docstring as Markdown: `name: ...` at the beginning of a line is an item of a list, with what is indented below it;
    what is indented after an empty line is code."""
    out: list[str] = []
    state = "text"
    for line in [*text.splitlines(), ""]:
        item = re.match(r"([a-z_]+(?:, [a-z_]+)*): ", line)
        indented = line.startswith("    ")
        if state == "code" and line and not indented:
            while out[-1] == "":
                out.pop()
            out += ["```", "", line]
            state = "text"
        elif state == "code" or (indented and state == "text" and (not out or out[-1] == "")):
            out += ([] if state == "code" else ["```python"]) + [line[4:]]
            state = "code"
        elif item:
            names = ", ".join(f"`{name}`" for name in item.group(1).split(", "))
            out += ([""] if state == "text" and out and out[-1] else []) + [f"- {names}: {line[item.end():]}"]
            state = "item"
        elif state == "item" and indented:
            out.append("  " + line.strip())
        else:
            out += ([""] if state == "item" and line else []) + [line]
            state = "text"
    while out and out[-1] == "":
        out.pop()
    return "\n".join(out + (["```"] if state == "code" else []))


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def function_lines(found: list[ast.stmt], level: str, owner: str) -> list[str]:
    functions = [node for node in found if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    shown = [node for node in functions if is_marked(node, "overload")] or functions
    text = next((ast.get_docstring(node) for node in reversed(functions) if ast.get_docstring(node)), "")
    return ["", f"{level} `{owner}{functions[0].name}`", "", "```python", *(signature(node) for node in shown), "```",
            *(["", prose(text)] if text else [])]


def class_lines(package: Package, node: ast.ClassDef) -> list[str]:
    shown = [ast.unparse(base) for base in node.bases]
    bases = ", ".join(base for base in shown if not base.startswith("Generic[") and not base.endswith("Base"))
    out = ["", f"## `{node.name}`", "", "```python", f"class {node.name}({bases})" if bases else f"class {node.name}",
           "```"]
    text = ast.get_docstring(node)
    if text:
        out += ["", prose(text)]
    fields = described_fields(package, node)
    if fields:
        out += ["", "| Field | Type | |", "|---|---|---|"]
        out += [f"| `{name}` | {f'`{cell(kind)}`' if kind else ''} | {cell(said)} |" for name, kind, said in fields]
    grouped: dict[str, list[ast.stmt]] = {}
    for child in [child for part in package.parts(node) for child in members(part)]:
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) and not is_marked(child, "property") \
                and not is_marked(child, "setter"):
            grouped.setdefault(child.name, []).append(child)
    for children in grouped.values():
        out += function_lines(children, "###", f"{node.name}.")
    return out


def error_rows(package: Package, errors: list[ast.ClassDef]) -> list[str]:
    """All but `Error` itself in one table: they differ in their name alone."""
    rows = [f"| `{node.name}` | {', '.join(f'`{ast.unparse(base)}`' for base in node.bases)} | "
            f"{cell(' '.join((ast.get_docstring(node) or '').split()))} |" for node in errors if node.name != "Error"]
    head = next(class_lines(package, node) for node in errors if node.name == "Error")
    return [*head, "", "Its classes:", "", "| Class | Is a | When |", "|---|---|---|", *rows]


def is_error(package: Package, node: ast.ClassDef) -> bool:
    if node.name == "Error":
        return True
    bases = [package.find(base.id)[0] for base in node.bases if isinstance(base, ast.Name) and package.knows(base.id)]
    return any(isinstance(base, ast.ClassDef) and is_error(package, base) for base in bases)


def main() -> None:
    package = Package()
    functions: list[str] = []
    classes: list[str] = []
    others: list[str] = []
    errors: list[ast.ClassDef] = []
    for name in package.exported():
        found = package.find(name)
        if isinstance(found[0], ast.ClassDef) and is_error(package, found[0]):
            errors.append(found[0])
        elif isinstance(found[0], ast.ClassDef):
            classes += class_lines(package, found[0])
        elif isinstance(found[0], (ast.FunctionDef, ast.AsyncFunctionDef)):
            functions += function_lines(found, "###", "")
        elif of := awaited(found[0]):
            others.append(f"| `{name}` | function | `{of}`, to be awaited, or used with `async with`. |")
        else:
            others.append(f"| `{name}` | `{cell(ast.unparse(found[0]))}` | {cell(package.comment(found[0]))} |")
    out = ["# The package for Python", "", "Generated from `python/batpak/` by `docs/reference_python.py`; do not edit. "
           "What it is about and how it is used: [Python](../python.md).", "", prose(package.module_text()), "", "## Functions",
           *functions, *classes, *(error_rows(package, errors) if errors else [])]
    if others:
        out += ["", "## Other names", "", "| Name | | |", "|---|---|---|", *others]
    print("\n".join(out))


if __name__ == "__main__":
    main()
