"""Lane 4, second half: one frame altered inside a valid checksum.

Where the reference still reads the store, and the altered event's hash still fits its payload,
ours must read every event alike. Where the reference refuses the store, ours must refuse it, or
not call it consistent; and it must show nothing in place of an event that it cannot read."""

import pathlib
import random
import shutil
import struct
import tempfile
import zlib

from runner import segment
from runner.lane_exchange import numbered
from runner.lane_torn import killed_store
from runner.normalise import first_difference
from runner.stores import same_events

ALTERED = 1500
PORTION = 250


def run(report, seed, drivers):
    source = random.Random(f"frames {seed}")
    tally = {"read alike": 0, "refused or named": 0, "hash does not fit": 0, "one id twice": 0, "not to be said": 0}
    failures = {driver.name: [] for driver in drivers.ours}
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        killed_store(drivers.reference, directory)
        whole = segment.Segment.read(directory / "whole" / "000001.fbat")
        for first in range(0, ALTERED, PORTION):
            portion(source, drivers, directory, whole, first, tally, failures)
    counts = ", ".join(f"{count} {name}" for name, count in tally.items())
    detail = f"({ALTERED} stores: {counts})"
    for name, found in failures.items():
        report.case(f"frames: one altered inside a valid checksum, read by {name}", found, detail)


def portion(source, drivers, directory, whole, first, tally, failures):
    changes = {}
    for number in range(first, first + PORTION):
        store = directory / f"altered{number}"
        store.mkdir()
        data, changes[number] = altered(source, whole)
        (store / "000001.fbat").write_bytes(data)
    by_reference = in_turn(drivers.reference, directory, changes, ["dump"])
    said = {driver.name: in_turn(driver, directory, changes, ["dump", "verify"]) for driver in drivers.ours}
    by_us = said[drivers.ours[0].name]
    for number, change in changes.items():
        if cannot_be_said(by_reference[number], by_us[number]):
            tally["not to be said"] += 1
            continue
        where = f"frame at {change[0]}, byte {change[1]} to {change[2]:02x}"
        problem = judge(drivers.reference, by_reference[number], by_us[number], tally)
        if problem:
            failures[drivers.ours[0].name].append(f"{where}: {problem}")
        for other in drivers.ours[1:]:
            # One core: what it says of one store must be the same in every language.
            if said[other.name][number] != by_us[number]:
                text = first_difference(by_us[number], said[other.name][number])
                failures[other.name].append(f"{where}: {text}")
        shutil.rmtree(directory / f"altered{number}")


def cannot_be_said(*answers):
    """Whether an extension's name holds a NUL: the driver in C answers through a library whose names end there."""
    said = [event for answer in answers if len(answer) > 1 for event in answer[1].get("value") or []]
    return any("\0" in name for event in said for name in event.get("extensions") or {})


def altered(source, whole):
    offset, length = whole.frames[source.randrange(1, len(whole.frames) - 1)]
    body = bytearray(whole.frame(offset, length)[8:])
    at = source.randrange(len(body))
    body[at] = source.choice((source.randrange(256), body[at] ^ 1 << source.randrange(8)))
    frame = struct.pack(">II", len(body), zlib.crc32(body)) + body
    return whole.data[:offset] + frame + whole.data[offset + length :], (offset, at, body[at])


def in_turn(driver, directory, numbers, operations):
    """{number: the answers to open and the operations} by one process."""
    steps = []
    for number in numbers:
        steps += [
            {"op": "open", "path": f"altered{number}", "read_only": True},
            *({"op": op} for op in operations),
            {"op": "close"},
        ]
    answers = iter(driver.run(numbered(steps), directory))
    return {number: [next(answers) for _ in range(len(operations) + 2)][:-1] for number in numbers}


def judge(reference, by_reference, by_us, tally):
    opened, shown = by_reference
    if opened["status"] != "ok":
        return judge_refused(opened, by_us, tally)
    if len({event["event_id"] for event in shown["value"]}) < len(shown["value"]):
        tally["one id twice"] += 1  # of which the reference shows the later event twice
        return None
    misfits = {event["sequence"] for event in shown["value"] if "error" in event or not hash_fits(reference, event)}
    if misfits:
        tally["hash does not fit"] += 1
        return None
    tally["read alike"] += 1
    if by_us[0]["status"] != "ok":
        return f"the reference reads it, ours answers {by_us[0]}"
    return same_events(shown["value"], by_us[1]["value"])


def judge_refused(opened, by_us, tally):
    tally["refused or named"] += 1
    if by_us[0]["status"] != "ok" or len(by_us) < 3:
        return None
    verdict = by_us[2].get("value", {}).get("verdict")
    return (
        f"the reference answers {opened['status']}, ours calls it {verdict}"
        if verdict in ("CONSISTENT", "ATTESTED")
        else None
    )


HASHES = {}


def hash_fits(reference, event):
    payload = event["payload_hex"]
    if payload not in HASHES:
        (answer,) = reference.run([{"id": 1, "op": "hash", "bytes": payload}], "/")
        HASHES[payload] = answer["value"]
    return HASHES[payload] == event["event_hash"]
