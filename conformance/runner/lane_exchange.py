"""Lane 3, second half: a store goes back and forth between two drivers, each pair both ways.

The writer writes and shows its events, then closes or is killed; the reader must
show the same events, verify every receipt, and continue; then the writer must read
what the reader left. Everything is compared with every field, positions included."""

import itertools
import pathlib
import tempfile

from runner.exchange_programs import FEATURES, START_US, Writing, note
from runner.stores import dump, fingerprint, same_events, wire


class Failed(Exception):
    """A difference, as text."""


def run(report, drivers):
    for writer, reader in itertools.permutations(drivers.all, 2):
        for feature, (write, config, needed) in FEATURES.items():
            if not set(needed) <= writer.capabilities:
                continue
            for end in ("close", "abort"):
                ended = "closed" if end == "close" else "killed"
                name = f"exchange: {feature}, {ended} by {writer.name}, read by {reader.name}"
                with tempfile.TemporaryDirectory() as scratch, report.guard(name):
                    try:
                        exchange(writer, reader, pathlib.Path(scratch), write, config, end)
                        report.ok(name)
                    except Failed as failure:
                        report.not_ok(name, failure)


def exchange(writer, reader, directory, write, config, end):
    w = Writing()
    write(w)
    seen, receipts = write_store(writer, directory, w, config, end)
    if end == "abort" and writer.name != "reference":
        must(writer.run(numbered([*moment(w), opened(config), {"op": "close"}]), directory), writer, "its own recovery")
    read_alike(reader, directory, config, seen)
    after = continue_store(reader, directory, w, config, receipts)
    read_alike(writer, directory, config, after)


def write_store(writer, directory, w, config, end):
    program = numbered([*moment(w, first=True), opened(config), *w.steps, {"op": "dump"}, {"op": end}])
    answers = writer.run(program, directory)
    if len(answers) != len(program) - (end == "abort"):
        raise Failed(f"{writer.name} gave {len(answers)} answers to {len(program)} instructions")
    refusals = [
        (step, answer)
        for step, answer in zip(program, answers)
        if answer["status"] != "ok" and "expected_sequence" not in step
    ]
    if refusals:
        raise Failed(f"{writer.name}: {refusals[0]}")
    shown = next(answer["value"] for step, answer in zip(program, answers) if step["op"] == "dump")
    return shown, [
        answer["value"] for step, answer in zip(program, answers) if step["op"] == "append" and answer["status"] == "ok"
    ]


def read_alike(reader, directory, config, seen):
    """The events that were seen come first and unchanged; lifecycle events may follow."""
    before = fingerprint(directory / "store")
    status, events = dump(reader, directory, "store", **config)
    if status != "ok":
        raise Failed(f"{reader.name} answers {status}")
    difference = same_events(seen, events[: len(seen)])
    if difference:
        raise Failed(f"as {reader.name} reads it: {difference}")
    if reader.name != "reference" and fingerprint(directory / "store") != before:
        raise Failed(f"{reader.name} changed the store while reading")


def continue_store(reader, directory, w, config, receipts):
    """Receipts are held against the store, then it is written on; answers what is seen in the end."""
    more = Writing(first_key=w.key + 1000, now_us=w.now_us)
    for number in range(6):
        more.append(f"entity:{number % 3}", note(number))
    checks = [{"op": "verify_receipt", "receipt": wire(receipt)} for receipt in receipts]
    program = numbered([*moment(w), opened(config), *checks, *more.steps, {"op": "dump"}, {"op": "close"}])
    answers = must(reader.run(program, directory), reader, "continuing")
    outcomes = {answer["value"] for step, answer in zip(program, answers) if step["op"] == "verify_receipt"}
    wanted = "signed" if config.get("keys") else "unsigned_accepted"
    if outcomes - {wanted}:
        raise Failed(f"{reader.name} finds receipts {sorted(outcomes)}")
    return next(answer["value"] for step, answer in zip(program, answers) if step["op"] == "dump")


def must(answers, driver, what):
    wrong = [answer for answer in answers if answer["status"] != "ok"]
    if wrong:
        raise Failed(f"{driver.name}, {what}: {wrong[0]}")
    return answers


def moment(w, first=False):
    return [{"op": "clock", "us": str(START_US if first else w.now_us + 1_000_000)}]


def opened(config):
    return {"op": "open", "path": "store", **config}


def numbered(steps):
    return [{"id": number, **step} for number, step in enumerate(steps, 1)]
