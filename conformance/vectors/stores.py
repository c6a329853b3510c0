"""Vectors that need a store: whole programs, with the frames they leave.

Each function answers a list of steps; `frame` steps are carried out by the
runner, which reads the frame of an event from the segment files afterwards."""

from runner.msgpack import encode

SEED = bytes(range(32)).hex()
SECOND_SEED = "11" * 32
WORKED_ID = "018f3c2a7b1e7a5c8d10223344556677"


def clock(microseconds):
    return {"op": "clock", "us": str(microseconds)}


def opened(**config):
    return {"op": "open", "path": "store", **config}


def append(key, entity="entity:1", scope="main", kind=0x1001, payload=b"\x01", **options):
    return {
        "op": "append",
        "entity": entity,
        "scope": scope,
        "kind": kind,
        "payload": payload.hex(),
        "key": f"{key:032x}" if isinstance(key, int) else key,
        **options,
    }


def frame(event_id):
    return {"op": "frame", "store": "store", "event_id": f"{event_id:032x}" if isinstance(event_id, int) else event_id}


def worked_example():
    """encoding.md 7, first vector: sequence 41, clock 3, 534 bytes of frame, the signature."""
    steps = [clock(1714701368094417), opened(keys=[SEED])]
    steps += [append(1000 + n, entity=f"other:{n % 5}") for n in range(37)]
    steps += [
        append(2000 + n, entity="account:7", scope="ledger", kind=0x1005, payload=payload)
        for n, payload in enumerate((b"\x01", b"\x02", b"\x80"))
    ]
    payload = bytes.fromhex("82a6616d6f756e74cd04b0a46d656d6fa470616964")
    steps.append(
        append(
            WORKED_ID,
            entity="account:7",
            scope="ledger",
            kind=0x1005,
            payload=payload,
            causation="018f3c2a7b007001a1b2c3d4e5f60718",
            extensions={"acme.trace": "01ff"},
        )
    )
    return [*steps, {"op": "get", "event_id": WORKED_ID}, {"op": "close"}, frame(WORKED_ID)]


DENIAL = {
    "evaluations": [
        {"gate_id": "one", "verdict": "Permit", "evidence_hash": None},
        {
            "gate_id": "two",
            "verdict": {"Deny": {"code": "C1", "message": "no way", "context": [["k", "v"]]}},
            "evidence_hash": None,
        },
        {"gate_id": "three", "verdict": "Skipped", "evidence_hash": None},
    ],
    "pipeline_id": "pipe",
    "proposed_kind": 0x2005,
    "proposed_content_hash": [0xAB] * 32,
}


def denial_by_gate():
    """encoding.md 7, second vector: a denial written by the gate layer."""
    denial = {
        "op": "append_denial",
        "entity": "acc:7",
        "scope": "ledger",
        "kind": 0x2005,
        "key": f"{0x0102:032x}",
        "gates": ["one", "two", "three"],
        "gate": "two",
        "code": "C1",
        "message": "no way",
        "context": {"k": "v"},
        "pipeline": "pipe",
        "proposed_hash": "ab" * 32,
    }
    return [
        clock(1714701368094417),
        opened(keys=[SEED]),
        denial,
        {"op": "get", "event_id": f"{0x0102:032x}"},
        frame(0x0102),
    ]


def denial_by_hand():
    """encoding.md 7, second vector: the same event as an ordinary append, same signature."""
    return [
        clock(1714701368094417),
        opened(keys=[SEED]),
        append(0x0102, entity="acc:7", scope="ledger", kind=0x000F, payload=encode(DENIAL), allow_reserved=True),
        frame(0x0102),
    ]


def frame_example():
    """journal.md 11: the frame of 451 bytes with the checksum c3bf2277."""
    event_id = bytes(range(16)).hex()
    return [
        clock(1700000000123456),
        opened(),
        append(event_id, entity="e:1", scope="s", kind=0x2005, payload=encode({"n": 1})),
        {"op": "get", "event_id": event_id},
        frame(event_id),
    ]


def option_frames():
    """encoding.md 3.7, 3.9 and 3.10: each option of an append in the bytes of its frame."""
    options = [
        {},
        {"flags": 0xFF},
        {"lane": 7, "depth": 2},
        {"lane": 2**32 - 1, "depth": 2**32 - 1},
        {"correlation": f"{5:032x}"},
        {"causation": f"{6:032x}"},
        {"causation": f"{0:032x}"},
        {"correlation": "ff" * 16, "causation": "ff" * 16},
        {"extensions": {"b.a": "", "a.b": "00ff", "B.a": "80"}},
        {"extensions": {f"acme.{n}": "01" for n in range(17)}},
        {"kind": 0xFFFF},
        {"kind": 0x1000},
        {"entity": "ä:名前 @*."},
        {"entity": "x" * 1024, "scope": "y" * 1024},
        {"payload": encode("z" * 70000)},
        {"payload": encode(bytes(range(256)))},
        {"payload": encode(None)},
        {"payload": encode({})},
    ]
    steps = [clock(1700000000000999), opened()]
    for number, more in enumerate(options):
        steps.append(append(100 + number, **more))
    return steps + [{"op": "close"}] + [frame(100 + number) for number in range(len(options))]


def expectations():
    """store-write.md 3.3 and 3.4: the expected sequence."""
    steps = [clock(1700000000000000), opened()]
    for number, expected in enumerate((1, 0, 1, 0, 0, 1, 2, 2**32 - 1, 1)):
        steps.append(append(200 + number, expected_sequence=expected))
    return steps + [append(300, entity="entity:2", expected_sequence=0), {"op": "page", "entity": "entity:1"}]


def replays():
    """store-write.md 3.4: a key answers the first receipt, whatever is asked now, also after a reopen."""
    steps = [clock(1700000000000000), opened(keys=[SEED]), append(1, extensions={"acme.trace": "01"}), append(2)]
    again = [
        append(1),
        append(1, payload=b"\x02"),
        append(1, entity="entity:9", scope="other", kind=0x2002),
        append(1, extensions={"acme.other": "02"}, flags=3, lane=9),
    ]
    later = [clock(1700000001000000), {"op": "close"}, opened(keys=[SECOND_SEED])]
    return steps + again + later + again + [append(0), append(0), append("ff" * 16), append("ff" * 16), {"op": "page"}]


def limits():
    """store-write.md 1 and 3.2: the limit on payload and extensions together."""
    steps = [clock(1700000000000000), opened(single_append_max_bytes=100)]
    extension = {"a.b": "00" * 10}  # 1 + 4 + 1 + 10 bytes once encoded
    for key, size, more in (
        (1, 100, {}),
        (2, 101, {}),
        (3, 84, {"extensions": extension}),
        (4, 85, {"extensions": extension}),
    ):
        steps.append(append(key, payload=encode(b"\x00" * (size - 2)), **more))
    steps += [
        {"op": "close"},
        opened(single_append_max_bytes=0),
        opened(single_append_max_bytes=67108865),
        opened(segment_max_bytes="0"),
    ]
    return steps + [opened(single_append_max_bytes=67108864), {"op": "close"}]


def refusals():
    """encoding.md 3.2 and 3.10, store-write.md 12.1: what an append refuses, and that nothing is written."""
    steps = [clock(1700000000000000), opened()]
    for entity, scope in (
        ("", "s"),
        ("e", ""),
        ("a/b", "s"),
        ("a|b", "s"),
        ("e", "a..b"),
        ("e\x01", "s"),
        ("e", "s\x00"),
    ):
        steps.append(append(1, entity=entity, scope=scope))
    for name in ("a", "a.b.c", "batpak.x", "ä.b", ".b"):
        steps.append(append(1, extensions={name: "00"}))
    steps += [
        append(3),
        {"op": "page"},
        {"op": "get", "event_id": f"{1:032x}"},
        {"op": "close"},
        opened(keys=["00" * 32]),
    ]
    # A clock before 1970 lets a store open and refuses what is appended.
    return steps + [clock(-1), {**opened(), "path": "early"}, append(4), {"op": "page"}, {"op": "close"}]


def clocks():
    """encoding.md 3.5, store-write.md 12.1: time stands still, runs back, and is cut to milliseconds."""
    steps = [clock(1700000000000999), opened()]
    for number, now in enumerate(
        (1700000000000999, 1700000000001000, 1700000000000500, 1700000005000000, 1600000000000000, 1700000005000001)
    ):
        steps += [clock(now), append(10 + number, entity=f"entity:{number % 2}")]
    return steps + [{"op": "dump"}]


def reading():
    """store-read.md 2: pages, filters, resuming, walking."""
    steps = [clock(1700000000000000), opened()]
    names = ("alice", "alice:a", "alice2", "alice:a:b", "bob", "alice")
    for number in range(24):
        steps.append(
            append(
                100 + number,
                entity=names[number % 6],
                scope=f"scope {number % 2}",
                kind=0x1001 + number % 3,
                payload=encode({"n": number}),
            )
        )
    queries = [
        {},
        {"limit": 0},
        {"limit": 5},
        {"after": 0},
        {"after": 0, "limit": 3},
        {"after": 24},
        {"after": 1000},
        {"entity": "alice"},
        {"under": "alice"},
        {"under": "alice:a"},
        {"under": "ali"},
        {"under": "alice:"},
        {"entity": "nobody"},
        {"in_scope": "scope 1"},
        {"kind": 0x1002},
        {"kind": 0x1009},
        {"under": "alice", "in_scope": "scope 0", "kind": 0x1001, "after": 4, "limit": 2},
    ]
    steps += [{"op": "page", **query} for query in queries]
    steps += [
        {"op": "walk", "event_id": f"{119:032x}", **limit} for limit in ({}, {"limit": 0}, {"limit": 1}, {"limit": 2})
    ]
    return steps + [{"op": "get", "event_id": f"{110:032x}"}, {"op": "get", "event_id": f"{99:032x}"}, {"op": "dump"}]


def sessions():
    """The dump of a store opened three times, read-only at last."""
    return [
        clock(1700000000000000),
        opened(keys=[SEED]),
        append(1, payload=b"\x01"),
        append(2, payload=b"\x02", entity="entity:2"),
        {"op": "close"},
        clock(1700000060000000),
        opened(),
        append(3, payload=b"\x03"),
        append(4, payload=b"\x04", extensions={"acme.trace": "01ff"}),
        {"op": "close"},
        opened(read_only=True),
        {"op": "dump"},
        {"op": "walk", "event_id": f"{4:032x}"},
        {"op": "close"},
    ]


def verified(receipts):
    """encoding.md 5.4: every outcome that a wire receipt can reach. Needs two receipts of `signed_pair`."""
    good, other = receipts
    flipped = ("0" if good["signature"][0] != "0" else "1") + good["signature"][1:]
    changes = [
        {},
        {"event_id": "77" * 16},
        {"sequence": 2},
        {"content_hash": "00" * 32},
        {"extensions": {}},
        {"extensions": {"acme.trace": "02"}},
        {"signature": None, "key_id": "00" * 32},
        {"signature": None},
        {"key_id": "00" * 32},
        {"key_id": "22" * 32},
        {"signature": flipped},
        {"signature": other["signature"]},
        {"signature": "00" * 64},
        {"event_id": other["event_id"]},
        {"sequence": 2, "content_hash": "00" * 32},
        {"content_hash": "00" * 32, "extensions": {}},
        {"extensions": {}, "signature": None},
    ]
    checks = [{"op": "verify_receipt", "receipt": wire({**good, **change})} for change in changes]
    bare = {"op": "verify_receipt", "receipt": wire({**good, "signature": None, "key_id": "00" * 32})}
    steps = signed_pair() + checks + [{"op": "close"}, opened(), checks[0], bare, {"op": "close"}]
    return steps + [
        opened(keys=[SECOND_SEED]),
        checks[0],
        bare,
        {"op": "close"},
        opened(keys=[SEED, SECOND_SEED]),
        checks[0],
        bare,
    ]


def wire(receipt):
    return {
        name: receipt[name] for name in ("event_id", "sequence", "content_hash", "key_id", "signature", "extensions")
    }


def signed_pair():
    return [clock(1700000000000000), opened(keys=[SEED]), append(1, extensions={"acme.trace": "01ff"}), append(2)]


def frontier():
    """The six points after an open, after written events, after a sync and over a clock moved back; waits and gates."""

    def wait(watermark, sequence, timeout_ms=0, wall_ms=1700000000000):
        return {
            "op": "wait",
            "watermark": watermark,
            "wall_ms": str(wall_ms),
            "sequence": sequence,
            "timeout_ms": timeout_ms,
        }

    def gated(key, gate, timeout_ms=0):
        return append(key, gate=gate, gate_timeout_ms=timeout_ms)

    look = {"op": "frontier"}
    steps = [clock(1700000000000000), opened(sync_every=1000), look, append(1), look]
    steps += [wait("visible", 1), wait("durable", 1), wait("durable", 1, 20), wait("applied", 1), wait("applied", 0)]
    steps += [wait(watermark, 0, wall_ms=0) for watermark in ("durable", "visible", "applied")]
    steps += [{"op": "sync"}, look, wait("durable", 1), append(1), look]
    steps += [gated(2, "visible"), gated(3, "durable"), gated(4, "durable", 20), gated(5, "applied"), look]
    steps += [gated(3, "durable"), {"op": "sync"}, gated(3, "durable"), gated(3, "applied"), look, {"op": "close"}]
    steps += [clock(1600000000000000), opened(sync_every=1000), look, append(6), look, gated(3, "applied")]
    return [*steps, {"op": "close"}]


def item(key, **options):
    return {name: part for name, part in append(key, **options).items() if name != "op"}


def batches():
    """All or nothing: causes among items, chains over items, replays, and what is refused with nothing written."""

    def batch(*items):
        return {"op": "batch", "items": items}

    limits = {"batch_max_size": 4, "batch_max_bytes": 40, "single_append_max_bytes": 30}
    steps = [clock(1700000000000000), opened(keys=[SEED], **limits), append(1), batch()]
    steps.append(batch(item(2), item(3, causation="0b" * 16), item(4, entity="other", extensions={"acme.trace": "01ff"})))
    steps.append(clock(1700000000005000))
    steps.append(batch(item(5, prior_item=None), item(6, prior_item=0), item(7, prior_item=1, correlation="0a" * 16)))
    steps += [{"op": "get", "event_id": f"{key:032x}"} for key in range(2, 8)]
    steps.append(batch(item(2), item(4, payload=b"\x02")))
    steps.append(batch(item(7), item(8)))
    steps.append(batch(item(9), item(None)))
    steps.append(batch(item(9), item(10, expected_sequence=4)))
    steps.append(batch(item(9), item(10, entity="a/b")))
    steps.append(batch(*(item(100 + number) for number in range(5))))
    steps.append(batch(item(9, payload=bytes(20)), item(10, payload=bytes(21))))
    steps.append(batch(item(9), item(10, payload=bytes(31))))
    steps.append(batch(item(9, payload=bytes(20)), item(10, payload=bytes(20))))
    steps += [append(11), {"op": "page"}, {"op": "dump"}]
    steps.append(batch(item(12), item(13, prior_item=1)))
    return [*steps, {"op": "close"}, *(frame(key) for key in range(2, 8))]


def submitted(op="submit", **options):
    """Without a key: the reference takes none for what is submitted alone."""
    return {**append(None, **options), "op": op}


def submitted_batch(*items, op="submit_batch"):
    return {"op": op, "items": items}


def told(ticket, drawn=False, **more):
    """`drawn`: the ids are, and so is what hangs on them."""
    return {"op": "ticket_wait", "ticket": ticket, **({"drawn": True} if drawn else {}), **more}


CAUSED = {"correlation": f"{7:032x}", "causation": f"{8:032x}"}


def tickets():
    """store-write.md 5.2: submissions and their tickets, whose places in the order are those of the submissions."""
    items = [item(10 + number, entity=f"entity:{number % 2}") for number in range(3)]
    steps = [clock(1700000000000000), opened(keys=[SEED], single_append_max_bytes=30), append(1)]
    steps += [submitted(), told(0, drawn=True), submitted(entity="entity:2", **CAUSED), submitted_batch(*items)]
    steps += [submitted_batch(), submitted(kind=0xFFFF, payload=encode(None)), told(3), told(2), told(1, drawn=True)]
    steps += [told(4, drawn=True), submitted_batch(*items), append(2), told(5), told(5), clock(1700000000005000)]
    steps += [submitted_batch(item(20), item(21, prior_item=0), item(22, causation=f"{1:032x}")), told(6)]
    steps += [submitted_batch(item(23), item(1)), told(7), told(99)]
    steps += [submitted(entity=""), submitted(scope="a/b"), submitted(payload=encode("z" * 40)), submitted(), told(8, drawn=True)]
    steps += [{"op": "page"}, {"op": "get", "event_id": f"{21:032x}"}, submitted(), {"op": "close"}, told(6), told(0, drawn=True)]
    return [*steps, opened(), {"op": "page"}, {"op": "close"}, frame(21)]


def tries():
    """store-write.md 5.2: tries of a store that has nothing to do."""
    steps = [clock(1700000000000000), opened(), submitted("try_submit"), told(0, drawn=True)]
    steps += [submitted_batch(item(1), item(2), op="try_submit_batch"), submitted("try_submit", entity=""), told(1)]
    return [*steps, submitted_batch(item(3), item(4, entity="a|b"), op="try_submit_batch"), append(5), {"op": "page"}]


def fences():
    """store-write.md 7: events behind a fence are seen together or never, and nobody else writes meanwhile.

    The reference begins an entity anew behind an event that is hidden (deviations.md V-16): none is used again here."""

    def looks(key, entity):
        return [{"op": "page"}, {"op": "page", "entity": entity}, {"op": "get", "event_id": f"{key:032x}"}]

    def fenced(key, first, end, name):
        entities = [f"{name}:{number}" for number in range(1, 5)]
        items = [item(key, entity=entities[2]), item(key + 1, entity=entities[3], prior_item=0)]
        steps = [{"op": "fence_begin"}, submitted("fence_submit", entity=entities[0])]
        steps += [submitted("fence_submit", entity=entities[1], **CAUSED), submitted_batch(*items, op="fence_submit_batch")]
        steps += [*looks(key, entities[0]), told(first, timeout_ms=0), told(first + 2, timeout_ms=0)]
        steps += [clock(1700000000000000 + key * 1000), append(key + 5), {"op": "batch", "items": [item(key + 6)]}]
        steps += [{"op": "append_many", "items": [item(key + 6)]}, submitted("try_submit"), append(1)]
        steps += [submitted_batch(item(key + 7), op="try_submit_batch"), {"op": "fence_begin"}, {"op": "sync"}, {"op": end}]
        steps += [told(first, drawn=True), told(first + 1, drawn=True), told(first + 2), *looks(key + 1, entities[0])]
        return [*steps, append(key + 8, entity="entity:1"), {"op": end}, *looks(key + 8, "entity:1")]

    steps = [clock(1700000000000000), opened(keys=[SEED], segment_max_bytes="2000"), append(1), {"op": "fence_commit"}]
    steps += [*fenced(10, 0, "fence_commit", "entity"), *fenced(20, 3, "fence_cancel", "hidden")]
    steps += [*fenced(30, 6, "fence_drop", "dropped"), *fenced(40, 9, "fence_commit", "entity")]
    steps += [step for end in ("cancel", "commit", "drop") for step in ({"op": "fence_begin"}, {"op": f"fence_{end}"})]
    left = submitted("fence_submit", entity="left")
    steps += [{"op": "page"}, {"op": "fence_begin"}, left, {"op": "close"}, told(12, drawn=True), opened()]
    return [*steps, *looks(10, "left"), append(50), {"op": "page"}, {"op": "close"}, frame(10), frame(38), frame(50)]


PROGRAMS = [
    batches,
    frontier,
    tickets,
    tries,
    fences,
    worked_example,
    denial_by_gate,
    denial_by_hand,
    frame_example,
    option_frames,
    expectations,
    replays,
    limits,
    refusals,
    clocks,
    reading,
    sessions,
]
