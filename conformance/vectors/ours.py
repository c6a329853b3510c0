"""Vectors written by hand: what is ours alone, or where ours says more than the reference.

Each step carries its expectation; nothing here is asked of the reference."""

from vectors.stores import SEED, append, clock, opened


def expect(step, status="ok", value=None, clause=""):
    answer = {"status": status} if status != "ok" else {"status": "ok", "value": value}
    return {**step, "clause": clause, "expect": answer}


def answered(step):
    """It works, and all answer alike."""
    return {**step, "expect": {"status": "ok"}}


def payload(hex_bytes, status, value=None):
    return expect({"op": "to_json", "payload": hex_bytes}, status, value, "encoding.md 1.5")


def json_text(text, status, value=None):
    return expect({"op": "from_json", "json": text}, status, value, "encoding.md 1.1")


def payloads():
    yield payload("91", "BP_MESSAGEPACK")
    yield payload("c1", "BP_MESSAGEPACK")
    yield payload("c40101", "BP_NOT_JSON")
    yield payload("810102", "BP_NOT_JSON")
    yield payload("d40161", "BP_NOT_JSON")
    yield payload("a1ff", "BP_UTF8")
    yield payload("91" * 1024 + "c0", "BP_DEPTH")
    yield payload("dbffffffff", "BP_MESSAGEPACK")
    yield payload("ddffffffff", "BP_MESSAGEPACK")
    for text in (
        "",
        " ",
        "nul",
        "[1,]",
        "{",
        '{"a":1',
        "01",
        "+1",
        "1.",
        "'a'",
        '"\\x"',
        '"\\ud800"',
        "[1]]",
        "NaN",
        "1 2",
    ):
        yield json_text(text, "BP_JSON")
    yield json_text("[" * 1024 + "]" * 1024, "BP_DEPTH")
    yield json_text("18446744073709551615", "ok", "cfffffffffffffffff")
    yield json_text("-9223372036854775808", "ok", "d38000000000000000")
    yield json_text(' { "b" : 1 , "a" : [ ] } ', "ok", "82a16201a16190")
    yield json_text('"\\u0000\\ud83d\\ude00"', "ok", "a500f09f9880")
    yield json_text("1.0", "ok", "cb3ff0000000000000")


PUBLIC_KEY = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
KEY_ID = "98ba85304ac639f0f55daab01ad6d592be44a125d9b3b65e1efca5b96960baec"


def names():
    for entity, scope in (("ff", "61"), ("61", "c328"), ("eda080", "61")):
        step = {"op": "coordinate", "entity_hex": entity, "scope_hex": scope}
        yield expect(step, "BP_COORDINATE_UTF8", clause="encoding.md 3.2")


def keys():
    yield expect({"op": "key", "seed": SEED}, "ok", {"public_key": PUBLIC_KEY, "key_id": KEY_ID}, "encoding.md 7")
    yield expect({"op": "key", "seed": "00" * 32}, "BP_SEED_ZERO", clause="decisions.md D8")


def writing():
    yield expect({**opened(), "must_exist": True}, "BP_NO_STORE", clause="decisions.md D34")
    yield expect({**opened(), "read_only": True}, "BP_NO_STORE", clause="decisions.md D34")
    yield expect(clock(1700000000000000))
    yield expect(opened(keys=["00" * 32]), "BP_SEED_ZERO", clause="decisions.md D8")
    yield expect(opened(verify_keys=["ff" * 32]), "BP_KEY_INVALID", clause="decisions.md D19")
    yield expect(opened())
    for kind in (0x0006, 0x0007):
        yield expect(append(1, kind=kind, allow_reserved=True), "BP_KIND_MARKER", clause="decisions.md D16")
    for kind in (0x0000, 0x0001, 0x0FFF, 0xD000, 0xD001):
        yield expect(append(1, kind=kind), "BP_KIND_RESERVED", clause="decisions.md D16")
    yield expect({"op": "page"}, "ok", [0])
    yield expect({"op": "walk", "event_id": "77" * 16}, "BP_NOT_FOUND", clause="store-read.md 2.5")
    yield expect({"op": "close"})
    yield expect(opened(read_only=True))
    yield expect(append(1), "BP_READ_ONLY", clause="decisions.md D34")
    yield expect({"op": "sync"}, "BP_READ_ONLY", clause="decisions.md D34")
    yield expect({"op": "page"}, "ok", [0, 1])
    yield expect({"op": "close"})


def key_before_expectation():
    """decisions.md D12: a known key answers whatever is expected now."""
    yield expect(clock(1700000000000000))
    yield expect(opened())
    yield {**append(1, expected_sequence=0), "clause": "decisions.md D12", "expect": {"status": "ok"}}
    yield {**append(2, expected_sequence=0), "expect": {"status": "ok"}}
    yield {**append(1, expected_sequence=0), "expect": {"status": "ok"}}
    yield {**append(1, expected_sequence=77), "expect": {"status": "ok"}}
    yield expect(append(3, expected_sequence=77), "BP_EXPECTED_CLOCK", clause="decisions.md D11")
    yield expect({"op": "page"}, "ok", [0, 1, 2])


def expectations():
    """decisions.md D11: that an entity is empty, or what its last event is, without the doubt of a clock of 0."""
    yield expect(clock(1700000000000000))
    yield expect(opened())
    yield expect(append(1, expected_event="01" * 16), "BP_EXPECTED_EVENT", clause="decisions.md D11")
    yield {**append(1, expected_empty=True), "expect": {"status": "ok"}}
    yield expect(append(2, expected_empty=True), "BP_EXPECTED_EMPTY", clause="decisions.md D11")
    yield {**append(2, expected_event=f"{1:032x}"), "expect": {"status": "ok"}}
    yield expect(append(3, expected_event=f"{1:032x}"), "BP_EXPECTED_EVENT", clause="decisions.md D11")
    yield {**append(3, entity="other", expected_empty=True), "expect": {"status": "ok"}}
    yield expect({"op": "page"}, "ok", [0, 1, 2, 3])


def nearest_ancestor():
    """decisions.md D21: payloads A, B, A, C; the walk from C goes through all of them."""
    yield expect(clock(1700000000000000))
    yield expect(opened())
    for key, data in enumerate((b"\x0a", b"\x0b", b"\x0a", b"\x0c"), 1):
        yield {**append(key, payload=data), "expect": {"status": "ok"}}
    ancestry = [f"{key:032x}" for key in (4, 3, 2, 1)]
    yield expect({"op": "walk", "event_id": ancestry[0]}, "ok", ancestry, "decisions.md D21")


def frontier():
    """A sequence alone is a point; gates answer receipt and error; of many the last one's gate counts; no wait read-only."""

    def wait(watermark, sequence):
        return {"op": "wait", "watermark": watermark, "sequence": sequence}

    def many(*keys, **last):
        return {"op": "append_many", "items": [*(append(key) for key in keys[:-1]), append(keys[-1], **last)]}

    yield answered(clock(1700000000000000))
    yield answered(opened(sync_every=1000))
    yield answered(append(1))
    yield expect(wait("durable", 1), "BP_WAIT_TIMEOUT", clause="store-write.md 14 B5")
    yield expect(append(2, gate="durable"), "BP_WAIT_TIMEOUT", clause="decisions.md D15")
    yield expect(append(2, gate="durable"), "BP_WAIT_TIMEOUT", clause="decisions.md D15")
    yield answered(many(3, 4, gate="applied"))
    yield answered({"op": "append_many", "items": [append(5), append(6, gate="visible"), append(7)]})
    yield answered({"op": "sync"})
    yield expect(wait("durable", 1))
    yield answered(append(2, gate="durable"))
    yield answered(many(8, 9, gate="visible"))
    yield answered({"op": "frontier"})
    yield expect({"op": "page"}, value=[0, 1, 2, 3, 4, 5, 6, 7])
    yield answered({"op": "close"})
    yield answered(opened(read_only=True))
    yield expect({"op": "frontier"}, value={
        **{name: {"wall_ms": 1700000000000, "sequence": 8}
           for name in ("accepted", "written", "durable", "visible", "emitted", "applied")},
        "visible_minus_durable": 0, "pending": False})
    yield expect(wait("durable", 1), "BP_READ_ONLY", clause="store-write.md 8.3")


PROGRAMS = {
    "ours_frontier": [frontier],
    "ours_values": [payloads, names, keys],
    "ours_writing": [writing],
    "ours_expectations": [expectations],
    "ours_key_before_expectation": [key_before_expectation],
    "ours_nearest_ancestor": [nearest_ancestor],
}
