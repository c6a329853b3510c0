"""Whole stores: copies, fingerprints, and the comparison of what two drivers read in one."""

import hashlib
import json
import shutil

from runner.normalise import LIFECYCLE, first_difference

# What ours still knows of an event that the reference lists but cannot read.
WIRE = ("event_id", "sequence", "content_hash", "key_id", "signature", "extensions")
OF_THE_INDEX = ("sequence", "event_id", "entity", "scope", "kind", "clock")


def wire(receipt):
    """What a receipt says of an event, without where it lay."""
    return {name: receipt[name] for name in WIRE}


def copy(store, target):
    shutil.copytree(store, target)
    return target


def fingerprint(store):
    """Name and SHA-256 of every file: a read-only open changes none and adds none."""
    files = sorted(path for path in store.rglob("*") if path.is_file())
    return {str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def read_events(path):
    return [json.loads(line) for line in path.read_text().split("\n") if line]


def dump(driver, directory, path, **config):
    """(status of the open, events) of a store opened read-only."""
    program = [
        {"id": 1, "op": "open", "path": path, "read_only": True, **config},
        {"id": 2, "op": "dump"},
        {"id": 3, "op": "close"},
    ]
    opened, events, _ = driver.run(program, directory)
    return opened["status"], events.get("value", [])


def same_events(wanted, found):
    """None, or the first difference between two readings of one store, every field of every event."""
    if [event["sequence"] for event in wanted] != [event["sequence"] for event in found]:
        return f"sequences {[e['sequence'] for e in wanted]} against {[e['sequence'] for e in found]}"
    for left, right in zip(wanted, found):
        if "error" in left or "error" in right:
            left, right = ({name: event[name] for name in OF_THE_INDEX} for event in (left, right))
        if left != right:
            return f"event {left['sequence']}: {first_difference(left, right, 'event')}"
    return None


def without_lifecycle(events):
    return [event for event in events if event["entity"] != LIFECYCLE]
