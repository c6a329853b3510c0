"""Vectors written by hand: the library itself, kinds as text, extension maps, values without a canonical form."""

import re

from runner.drivers import ROOT
from runner.msgpack import encode, octets

from vectors.ours import KEY_ID, PUBLIC_KEY, answered, expect

NAN = ["f64", "7ff8000000000000"]
OUTCOMES = (0, 1, *range(10, 22))


def statuses():
    return {name: int(number) for name, number in re.findall(r"^    (BP_\w+) = (\d+)$", constants(), re.M)}


def constants():
    return (ROOT / "python/batpak/_constants.py").read_text()


def library():
    yield answered({"op": "version"})
    locked = "Close the store in the other process or handle, or open it read-only beside other readers."
    yield expect({"op": "status", "number": 203}, "ok", {"name": "BP_LOCKED", "advice": locked})
    for number in (*sorted(statuses().values()), 12, 9999, -1):
        yield answered({"op": "status", "number": number})
    yield expect({"op": "outcome", "number": 0}, "ok", "signed")
    for number in (*OUTCOMES, 2, 22, -1):
        yield answered({"op": "outcome", "number": number})
    yield expect({"op": "id_new"}, "ok", True, "encoding.md 3.1")
    yield expect({"op": "key_generate"}, "ok", True, "encoding.md 7")
    yield expect({"op": "key_id", "public_key": PUBLIC_KEY}, "ok", KEY_ID, "encoding.md 7")


KINDS = {"F:001": 0xF001, "0:000": 0, "d:fff": 0xDFFF, "F:01": 0xF001, "61441": 61441, "0": 0, "0xF001": 0xF001, "65535": 65535}
NO_KINDS = {"": "BP_ARGUMENT", "x": "BP_ARGUMENT", "F:": "BP_ARGUMENT", "-1": "BP_ARGUMENT", "65536": "BP_KIND_RANGE",
            "0x10000": "BP_KIND_RANGE", "G:001": "BP_ARGUMENT", "F:01G": "BP_ARGUMENT",
            " 1": "BP_ARGUMENT", "1 ": "BP_ARGUMENT", "ä": "BP_ARGUMENT"}


def kinds():
    for text, kind in KINDS.items():
        yield expect({"op": "kind_parse", "text": text}, "ok", kind)
    for text, status in NO_KINDS.items():
        yield expect({"op": "kind_parse", "text": text}, status)
    for kind, text in ((0, "0:000"), (0xF001, "F:001"), (0xD00A, "D:00A"), (0xFFFF, "F:FFF")):
        yield expect({"op": "kind_format", "kind": kind}, "ok", text)


def extension_maps():
    """The canonical map of extensions, and what is no such map."""
    for extensions in ({}, {"a.b": ""}, {"a.b": "00ff"}, {"acme.trace": "01ff", "z.y": ""}):
        form = encode({name: octets(bytes.fromhex(value)) for name, value in extensions.items()}).hex()
        yield expect({"op": "encode_extensions", "extensions": extensions}, "ok", form, "encoding.md 3.10")
        yield expect({"op": "decode_extensions", "map": form}, "ok", extensions, "encoding.md 3.10")
    yield expect({"op": "decode_extensions", "map": ""}, "ok", {}, "encoding.md 3.10")
    for data in (b"\x01", b"\x81", b"\x81\xa3a.b", b"\x81\xa3a.b\x01", b"\x81\x01\x90", b"\x81\xa3a.b\x91\xcd\x01\x00"):
        yield expect({"op": "decode_extensions", "map": data.hex()}, "BP_MESSAGEPACK", clause="encoding.md 3.10")


def no_canonical_form():
    twice = ["map", [[NAN, ["null"]], [NAN, ["null"]]]]
    for value in (twice, ["array", [["u64", "1"], twice]], ["map", [[["text", "a"], twice]]], ["nest", "40", twice]):
        yield expect({"op": "encode", "value": value}, "BP_VALUE", clause="encoding.md 1.1")
    for depth in (1024, 1025, 2000):
        yield expect({"op": "encode", "value": ["nest", str(depth), ["null"]]}, "BP_DEPTH", clause="encoding.md 1.4")
        yield expect({"op": "decode", "bytes": "91" * depth + "c0"}, "BP_DEPTH", clause="encoding.md 1.4")
    for data in ("", "c1", "91", "a161"[:2], "d40161", "c70105a1", "dbffffffff", "ddffffffff"):
        yield expect({"op": "decode", "bytes": data}, "BP_MESSAGEPACK", clause="encoding.md 1.4")
    for data in ("a1ff", "a3eda080", "91a2c080", "81a1ffc0"):
        yield expect({"op": "decode", "bytes": data}, "BP_UTF8", clause="encoding.md 1.4")


PROGRAMS = {
    "ours_library": [library, kinds],
    "ours_extension_maps": [extension_maps],
    "ours_no_canonical_form": [no_canonical_form],
}
