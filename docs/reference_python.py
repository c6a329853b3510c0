"""Writes docs/reference/python.md to standard output: what the package `batpak` shows, from its sources alone.

Signatures and docstrings are read by `ast`, so neither the package nor its compiled part is needed.
"""

import ast
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "python/batpak"
# Shown with their class although they begin with an underscore.
SPECIAL = {"__len__", "__iter__", "__getitem__", "__enter__", "__exit__", "__aenter__", "__aexit__", "__call__", "__int__"}
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Package:
    """The modules of the package, and where each public name is defined."""

    def __init__(self) -> None:
        self.modules = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.glob("*.py"))}

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

    def renamed(self, name: str) -> str:
        """`from .x import y as name`."""
        for node in self.modules["__init__"].body:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if alias.asname == name:
                        return alias.name
        return name

    def module_text(self) -> str:
        return ast.get_docstring(self.modules["__init__"]) or ""


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
    return [child for child in node.body
            if (name := defined(child)) and (not name.startswith("_") or name in SPECIAL)]


def described_fields(node: ast.ClassDef) -> list[tuple[str, str, str]]:
    """(name, type, what the string behind it says), as in a dataclass."""
    fields = []
    for child, behind in zip(node.body, [*node.body[1:], None]):
        name = defined(child)
        if isinstance(child, (ast.Assign, ast.AnnAssign)) and name and not name.startswith("_"):
            kind = ast.unparse(child.annotation) if isinstance(child, ast.AnnAssign) else ""
            said = (behind.value.value if isinstance(behind, ast.Expr) and isinstance(behind.value, ast.Constant)
                    and isinstance(behind.value.value, str) else "")
            fields.append((name, kind, " ".join(said.split())))
        elif isinstance(child, ast.FunctionDef) and is_marked(child, "property") and not child.name.startswith("_"):
            kind = ast.unparse(child.returns) if child.returns else ""
            fields.append((child.name, kind, " ".join((ast.get_docstring(child) or "").split())))
    return fields


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def function_lines(found: list[ast.stmt], level: str, owner: str) -> list[str]:
    functions = [node for node in found if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    shown = [node for node in functions if is_marked(node, "overload")] or functions
    text = next((ast.get_docstring(node) for node in reversed(functions) if ast.get_docstring(node)), "")
    return ["", f"{level} `{owner}{functions[0].name}`", "", "```python", *(signature(node) for node in shown), "```",
            *(["", text] if text else [])]


def class_lines(node: ast.ClassDef) -> list[str]:
    bases = ", ".join(ast.unparse(base) for base in node.bases)
    out = ["", f"## `{node.name}`", "", "```python", f"class {node.name}({bases})" if bases else f"class {node.name}",
           "```"]
    text = ast.get_docstring(node)
    if text:
        out += ["", text]
    fields = described_fields(node)
    if fields:
        out += ["", "| Field | Type | |", "|---|---|---|"]
        out += [f"| `{name}` | {f'`{cell(kind)}`' if kind else ''} | {cell(said)} |" for name, kind, said in fields]
    grouped: dict[str, list[ast.stmt]] = {}
    for child in members(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) and not is_marked(child, "property") \
                and not is_marked(child, "setter"):
            grouped.setdefault(child.name, []).append(child)
    for children in grouped.values():
        out += function_lines(children, "###", f"{node.name}.")
    return out


def main() -> None:
    package = Package()
    functions: list[str] = []
    classes: list[str] = []
    others: list[str] = []
    for name in package.exported():
        found = package.find(name)
        if isinstance(found[0], ast.ClassDef):
            classes += class_lines(found[0])
        elif isinstance(found[0], (ast.FunctionDef, ast.AsyncFunctionDef)):
            functions += function_lines(found, "###", "")
        else:
            others.append(f"| `{name}` | `{cell(ast.unparse(found[0]))}` |")
    out = ["# The package for Python", "", "Generated from `python/batpak/` by `docs/reference_python.py`; do not edit. "
           "What it is about and how it is used: [Python](../python.md).", "", package.module_text(), "", "## Functions",
           *functions, *classes]
    if others:
        out += ["", "## Other names", "", "| Name | |", "|---|---|", *others]
    print("\n".join(out))


if __name__ == "__main__":
    main()
