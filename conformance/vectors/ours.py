"""Vectors written by hand: what is ours alone, or where ours says more than the reference.

Each step carries its expectation; nothing here is asked of the reference."""

from vectors.stores import SEED, append, clock, item, opened, submitted_batch, told


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


def submitted(key, op="submit", **options):
    return {**append(key, **options), "op": op}


def tickets():
    """Tickets take all options, answer again and again, may be polled, and outlive their store; how full the queue is."""
    yield answered(clock(1700000000000000))
    yield answered(opened(queue_capacity=10, pressure_percent=25))
    full = {"queued": 0, "capacity": 10, "threshold": 3}
    yield expect({"op": "pressure"}, "ok", full, "store-write.md 5.2")
    yield expect(submitted(1, flags=3, lane=7, extensions={"acme.trace": "01"}), "ok", 0, "store-write.md 5.2")
    yield expect({"op": "ticket_poll", "ticket": 0}, "ok", True, "decisions.md D27")
    yield answered(told(0, timeout_ms=0))
    yield answered(told(0))
    yield expect(submitted(1, expected_sequence=77), "ok", 1)
    yield answered(told(1))
    yield expect(submitted(2, expected_sequence=77), "ok", 2)
    yield expect(told(2), "BP_EXPECTED_CLOCK", clause="decisions.md D11")
    yield expect(told(2, timeout_ms=0), "BP_EXPECTED_CLOCK", clause="store-write.md 5.2")
    yield expect(submitted(3, gate="visible"), "BP_ARGUMENT", clause="decisions.md D15")
    for items, status in (
        ([item(3), item(3)], "BP_BATCH_DUPLICATE_KEY"),
        ([item(3), item(4, prior_item=1)], "BP_BATCH_CAUSE"),
        ([item(3), item(4, expected_empty=True)], "BP_BATCH_EXPECTATION"),
    ):
        yield expect(submitted_batch(*items), status, clause="decisions.md D12")
    yield expect(submitted_batch(item(1), item(3)), "ok", 3)
    yield expect(told(3), "BP_BATCH_KEYS", clause="decisions.md D12")
    yield expect(submitted_batch(item(5, flags=8), item(6)), "ok", 4)
    yield expect({"op": "ticket_free", "ticket": 4})
    yield expect(submitted(7), "ok", 5)
    yield expect({"op": "page"}, "ok", [0, 1, 2, 3, 4])
    yield expect(submitted(8), "ok", 6)
    yield expect({"op": "close"})
    yield answered(told(6, timeout_ms=0))
    yield expect(told(4), "bad_instruction")
    yield expect({"op": "ticket_poll", "ticket": 5}, "ok", True)
    yield answered(opened(read_only=True))
    yield answered({"op": "dump"})
    yield expect(submitted(9), "BP_READ_ONLY", clause="decisions.md D34")
    yield expect(submitted_batch(item(9)), "BP_READ_ONLY", clause="decisions.md D34")
    yield expect({"op": "pressure"}, "BP_READ_ONLY", clause="decisions.md D34")


def tries():
    """What a try refuses by its look, and that it takes all options."""
    yield answered(clock(1700000000000000))
    yield answered(opened())
    yield answered(submitted(1, "try_submit", flags=3, expected_empty=True))
    yield answered(told(0))
    yield expect(submitted(2, "try_submit", gate="visible"), "BP_ARGUMENT", clause="decisions.md D15")
    yield expect(submitted_batch(item(2), item(2), op="try_submit_batch"), "BP_BATCH_DUPLICATE_KEY", clause="decisions.md D12")
    yield answered(submitted(2, "try_submit", expected_empty=True))
    yield expect(told(1), "BP_EXPECTED_EMPTY", clause="decisions.md D11")
    yield answered(submitted_batch(item(3), item(4), op="try_submit_batch"))
    yield expect({"op": "page"}, "ok", [0, 1, 2, 3])


def fences():
    """Options behind a fence, its keys, its number, who is refused meanwhile, and its end by a close or a drop."""

    def fenced(key, **options):
        return submitted(key, "fence_submit", **options)

    begin, cancelled = {"op": "fence_begin"}, "BP_FENCE_CANCELLED"
    yield answered(clock(1700000000000000))
    yield answered(opened())
    yield expect({"op": "fence_commit"}, "no_fence")
    yield answered(append(1))
    yield expect(begin)
    yield expect(begin, "BP_FENCE_ACTIVE", clause="store-write.md 7")
    yield expect({"op": "fence_token"}, "ok", 1, "store-write.md 7")
    yield expect(fenced(2, expected_event=f"{1:032x}", flags=3, lane=7), "ok", 0)
    yield expect(fenced(2, scope="other"), "ok", 1, "decisions.md D12")
    yield expect(fenced(1), "ok", 2, "decisions.md D12")
    yield expect(fenced(3, expected_sequence=77), "ok", 3)
    yield expect(told(3), "BP_EXPECTED_CLOCK", clause="store-write.md 7")
    yield expect(submitted_batch(item(4), item(5), op="fence_submit_batch"), "ok", 4)
    yield expect(fenced(6, gate="visible"), "BP_ARGUMENT", clause="decisions.md D15")
    yield expect(told(0, timeout_ms=0), "BP_WAIT_TIMEOUT", clause="store-write.md 7")
    yield expect({"op": "ticket_poll", "ticket": 1}, "ok", False, "store-write.md 7")
    yield expect(append(7), "BP_FENCE_ACTIVE", clause="decisions.md D17")
    yield expect(submitted(7), "ok", 5)
    yield expect(told(5), "BP_FENCE_ACTIVE", clause="decisions.md D17")
    yield expect(submitted_batch(item(7)), "ok", 6)
    yield expect(told(6), "BP_FENCE_ACTIVE", clause="decisions.md D17")
    yield expect({"op": "page"}, "ok", [0, 1])
    yield expect({"op": "fence_commit"})
    for ticket in (0, 1, 2, 4):
        yield answered(told(ticket))
    yield expect({"op": "ticket_poll", "ticket": 1}, "ok", True, "store-write.md 7")
    for op in ("fence_commit", "fence_cancel"):
        yield expect({"op": op}, "BP_FENCE_NOT_ACTIVE", clause="store-write.md 7")
    yield expect(fenced(7), "BP_FENCE_NOT_ACTIVE", clause="store-write.md 7")
    yield expect({"op": "page"}, "ok", [0, 1, 2, 3, 4])
    yield expect(begin)
    yield expect({"op": "fence_token"}, "ok", 3, "store-write.md 7")
    yield expect(fenced(7), "ok", 7)
    yield expect({"op": "fence_cancel"})
    yield expect(told(7), cancelled, clause="store-write.md 7")
    yield expect(append(7), "BP_KEY_CANCELLED", clause="decisions.md D12")
    yield answered(append(8))
    yield expect({"op": "page"}, "ok", [0, 1, 2, 3, 4, 6])
    yield expect(begin)
    yield expect(fenced(9), "ok", 8)
    yield expect({"op": "close"})
    yield expect(told(8), cancelled, clause="store-write.md 7")
    yield expect({"op": "fence_commit"}, "BP_FENCE_NOT_ACTIVE", clause="store-write.md 7")
    yield answered(opened(must_exist=True))
    yield expect(append(9), "BP_KEY_CANCELLED", clause="decisions.md D12")
    yield expect(begin)
    yield expect(fenced(10), "ok", 9)
    yield expect({"op": "drop"})
    yield expect(told(9), cancelled, clause="store-write.md 7")
    yield answered(opened(must_exist=True))
    yield answered(append(11))
    yield expect({"op": "page"}, "ok", [0, 1, 2, 3, 4, 6, 8, 9, 11, 12, 13])
    yield answered({"op": "dump"})
    yield answered({"op": "verify"})
    yield expect({"op": "close"})
    yield answered(opened(read_only=True))
    yield expect(begin, "BP_READ_ONLY", clause="decisions.md D34")


PROGRAMS = {
    "ours_tickets": [tickets],
    "ours_tries": [tries],
    "ours_fences": [fences],
    "ours_frontier": [frontier],
    "ours_values": [payloads, names, keys],
    "ours_writing": [writing],
    "ours_expectations": [expectations],
    "ours_key_before_expectation": [key_before_expectation],
    "ours_nearest_ancestor": [nearest_ancestor],
}
