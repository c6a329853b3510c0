"""Lane 5: seeded random programs over all drivers.

Every answer, the frames of every event, and the final store as read by every driver
must be the same. A program that differs is made smaller and shown."""

import concurrent.futures
import json
import pathlib
import re
import tempfile

from runner.driver import DriverBroken
from runner.frames import frames_by_id
from runner.normalise import LIFECYCLE, difference
from runner.random_programs import Generator
from runner.stores import dump, same_events

PROGRAMS_PER_CASE = 50
SHRINK_ATTEMPTS = 120
ID = re.compile(r"^[0-9a-f]{32}$")
POOL = concurrent.futures.ThreadPoolExecutor(8)
STRUCTURE = ("open", "close", "abort", "clock")
FENCE_ENDS = ("fence_commit", "fence_cancel", "fence_drop")


def run_all(report, seed, count, drivers, only=None):
    run(report, seed, count, drivers, only)
    if only is None and drivers.reference:
        run_foreign(report, seed, count // 2, drivers)


def run(report, seed, count, drivers, only=None):
    numbers = [only] if only is not None else range(count)
    failures = {}
    for number in numbers:
        problem = differs(Generator(seed, number).program(), drivers)
        if problem:
            failures[number] = problem
    instructions = sum(len(part) for number in numbers for part in Generator(seed, number).program())
    details = [explained(seed, number, problem, drivers) for number, problem in list(failures.items())[:3]]
    summary = [f"{len(failures)} programs differ: {sorted(failures)[:20]}"] if failures else []
    report.case(
        f"random: programs of seed {seed} by {', '.join(driver.name for driver in drivers.all)}",
        summary + details,
        f"({len(numbers)} programs, {instructions} instructions)",
    )


def run_foreign(report, seed, count, drivers):
    """Programs with what the reference alone does: refused batches, chains begun anew behind fences. The store is
    read by all, continued by one of ours, and read by all again."""
    failures = []
    for number in range(count):
        ours = drivers.ours[number % len(drivers.ours)]
        with tempfile.TemporaryDirectory() as scratch:
            program = Generator(seed, number, foreign=True).program()
            problem = foreign_differs(program, ours, drivers, pathlib.Path(scratch))
        if problem:
            failures.append(f"program {number} of seed {seed}: {problem}")
    report.case(f"random: stores of the reference, seed {seed}", failures, f"({count} programs)")


def foreign_differs(program, ours, drivers, directory):
    execute(program, drivers.reference, directory)
    config = {name: value for name, value in program[0][1].items() if name not in ("id", "op", "path")}
    text = reads_differently(directory, drivers.reference, drivers, config)
    if text:
        return text
    addition = [
        {"op": "clock", "us": "1900000000000000"},
        {"op": "open", "path": "store", **config},
        {"op": "append", "entity": "a", "scope": "main", "kind": 4097, "payload": "c0", "key": "c0" * 16},
        {"op": "close"},
    ]
    answers = ours.run([{"id": number, **step} for number, step in enumerate(addition)], directory)
    refused = [answer for answer in answers if answer["status"] != "ok"]
    if refused:
        return f"continuing by {ours.name} answered {refused[0]}"
    return reads_differently(directory, ours, drivers, config)


def differs(program, drivers):
    """None, or the first difference as text."""
    with tempfile.TemporaryDirectory() as scratch:
        directories = {driver.name: pathlib.Path(scratch) / driver.name for driver in drivers.all}
        for directory in directories.values():
            directory.mkdir()
        try:
            answers = side_by_side(drivers, lambda driver: execute(program, driver, directories[driver.name]))
            return compared(program, drivers, directories, answers)
        except DriverBroken as broken:
            return str(broken)


def compared(program, drivers, directories, answers):
    """Answers and frames against those of the oracle; then every store as every driver reads it."""
    oracle = drivers.oracle().name
    for driver in drivers.compared():
        text = answers_differ(program, answers[oracle], answers[driver.name])
        text = text or stores_differ(directories[oracle], directories[driver.name], program)
        if text:
            return f"{driver.name} beside {oracle}: {text}"
    config = {"keys": program[0][1]["keys"]} if "keys" in program[0][1] else {}
    return stores_read_differently(directories, drivers, config)


def side_by_side(drivers, use):
    """{name: what `use` answers for the driver}, all at the same time: each has a process of its own."""
    names = [driver.name for driver in drivers.all]
    return dict(zip(names, POOL.map(use, drivers.all)))


def stores_read_differently(directories, drivers, config):
    """Every store by every driver, in rounds: in each a driver has a store for itself, as the reference must have."""
    read = {name: {} for name in directories}
    names = list(directories)
    for turn in range(len(names)):

        def one(driver, turn=turn):
            writer = names[(names.index(driver.name) + turn) % len(names)]
            read[writer][driver.name] = dump(driver, directories[writer], "store", **config)

        side_by_side(drivers, one)
    texts = (readings_differ(writer, found, drivers.oracle().name) for writer, found in read.items())
    return next((text for text in texts if text), None)


def execute(program, driver, directory):
    return [driver.run(part, directory) for part in program]


def answers_differ(program, expected, actual):
    known = set(ids_in(program))
    names = ({}, {})
    for number, (part, wanted, found) in enumerate(zip(program, expected, actual), 1):
        if len(wanted) != len(found):
            return f"part {number}: {len(wanted)} answers against {len(found)}"
        for step, left, right in zip(part, wanted, found):
            text = difference(step, renamed(left, known, names[0]), renamed(right, known, names[1]))
            if text:
                return f"part {number}, instruction {step['id']} {step['op']}: {text}"
    return None


def ids_in(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from ids_in(item)
    elif isinstance(value, str) and ID.match(value):
        yield value


def renamed(value, known, names):
    """Generated ids are named after the order in which they show up; lifecycle ids are not looked at."""
    if isinstance(value, dict):
        if value.get("entity") == LIFECYCLE:
            return value
        return {name: renamed(item, known, names) for name, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, known, names) for item in value]
    if isinstance(value, str) and ID.match(value) and value not in known:
        return names.setdefault(value, f"generated {len(names)}")
    return value


def stores_differ(left, right, program):
    """The frames of all events that carry an id of the program, byte for byte."""
    known = set(ids_in(program))
    wanted, found = (
        {name: frame for name, frame in frames_by_id(side / "store").items() if name in known} for side in (left, right)
    )
    if set(wanted) != set(found):
        there, here = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
        return f"frames: only there {there[:3]}, only here {here[:3]}"
    for name, frame in wanted.items():
        if frame != found[name]:
            return f"frame of {name}:\n  {frame.hex()}\n  {found[name].hex()}"
    return None


def reads_differently(directory, writer, drivers, config):
    """One store, read by all, one after the other."""
    found = {reader.name: dump(reader, directory, "store", **config) for reader in drivers.all}
    return readings_differ(writer.name, found, drivers.oracle().name)


def readings_differ(writer, found, oracle):
    """Readings of one store, as (status, events) by name: they must agree in every field."""
    _, wanted = found[oracle]
    for reader, (status, events) in found.items():
        text = f"the open answers {status}" if status != "ok" else same_events(wanted, events)
        if text:
            return f"the store that {writer} left, read by {reader}: {text}"
    return None


def explained(seed, number, problem, drivers):
    smaller = shrunk(Generator(seed, number).program(), drivers)
    lines = [
        f"program {number} of seed {seed}: {problem}",
        f"again: conformance/run --seed {seed} --only {number}",
        f"made smaller: {differs(smaller, drivers)}",
    ]
    return "\n".join(lines + [json.dumps(step, ensure_ascii=False) for part in smaller for step in part])


def shrunk(program, drivers):
    """Leaves out runs of instructions, long ones first, while some difference remains."""
    attempts = 0
    size = max(len(part) for part in program)
    while size >= 1:
        for index, at in [(p, a) for p in range(len(program)) for a in range(len(program[p]) - 1, -1, -size)]:
            candidate = without(program, index, at - size + 1, at + 1)
            if candidate is None:
                continue
            attempts += 1
            if attempts > SHRINK_ATTEMPTS:
                return program
            if differs(candidate, drivers):
                program = candidate
        size //= 2
    return program


def without(program, index, first, last):
    part = program[index]
    taken = {at for at in range(max(first, 0), last) if part[at]["op"] not in STRUCTURE}
    # A fence loses its begin and its end together, or what follows would be behind it, and wait for an end.
    for ends in fences(part):
        if not ends <= taken:
            taken -= ends
    kept = [step for at, step in enumerate(part) if at not in taken]
    if len(kept) == len(part):
        return None
    return [kept if number == index else other for number, other in enumerate(program)]


def fences(part):
    """The places of the begin and the end of each fence; one that the close ends is not among them."""
    begun = None
    for at, step in enumerate(part):
        if step["op"] == "fence_begin":
            begun = at
        elif step["op"] in FENCE_ENDS:
            yield {begun, at}
