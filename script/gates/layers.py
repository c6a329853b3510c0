"""An include may point to its own room or to the door of a lower one; programs see the public header alone."""

import re

from tree import Skipped, Tree, text, without_comments

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def check(tree: Tree) -> list[str]:
    core = tree.files("core/*.c", "core/*.h")
    if not core:
        raise Skipped("core/ is empty")
    problems = []
    rooms = tree.rooms()
    for path in core:
        name = tree.name(path)
        room = name.split("/")[1]
        if room not in rooms:
            problems.append(f"{name}: {room} is not among BATPAK_ROOMS in CMakeLists.txt")
            continue
        for line, quote, target in includes(path):
            fault = fault_inside(rooms, room, quote, target, (path.parent / target).is_file())
            if fault:
                problems.append(f"{name}:{line}: {fault}")
    for path in tree.files("programs/*.c", "programs/*.h", "examples/*.c", "examples/*.h"):
        for line, quote, target in includes(path):
            own = quote == '"' and "/" not in target and (path.parent / target).is_file()
            foreign = target.split("/")[0] in rooms and "/" in target and not target.startswith(("sys/", "net/"))
            if (quote == '"' and not own) or foreign:
                problems.append(f"{tree.name(path)}:{line}: {target} is not <batpak/ffi.h>, a system header "
                                "or a file beside this one")
    return problems


def includes(path):
    source = without_comments(text(path))
    for match in INCLUDE.finditer(source):
        yield source.count("\n", 0, match.start()) + 1, match.group(1), match.group(2)


def fault_inside(rooms: list[str], room: str, quote: str, target: str, beside: bool) -> str | None:
    if quote == "<":
        if target.endswith("ffi.h") and target != "batpak/ffi.h":
            return f"<{target}> is another library's header; ours is <batpak/ffi.h>"
        return None
    if ".." in target.split("/"):
        return f"{target} climbs out of its folder"
    if "/" not in target:
        return None if beside else f"{target} is not in core/{room}"
    other, rest = target.split("/", 1)
    if other not in rooms:
        return f"{target} is in no room"
    if other == room:
        return None
    if rooms.index(other) > rooms.index(room):
        return f"{target} lies above {room}"
    if "/" in rest or rest.endswith("_internal.h"):
        return f"{target} is past the door of {other}"
    return None
