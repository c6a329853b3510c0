"""Vectors of the encoding: what is written, what is read, what is refused."""

import random

from runner import values
from runner.msgpack import Raw, encode

SEED = 20240501
GENERATED = 400


def encoding():
    """encoding.md 1.1: every edge, and generated values."""
    for clause, value in values.edges():
        yield {"op": "encode", "value": value, "clause": clause}
    source = random.Random(SEED)
    for _ in range(GENERATED):
        yield {"op": "encode", "value": values.random_value(source), "clause": "encoding.md 1.1"}


def wide(marker, number, width):
    return bytes([marker]) + (number % 2 ** (8 * width)).to_bytes(width, "big")


ACCEPTED = [
    (
        "integer in a wider form",
        [
            wide(0xCC, 1, 1),
            wide(0xCD, 1, 2),
            wide(0xCE, 1, 4),
            wide(0xCF, 1, 8),
            wide(0xD0, 1, 1),
            wide(0xD1, 1, 2),
            wide(0xD2, -1, 4),
            wide(0xD3, -1, 8),
        ],
    ),
    ("text in a wider form", [b"\xd9\x01a", b"\xda\x00\x01a", b"\xdb\x00\x00\x00\x01a"]),
    ("bytes in every form", [b"\xc4\x01a", b"\xc5\x00\x01a", b"\xc6\x00\x00\x00\x01a"]),
    ("array in a wider form", [b"\xdc\x00\x01\xc0", b"\xdd\x00\x00\x00\x01\xc0"]),
    ("map in a wider form", [b"\xde\x00\x01\xa1a\xc0", b"\xdf\x00\x00\x00\x01\xa1a\xc0"]),
    ("a key twice", [b"\x82\xa1a\x01\xa1a\x02"]),
    ("bytes behind the value", [b"\x01\x02", b"\xc0\xc1"]),
    ("nesting of 1,023", [b"\x91" * 1023 + b"\xc0", b"\x81\xa1a" * 1023 + b"\xc0"]),
    ("bytes that are not UTF-8, deep inside", [b"\x91" * 40 + b"\xc4\x01\xff", b"\x81\xa1a" * 40 + b"\xc4\x01\xff"]),
]

REFUSED = [
    ("no input", [b""]),
    ("the unused marker", [b"\xc1", b"\x91\xc1"]),
    ("an extension", [b"\xc7\x01\x05a", b"\xd4\x05a", b"\x91\xd8\x05" + bytes(16)]),
    (
        "text that is not UTF-8",
        [b"\xa1\xff", b"\xa2\xc3\x28", b"\xa3\xed\xa0\x80", b"\xa4\xf4\x90\x80\x80", b"\xa2\xc0\x80"],
    ),
    ("text that is not UTF-8, deep inside", [b"\x91" * 40 + b"\xa1\xff"]),
    ("nesting of 1,024", [b"\x91" * 1024 + b"\xc0", b"\x81\xa1a" * 1024 + b"\xc0"]),
    (
        "a length beyond the input",
        [
            b"\xdb\xff\xff\xff\xff",
            b"\xc6\xff\xff\xff\xff",
            b"\xdd\xff\xff\xff\xff",
            b"\xdf\xff\xff\xff\xff",
            b"\xdc\xff\xff\xc0",
            b"\xda\xff\xffa",
            b"\x9f",
            b"\x8f\xa1a",
        ],
    ),
]

WHOLE = encode({"amount": 1200, "memo": "paid", "list": [1, -2, 2.5, None, True], "far": 2**64 - 1})


def decoding():
    """encoding.md 1.4, read as dynamic values and as the reference's own types."""
    for title, inputs in ACCEPTED + REFUSED:
        for data in inputs:
            yield {"op": "decode", "bytes": data.hex(), "clause": f"encoding.md 1.4 {title}"}
    for cut in range(len(WHOLE) + 1):
        yield {"op": "decode", "bytes": WHOLE[:cut].hex(), "clause": "encoding.md 1.4 truncated input"}
    for target, data in typed():
        yield {"op": "decode_as", "target": target, "bytes": data.hex(), "clause": f"encoding.md 1.4 {target}"}


def typed():
    yield from (
        ("u8", data)
        for data in (
            b"\x00",
            b"\xcc\xff",
            b"\xcd\x01\x00",
            b"\xff",
            b"\xd3" + bytes(7) + b"\x07",
            b"\xc3",
            b"\xc0",
            b"\xa11",
        )
    )
    yield from (("u64", data) for data in (b"\xcf" + b"\xff" * 8, b"\xd3" + b"\xff" * 8, b"\xcb" + bytes(8)))
    yield from (("i64", data) for data in (b"\xcf\x80" + bytes(7), b"\xd3\x80" + bytes(7), b"\xe0"))
    yield from (
        ("f64", data) for data in (b"\x01", b"\xff", b"\xca\x3f\x80\x00\x00", b"\xcb\x3f\xf0" + bytes(6), b"\xa11")
    )
    yield from (("bool", data) for data in (b"\xc2", b"\xc3", b"\x00", b"\x01"))
    yield from (
        ("text", data) for data in (b"\xa1a", b"\xc4\x01a", b"\xc4\x01\xff", b"\xd9\x01a", b"\x01", b"\x91\x61")
    )
    yield from (
        ("octets", data)
        for data in (
            b"\x92\x01\xcc\xff",
            b"\xc4\x02\x01\xff",
            b"\xc5\x00\x01\x01",
            b"\x91\xcd\x01\x00",
            b"\x91\xff",
            b"\xa1a",
            b"\x80",
            b"\xc0",
        )
    )
    yield from _typed_fixed()
    yield from _typed_structs()


def _typed_fixed():
    thirty_two = bytes(range(200, 232))
    yield from (
        ("hash", data)
        for data in (
            encode(list(thirty_two)),
            encode(thirty_two),
            encode(thirty_two + b"more"),
            encode(thirty_two[:31]),
            encode(list(thirty_two[:31])),
            encode(list(thirty_two) + [1]),
            encode("x" * 32),
        )
    )
    sixteen = bytes(range(240, 256))
    yield from (
        ("event_id", data)
        for data in (
            encode(sixteen),
            encode(list(sixteen)),
            b"\xb0" + sixteen,
            encode("x" * 16),
            encode(sixteen[:15]),
            encode(sixteen + b"x"),
            b"\x01",
        )
    )
    yield from (
        ("u128", data) for data in (encode(sixteen), b"\x05", b"\xff", encode(list(sixteen)), encode(sixteen[:8]))
    )
    yield from (
        ("event_kind", data) for data in (b"\x00", b"\xcd\xff\xff", b"\xce\x00\x01\x00\x00", b"\x91\x01", b"\xff")
    )
    yield from (("optional_u64", data) for data in (b"\xc0", b"\x05", b"\x91\x05"))


HEADER = {
    "event_id": b"\x01" * 16,
    "correlation_id": b"\x02" * 16,
    "causation_id": None,
    "timestamp_us": 1_700_000_000_000_000,
    "position": {"wall_ms": 1_700_000_000_000, "counter": 0, "depth": 0, "lane": 0, "sequence": 0},
    "payload_size": 42,
    "event_kind": 0xF001,
    "flags": 0,
    "content_hash": [0] * 32,
}


def _typed_structs():
    coordinate = {"entity": "e", "scope": "s"}
    forms = (
        coordinate,
        dict(reversed(coordinate.items())),
        {**coordinate, "more": [1]},
        ["e", "s"],
        ["e"],
        ["e", "s", 1],
        {"entity": "e"},
        {0: "e", 1: "s"},
        {b"entity": "e", b"scope": "s"},
        {"entity": "", "scope": "s"},
        {"entity": "a/b", "scope": "s"},
    )
    yield from (("coordinate", encode(form)) for form in forms)
    yield "coordinate", b"\x83\xa6entity\xa1e\xa5scope\xa1s\xa5scope\xa1s"
    without = {name: value for name, value in HEADER.items() if name != "content_hash"}
    forms = (
        HEADER,
        dict(reversed(HEADER.items())),
        {**HEADER, "zz": 1},
        without,
        list(HEADER.values()),
        list(without.values()),
        [*HEADER.values(), 1],
        dict(enumerate(HEADER.values())),
        {**HEADER, "causation_id": b"\x00" * 16},
        {name: value for name, value in HEADER.items() if name != "causation_id"},
        {name: value for name, value in HEADER.items() if name != "flags"},
        {**HEADER, "flags": 256},
        {**HEADER, "timestamp_us": -1},
        {**HEADER, "position": [1, 2, 3, 4, 5]},
        {**HEADER, "position": [1, 2, 3, 4]},
        {**HEADER, "event_id": Raw(b"\x05")},
    )
    yield from (("event_header", encode(form)) for form in forms)


TRAILING = "our reader may refuse bytes behind the value (encoding.md 8): BP_MESSAGEPACK"


def json_lane():
    """encoding.md 1.5: payloads as JSON."""
    source = random.Random(SEED + 1)
    payloads = [
        values.to_bytes(value) for _, value in values.edges() if value[0] != "nest" and "65" not in str(value[-1])[:2]
    ]
    payloads += [values.to_bytes(["nest", "1023", ["null"]]), values.to_bytes(["nest", "100", ["null"]])]
    payloads += [data for _, inputs in ACCEPTED[:-2] + REFUSED for data in inputs]
    payloads += [encode({1: 2}), encode({None: 1}), encode([b"x"]), encode({"a": {b"k": 1}})]
    payloads += [values.to_bytes(values.random_json_value(source)) for _ in range(200)]
    for payload in payloads:
        if len(payload) < 3000:
            yield {"op": "to_json", "payload": payload.hex(), "clause": "encoding.md 1.5"}
    yield {
        "op": "to_json",
        "payload": "0102",
        "clause": "encoding.md 1.5",
        "allow": ["BP_MESSAGEPACK"],
        "note": TRAILING,
    }


def from_json():
    """encoding.md 1.1 through JSON text; the bytes are those of the same value encoded directly."""
    source = random.Random(SEED + 2)
    for _ in range(300):
        value = values.random_json_value(source)
        text = values.to_json(value)
        if text is not None:
            yield {"op": "from_json", "json": text, "clause": "encoding.md 1.1", "as": value}
