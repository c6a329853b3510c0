"""Vectors written by hand: whole programs over stores, good, locked, damaged and strange ones."""

import json

from runner.golden_case import GOLDEN
from runner.msgpack import encode

from vectors.ours import PUBLIC_KEY, answered, expect
from vectors.stores import append, clock, item, opened, signed_pair, wire

NOW = 1_700_000_000_000_000


def reading():
    """Filters that the reference lacks, folds, and counts."""
    yield answered(clock(NOW))
    yield answered(opened())
    yield answered({"op": "stat"})
    for number in range(12):
        options = {"entity": f"e:{number % 3}", "scope": f"s{number % 2}", "kind": 0x1001 + 0x1000 * (number % 2)}
        yield answered(append(number + 1, payload=encode(number), **options))
    for query, wanted in (
        ({"category": 2}, [2, 4, 6, 8, 10, 12]),
        ({"category": 5}, []),
        ({"clock_min": 1, "clock_max": 2, "in_scope": "s0"}, [5, 7, 9]),
        ({"clock_min": 3, "clock_max": 2}, []),
        ({"under": "e", "clock_min": 3, "clock_max": 4294967295}, [10, 11, 12]),
        ({"max_bytes": 1, "entity": "e:1"}, [2, 5, 8, 11]),
        ({"max_bytes": 1, "limit": 3, "after": 1}, [2, 3, 4]),
    ):
        yield expect({"op": "page", **query}, "ok", wanted, "store-read.md 2")
    for query, count, last, stopped in (
        ({}, 13, 12, False),
        ({"entity": "e:2"}, 4, 12, False),
        ({"under": "nobody"}, 0, None, False),
        ({"under": "e", "limit": 5}, 5, 5, False),
        ({"limit": 0}, 0, None, False),
        ({"kind": 0x1001, "stop_after": 2}, 2, 3, True),
        ({"stop_after": 13}, 13, 12, True),
    ):
        yield expect({"op": "fold", **query}, "ok", {"count": count, "last": last, "stopped": stopped}, "store-read.md 3")
    yield answered({"op": "sync"})
    yield answered({"op": "stat"})
    yield expect({"op": "get", "event_id": "77" * 16}, "BP_NOT_FOUND", clause="store-read.md 2.5")
    yield expect({"op": "close"})
    yield expect({"op": "stat"}, "no_store")
    yield answered(opened(must_exist=True, segment_max_bytes="1"))
    yield answered({"op": "stat"})
    yield answered({"op": "open_report"})
    yield answered({"op": "drop"})
    yield answered(opened(read_only=True))
    yield answered({"op": "stat"})
    yield answered({"op": "close"})


def many():
    """Independent events in one call: a prefix is accepted, and the first refusal ends it."""
    yield answered(clock(NOW))
    yield answered(opened())
    whole = [item(1), item(2, payload=encode("two")), item(3, entity="other", extensions={"a.b": "01"})]
    broken = [item(4), item(5, entity="a/b"), item(6)]
    yield answered({"op": "append_many", "items": []})
    yield answered({"op": "append_many", "items": whole})
    yield answered({"op": "append_many", "items": broken})
    yield answered({"op": "append_many", "items": [whole[0], item(7, expected_sequence=9)]})
    yield expect({"op": "page"}, "ok", [0, 1, 2, 3, 4])
    yield answered({"op": "dump"})


def batches():
    """What the reference writes or refuses otherwise: flags, a key twice, reactions; each refusal by its own name."""

    def batch(*items, **reaction):
        return {"op": "batch", "items": items, **reaction}

    cause = f"{1:032x}"
    yield answered(clock(NOW))
    yield answered(opened(batch_max_size=3, batch_max_bytes=10))
    yield answered(append(1))
    for items, status, clause in (
        ([item(number) for number in range(10, 14)], "BP_BATCH_COUNT", "store-write.md 4.2"),
        ([item(10), item(11, payload=bytes(10))], "BP_BATCH_BYTES", "store-write.md 4.2"),
        ([item(10), item(11, expected_empty=True)], "BP_BATCH_EXPECTATION", "store-write.md 4.2"),
        ([item(10), item(None)], "BP_BATCH_KEYS", "store-write.md 4.2"),
        ([item(10), item(1)], "BP_BATCH_KEYS", "store-write.md 4.2"),
        ([item(10), item(11), item(10)], "BP_BATCH_DUPLICATE_KEY", "decisions.md D12"),
        ([item(10), item(11, prior_item=1)], "BP_BATCH_CAUSE", "store-write.md 4.2"),
        ([item(10), item(11, gate="visible"), item(12)], "BP_ARGUMENT", "decisions.md D15"),
    ):
        yield expect(batch(*items), status, clause=clause)
    yield answered(batch(item(2, flags=3), item(3, flags=8)))
    yield answered(batch(item(4), item(5, causation="0c" * 16, correlation="0d" * 16), correlation=cause, causation=cause))
    yield answered(batch(item(6), item(7, prior_item=0), correlation=cause))
    yield expect(batch(item(8), item(9, gate="applied")), "BP_WAIT_TIMEOUT", clause="decisions.md D15")
    yield answered(batch(item(8), item(9, gate="durable")))
    yield expect({"op": "page"}, "ok", list(range(10)))
    yield answered({"op": "dump"})
    yield answered({"op": "close"})


def locked():
    yield answered(clock(NOW))
    yield answered(opened())
    yield expect({**opened(), "op": "open_beside"}, "BP_LOCKED", clause="decisions.md D34")
    yield expect({**opened(read_only=True), "op": "open_beside"}, "BP_LOCKED", clause="decisions.md D34")
    yield expect({"op": "close"})
    yield answered(opened(read_only=True))
    yield expect({**opened(), "op": "open_beside"}, "BP_LOCKED", clause="decisions.md D34")
    yield expect({**opened(read_only=True), "op": "open_beside"}, clause="decisions.md D34")
    yield expect({"op": "close"})
    for options in ({"group_max_events": 4097}, {"group_max_events": 0}, {"single_append_max_bytes": 0}):
        yield expect(opened(**options), "BP_CONFIGURATION", clause="store-write.md 1")


def native_payloads():
    """Appends of values as a language says them: the bytes are those of the payload."""
    yield answered(clock(NOW))
    yield answered(opened())
    for key, (value, data) in enumerate(
        (
            (["null"], None),
            (["u64", "18446744073709551615"], 2**64 - 1),
            (["i64", "-9223372036854775808"], -(2**63)),
            (["f64", "3ff0000000000000"], 1.0),
            (["text", "名前"], "名前"),
            (["bytes", "00ff"], b"\x00\xff"),
            (["array", [["bool", True], ["array", []]]], [True, []]),
            (["map", [[["text", "b"], ["u64", "1"]], [["text", "a"], ["null"]]]], {"b": 1, "a": None}),
            (["map", [[["u64", "1"], ["text", "x"]]]], {1: "x"}),
        ),
        1,
    ):
        yield answered({**append(key, payload=encode(data)), "value": value})
    yield answered({"op": "dump"})


def copied(name):
    return expect({"op": "copy", "from": f"golden/reference/{name}", "to": name})


def at(name, **options):
    return {**opened(**options), "path": f"{name}/store"}


def overwrite(name, file, position, data):
    return expect({"op": "write_file", "path": f"{name}/store/{file}", "at": position, "bytes": data})


def strange():
    """Stores that must not be opened, or not to write."""
    for name in ("fence_cancelled", "compaction_killed", "killed"):
        yield copied(name)
    yield answered(clock(NOW + 10**12))
    yield answered(at("fence_cancelled", must_exist=True))
    cancelled = append("0000000000c0ffee0000000000000009")
    yield expect(cancelled, "BP_KEY_CANCELLED", clause="decisions.md D10")
    yield expect({"op": "close"})
    yield overwrite("fence_cancelled", "visibility_ranges.fbv", 20, "ff")
    yield expect(at("fence_cancelled"), "BP_HIDDEN_RANGES", clause="journal.md 7.3")
    yield expect(at("fence_cancelled", read_only=True), "BP_HIDDEN_RANGES", clause="journal.md 7.3")
    yield expect(at("compaction_killed"), "BP_COMPACTION_PENDING", clause="journal.md 10")
    yield answered(at("compaction_killed", read_only=True))
    yield expect({"op": "close"})
    prologue = bytearray((GOLDEN / "reference/killed/store/000001.fbat").read_bytes()[:57])
    prologue[17] = 2
    newer = {"op": "write_file", "path": "killed/store/000002.fbat", "bytes": prologue.hex()}
    yield expect(newer)
    yield expect(at("killed"), "BP_NEWER_VERSION", clause="journal.md 2")
    yield expect(at("killed", read_only=True), "BP_NEWER_VERSION", clause="journal.md 2")
    for path in ("killed", "killed/about.json"):
        yield expect({**at("killed"), "path": path}, "BP_NOT_A_STORE", clause="decisions.md D34")


def damaged():
    """One byte of a payload altered: the event is listed and cannot be read, and the store is called damaged."""
    events = [json.loads(line) for line in (GOLDEN / "reference/clean/expected.jsonl").read_text().splitlines()]
    hurt = events[2]
    yield copied("clean")
    yield overwrite("clean", f"{hurt['segment_id']:06}.fbat", hurt["offset"] + hurt["frame_length"] - 1, "58")
    yield answered(at("clean", read_only=True))
    yield expect({"op": "get", "event_id": hurt["event_id"]}, "BP_DAMAGED_FRAME", clause="journal.md 3")
    yield answered({"op": "dump"})
    later = next(event for event in reversed(events) if event["entity"] == hurt["entity"])
    yield answered({"op": "walk", "event_id": later["event_id"]})
    yield answered({"op": "fold"})
    yield answered({"op": "verify"})
    yield answered({"op": "open_report"})
    yield expect({"op": "close"})


def judged(receipts):
    """Receipts held against a store, alone and all together, with keys from outside."""
    good, other = (wire(receipt) for receipt in receipts)
    false = {**good, "content_hash": "00" * 32}
    yield from (answered(step) for step in signed_pair())
    yield expect({"op": "close"})
    yield answered(opened(read_only=True))
    unknown = {"op": "verify_receipt", "receipt": good}
    yield expect(unknown, "ok", "unknown_signing_key", "encoding.md 5.4")
    yield expect({**unknown, "trust": [PUBLIC_KEY]}, "ok", "signed", "encoding.md 5.4")
    yield expect({**unknown, "trust": ["ff" * 32]}, "BP_KEY_INVALID", clause="decisions.md D19")
    yield expect({**unknown, "receipt": {**good, "extensions": {"bad": "00"}}}, "BP_EXTENSION_NAMESPACE")
    for more in ({}, {"receipts": [good]}, {"receipts": [good, other]}, {"receipts": [false]}):
        yield answered({"op": "verify", "trust": [PUBLIC_KEY], **more})
    yield answered({"op": "verify", "receipts": [good]})


PROGRAMS = {
    "ours_reading": [reading],
    "ours_many": [many],
    "ours_batches": [batches],
    "ours_locked": [locked],
    "ours_native_payloads": [native_payloads],
    "ours_strange_stores": [strange],
    "ours_damaged": [damaged],
}
