"""Vectors of names: coordinates, kinds, extension keys, ids, hashes, keys."""

import random

FORBIDDEN = ["\x00", "\x01", "\x1f", "\x7f", "/", "..", "|", "="]
ALLOWED = [
    "a b",
    "a@b",
    "a:b",
    "*",
    ".",
    "a.b.c",
    "\u0080",
    "\u009f",
    "ä",
    "名前",
    "\U0001f600",
    "e\u0301",
    "\u200b",
    "A",
    "a\\b",
    "-",
]


def coordinates():
    """encoding.md 3.2: rules, their order, their limits."""

    def check(entity, scope, **more):
        return {"op": "coordinate", "entity": entity, "scope": scope, "clause": "encoding.md 3.2", **more}

    yield from (check(*pair) for pair in (("", ""), ("", "s"), ("e", ""), ("e", "s")))
    for length in (1023, 1024, 1025):
        yield check("e", "s", entity_repeat=length)
        yield check("e", "s", scope_repeat=length)
    yield check("ä", "s", entity_repeat=512)
    yield check("ä", "s", entity_repeat=513)
    yield check("e", "s", entity_repeat=1025, scope_repeat=1025)
    yield check("", "s", scope_repeat=1025)
    for bad in FORBIDDEN:
        for text in (bad, "a" + bad, bad + "a", "a" + bad + "b"):
            yield check(text, "s")
            yield check("e", text)
    for first in FORBIDDEN:
        for second in FORBIDDEN:
            yield check(first + second, "s")
            yield check(first, second)
    for text in ALLOWED:
        yield check(text, "s")
        yield check("e", text)
    yield from random_coordinates(random.Random(7), 150)


def random_coordinates(source, count):
    pieces = FORBIDDEN + ALLOWED + ["", "x"]
    for _ in range(count):
        entity, scope = (
            "".join(source.choices(pieces, weights=[1] * 8 + [4] * 18, k=source.randrange(4))) for _ in range(2)
        )
        yield {"op": "coordinate", "entity": entity, "scope": scope, "clause": "encoding.md 3.2"}


def kinds():
    """encoding.md 3.6: what a caller may name."""
    for category in (*range(0, 18), 255):
        for type_id in (0, 1, 0xFFE, 0xFFF, 0x1000, 0xFFFF):
            yield {"op": "kind", "category": category, "type_id": type_id, "clause": "encoding.md 3.6"}


def extension_keys():
    """encoding.md 3.10: rules and their order."""
    keys = [
        "",
        "a.b",
        ".",
        "a.",
        ".b",
        "a",
        "a.b.c",
        "a..b",
        "..",
        "batpak.x",
        "Batpak.x",
        "batpak.a.b",
        "batpak.",
        "xbatpak.y",
        "syncbat.x",
        "a b.c",
        "\x00.\x01",
        "ä.b",
        "a.ä",
        "ä",
        "A.B",
        "batpak.signing.downgrade",
        "a\n.b",
    ]
    for key in keys:
        yield {"op": "extension_key", "key": key, "clause": "encoding.md 3.10"}
    for tail in (253, 254, 255):
        yield {"op": "extension_key", "key": "a." + "x" * tail, "clause": "encoding.md 3.10"}
    yield {"op": "extension_key", "key": "ä" * 200, "clause": "encoding.md 3.10"}
    yield {"op": "extension_key", "key": "x" * 300, "clause": "encoding.md 3.10"}
    yield {"op": "extension_key", "key": "batpak." + "x" * 300, "clause": "encoding.md 3.10"}


def extension_maps():
    """encoding.md 3.10: the encoded map, ascending by key."""
    for count in (0, 1, 2, 15, 16, 17):
        extensions = {f"acme.{(7 * n) % 17:02}": bytes(range(120, 120 + n)).hex() for n in range(count)}
        yield {"op": "encode_extensions", "extensions": extensions, "clause": "encoding.md 3.10"}
    yield {
        "op": "encode_extensions",
        "extensions": {"b.a": "", "a.b": "00", "B.a": "7f", "a.B": "80"},
        "clause": "encoding.md 3.10",
    }
    yield {"op": "encode_extensions", "extensions": {"a.b": "ff" * 300}, "clause": "encoding.md 3.10"}


def ids():
    """encoding.md 3.1: text form and encoded form."""
    digits = "0123456789abcdef" * 2
    texts = [
        "event:" + digits,
        "event:" + digits.upper(),
        "event:1",
        "event:+1",
        "event:-1",
        "event:",
        "event",
        digits,
        "Event:1",
        "event:0" + digits,
        "event:1" + digits,
        "event: 1",
        "event:g",
        "event:" + "0" * 40 + "5",
        "correlation:1",
        "event:0x1",
    ]
    for text in texts:
        yield {"op": "parse_id", "text": text, "clause": "encoding.md 3.1"}


def encoded_coordinates():
    for entity, scope in (
        ("entity:test", "scope:test"),
        ("account:7", "ledger"),
        ("ä" * 16, "x" * 32),
        ("a" * 256, "b"),
    ):
        yield {"op": "encode_coordinate", "entity": entity, "scope": scope, "clause": "encoding.md 3.2"}


def hashes():
    """encoding.md 4: BLAKE3 of the payload bytes alone, around the sizes where BLAKE3 changes its shape."""
    for length in (0, 1, 63, 64, 65, 127, 128, 129, 1023, 1024, 1025, 2048, 2049, 3072, 3073, 4096, 4097):
        data = bytes(n % 251 for n in range(length))
        yield {"op": "hash", "bytes": data.hex(), "clause": "encoding.md 4"}
    yield {"op": "hash", "bytes": "82a6616d6f756e74cd04b0a46d656d6fa470616964", "clause": "encoding.md 7"}
