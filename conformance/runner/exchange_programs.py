"""What is written in the exchange of whole stores: one function for each feature of a store."""

from runner.msgpack import encode

SEED = bytes(range(32)).hex()
OTHER_SEED = "5a" * 32
START_US = 1_710_000_000_123_456


class Writing:
    """A program in the making: appends with a moving clock and fresh keys."""

    def __init__(self, first_key=1, now_us=START_US):
        self.steps = []
        self.key = first_key
        self.now_us = now_us

    def add(self, op, **arguments):
        self.steps.append({"op": op, **arguments})

    def tick(self):
        self.now_us += 1_234_567
        self.add("clock", us=str(self.now_us))

    def draft(self, entity, payload, kind=0x1001, scope="main", **options):
        self.key += 1
        return {
            "entity": entity,
            "scope": scope,
            "kind": kind,
            "payload": payload.hex(),
            "key": f"{self.key:032x}",
            **options,
        }

    def append(self, entity, payload, **options):
        self.tick()
        self.add("append", **self.draft(entity, payload, **options))

    def many(self, drafts):
        self.tick()
        self.add("append_many", items=drafts)


def note(number, filler=10):
    return encode({"number": number, "filler": "x" * filler})


def plain(w):
    for number in range(12):
        w.append(f"entity:{number % 3}", note(number))
    w.many([w.draft(f"entity:{number % 4}", note(number)) for number in range(9)])


def many_entities(w):
    for number in range(240):
        w.append(f"e:{number % 70}:{number % 7}", note(number), scope=f"scope {number % 5}", kind=0x1001 + number % 9)


def signed(w):
    for number in range(8):
        w.append("entity:1", note(number), extensions={"acme.trace": f"{number:02x}ff"} if number % 2 else {})


def extensions(w):
    for count in range(20):
        w.append(f"entity:{count % 2}", note(count), extensions={f"acme.{n}": "ab" * n for n in range(count)})


def options(w):
    for number, more in enumerate(
        (
            {"flags": 255},
            {"lane": 7, "depth": 2},
            {"correlation": "0a" * 16},
            {"causation": "0b" * 16},
            {"kind": 0xFFFF},
            {"kind": 0x1000},
            {"scope": "ä " * 100},
            {"key": "00" * 16},
            {"key": "ff" * 16},
            {"key": None},
            {"expected_sequence": 9},
        )
    ):
        w.append("entity:1", note(number), **more)
    w.append("名前:" + "n" * 1000, note(1))


def reserved_kinds(w):
    for kind in (0x0001, 0x0005, 0x000F, 0x0FFE, 0xD001, 0xD007):
        w.append("entity:1", note(kind), kind=kind, allow_reserved=True)


def payload_sizes(w):
    for size in (0, 1, 50, 255, 256, 257, 4095, 4096, 65535, 70000):
        w.append("entity:1", encode(bytes(size)))
        w.append("entity:2", encode("é" * size))


def batches(w):
    for number in range(4):
        w.append("entity:1", note(number))
        w.tick()
        w.add("batch", items=[w.draft(f"entity:{n % 3}", note(n), flags=n) for n in range(number + 1)])


def fences(w):
    for number, end in enumerate(("fence_cancel", "fence_commit", "fence_cancel")):
        w.append("entity:1", note(number))
        w.tick()
        w.add("fence_begin")
        for step in range(3):
            w.add("fence_submit", **w.draft(f"entity:{step}", note(step), correlation="01" * 16, causation="02" * 16))
        w.add(end)
    w.append("entity:1", note(9))


# name: (what is written, configuration, capabilities beyond a store)
FEATURES = {
    "plain": (plain, {}, ()),
    "plain, synced each time": (plain, {"sync_every": 1, "sync_mode": "data"}, ()),
    "small segments": (plain, {"segment_max_bytes": "2000"}, ()),
    "tiny segments": (plain, {"segment_max_bytes": "1"}, ()),
    "many entities": (many_entities, {}, ()),
    "many entities, small segments": (many_entities, {"segment_max_bytes": "20000"}, ()),
    "signed": (signed, {"keys": [SEED]}, ()),
    "signed by the second key": (signed, {"keys": [SEED, OTHER_SEED]}, ()),
    "extensions": (extensions, {}, ()),
    "options": (options, {}, ()),
    "reserved kinds": (reserved_kinds, {}, ()),
    "payload sizes": (payload_sizes, {"segment_max_bytes": "200000"}, ()),
    "batches": (batches, {}, ("batch",)),
    "batches, small segments": (batches, {"segment_max_bytes": "2000"}, ("batch",)),
    "fences": (fences, {}, ("fence",)),
    "without index files": (plain, {"mmap_index": False, "checkpoint": False}, ()),
    "with the checkpoint index": (extensions, {"mmap_index": False}, ()),
}
