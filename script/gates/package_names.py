"""docs/names.md and the packages of Python and Node name the same things.

Every function of ffi.h has a row; what a row names in a language is there; every public name of a
package stands in a row or follows from one: a field of a struct has in Python the name that it has in
JSON, in Node the same in camelCase, and so have the arguments that stand for fields of the structs in.
Fields without an argument stand in in_step.txt with their reason.
"""

import ast
import re
from dataclasses import dataclass, field

import declarations
from in_step import Gaps
from tree import Tree, text

# Structs that come out, and the classes that hold their fields.
OUT = {"bp_event": "Event", "bp_receipt": "Receipt", "bp_claim": "Claim", "bp_finding": "Finding", "bp_verdict": "Report", "bp_stat": "Stat"}
# Structs that go in, and where their fields are arguments.
IN = {"bp_config": {"python": ("open",), "node": ("OpenOptions",)},
      "bp_draft": {"python": ("Store.append",), "node": ("Draft", "DraftOptions", "NewEvent")},
      "bp_query": {"python": ("Store.page",), "node": ("Query",)},
      "bp_trust": {"python": ("Store.verify",), "node": ("VerifyOptions", "Trust")}}
# What languages want of a class under names of their own.
CUSTOM = {"python": set(), "node": {"toString", "valueOf", "toJSON", "name", "length", "constructor"}}


@dataclass
class Package:
    """Public names: functions and classes, members of these, arguments."""

    names: set[str] = field(default_factory=set)
    members: dict[str, set[str]] = field(default_factory=dict)
    arguments: dict[str, set[str]] = field(default_factory=dict)


def check(tree: Tree) -> list[str]:
    declared = declarations.read(text(tree.need("ffi.h")))
    tree.need("python/batpak/__init__.py")
    tree.need("node/src/index.ts")
    document = text(tree.need("docs/names.md"))
    packages = {"python": python_package(tree), "node": node_package(tree)}
    gaps = Gaps(tree, r"\w+\.\w+")
    problems = [f"docs/names.md has no row for {name}" for name in declared.functions if f"`{name}`" not in document]
    for language, package in packages.items():
        rows = rows_of(document, language)
        problems += [f"docs/names.md says `{name}` of {language}, which is not there"
                     for name in sorted(rows) if not is_there(name, package)]
        known = rows | {f"{OUT[struct]}.{spelled(name, language)}" for struct, name in fields_of(document)}
        problems += [f"{language} has no {name} for a field in docs/names.md" for name in sorted(known - rows)
                     if not is_there(name, package)]
        problems += [f"docs/names.md lacks `{name}` of {language}"
                     for name in sorted(public(package, language)) if name not in known]
        problems += arguments(declared, package, language, gaps)
    return [*problems, *gaps.unused()]


def spelled(name: str, language: str) -> str:
    return name if language == "python" else re.sub(r"_(\w)", lambda match: match.group(1).upper(), name)


def rows_of(document: str, language: str) -> set[str]:
    """What the columns headed with the language name: `open`, `Store.append`."""
    found: set[str] = set()
    column = None
    for line in document.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            column = None
        elif column is None:
            titles = [cell.lower() for cell in cells]
            column = titles.index(language) if language in titles else len(cells)
        elif column < len(cells):
            words = re.findall(r"`([^`]+)`", cells[column])
            found.update(word for word in words if re.fullmatch(r"\w+(?:\.\w+)*", word) and word not in ("with", "using"))
    return found


def fields_of(document: str) -> set[tuple[str, str]]:
    """(struct, the name in JSON) of the rows of structs that come out."""
    rows = re.findall(r"^\| `(bp_\w+)\.\w+` \| `(\w+)` \|", document, re.M)
    return {(struct, name) for struct, name in rows if struct in OUT and name != "payload_hex"}


def is_there(name: str, package: Package) -> bool:
    first, *rest = name.split(".")
    return first in package.names and (not rest or rest[0] in package.members.get(first, set()))


def public(package: Package, language: str) -> set[str]:
    members = {f"{name}.{member}" for name in package.names for member in package.members.get(name, ())
               if member not in CUSTOM[language]}
    return {name for name in package.names if not name.startswith("BP_")} | members


def arguments(declared: declarations.Declarations, package: Package, language: str, gaps: Gaps) -> list[str]:
    problems = []
    for struct, places in IN.items():
        given = {name for place in places[language] for name in package.arguments.get(place, ())}
        for name in declared.structs.get(struct, ()):
            plain = not re.search(r"^struct_size$|^given$|_length$|_count$|_user$|^expect_", name)
            if plain and spelled(name, language) not in given and not gaps.excuse(f"{struct}.{name}", language):
                problems.append(f"{struct}.{name} is no argument of {', '.join(places[language])} in {language}")
    return problems


# -------------------------------------------------------------------------------------------------------------- python

def python_package(tree: Tree) -> Package:
    modules = [ast.parse(text(path)) for path in tree.files("python/batpak/*.py", "python/batpak/*.pyi")]
    classes = {node.name: node for module in modules for node in module.body if isinstance(node, ast.ClassDef)}
    functions = {node.name: node for module in modules for node in module.body if isinstance(node, ast.FunctionDef)}
    initial = ast.parse(text(tree.root / "python/batpak/__init__.py"))
    package = Package()
    for node in initial.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__":
            package.names = {name for name in ast.literal_eval(node.value) if not name.startswith("__")}
    for name in package.names:
        if name in classes:
            package.members[name] = set(members_of(classes, name))
            for child in [child for part in parts_of(classes, name) for child in body_of(classes[part])]:
                if isinstance(child, ast.FunctionDef):
                    # An overloaded function has those of all its forms.
                    package.arguments.setdefault(f"{name}.{child.name}", set()).update(parameters(child))
        elif name in functions:
            package.arguments[name] = parameters(functions[name])
    return package


def body_of(node: ast.ClassDef) -> list[ast.stmt]:
    """With what stands under `if TYPE_CHECKING`."""
    return [child for part in node.body for child in (part.body if isinstance(part, ast.If) else [part])]


def parts_of(classes: dict[str, ast.ClassDef], name: str) -> list[str]:
    """The class, and the halves of it that stand elsewhere: in the compiled part, or in a module of their own."""
    found = [name]
    for base in classes[name].bases:
        if isinstance(base, ast.Name) and base.id.endswith("Base") and base.id in classes:
            found += parts_of(classes, base.id)
    return found


def members_of(classes: dict[str, ast.ClassDef], name: str) -> list[str]:
    """Its own, and those of the halves that it stands on; an error class adds none to Error's."""
    found = []
    for child in [child for part in parts_of(classes, name) for child in body_of(classes[part])]:
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.append(child.name)
        elif isinstance(child, (ast.AnnAssign, ast.Assign)):
            target = child.target if isinstance(child, ast.AnnAssign) else child.targets[0]
            found += [target.id] if isinstance(target, ast.Name) else []
    return [member for member in found if not member.startswith(("_", "BP_"))]


def parameters(node: ast.FunctionDef) -> set[str]:
    return {argument.arg for argument in [*node.args.args, *node.args.kwonlyargs]}


# ---------------------------------------------------------------------------------------------------------------- node

def node_package(tree: Tree) -> Package:
    sources = {path.stem: text(path) for path in tree.files("node/src/*.ts")}
    package = Package()
    for words, everything, module in re.findall(r'^export (?:type )?(?:\{(.*?)\}|(\*)) from "\./(\w+)\.js";',
                                                sources["index"], re.M | re.S):
        if everything:
            package.names.update(re.findall(r"^export (?:async )?(?:function|const|class|type|interface) (\w+)",
                                            sources[module], re.M))
        package.names.update(word.split()[-1] for word in words.split(",") if word.strip())
    for source in sources.values():
        for name, body in re.findall(r"^(?:export )?(?:declare )?(?:abstract )?class (\w+).*?\{\n(.*?)^\}", source, re.M | re.S):
            package.members[name] = shown(body)
        # A class under the name of the type that its classes make up.
        for name, base in re.findall(r"^export const (\w+) = (\w+);$", source, re.M):
            package.members[name] = package.members.get(base, set())
        for name, body in re.findall(r"^export (?:interface|type) (\w+)(.*?)(?:^\}|;$)(?=\n\n)", source, re.M | re.S):
            package.arguments[name] = set(re.findall(r"\b(?:readonly )?(\w+)\??: ", body))
    return package


def shown(body: str) -> set[str]:
    """Members that are neither private nor marked as internal."""
    body = re.sub(r"/\*\*(?:(?!\*/).)*@internal(?:(?!\*/).)*\*/\n[^\n]*\n", "", body, flags=re.S)
    words = re.findall(r"^  (?:(?:readonly|declare|static|get|async|override) )*(?:\*)?(\w+)\??[(:<!]", body, re.M)
    return set(words) - {"constructor", "static", "set"}
