"""Instructions that need no store: values and their bytes, names, kinds, extensions, JSON."""

import datetime
import decimal
import enum
import math
import struct
from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import batpak
from wire import BadInstruction, extensions_of, extensions_out, number_of, octets_of, text_of

# Beyond this many levels an answer only says how many.
DEEPEST_ANSWER = 32
UNSAYABLE = "unsayable"


def native(tagged, as_key=False):
    """A tagged value as one of this language; `unsayable` where it has none."""
    tag, *rest = tagged
    simple = SIMPLE.get(tag)
    if simple is not None:
        return simple(*rest)
    if tag == "array":
        items = [native(item, as_key) for item in rest[0]]
        return tuple(items) if as_key else items
    if tag == "repeat_array":
        return [native(rest[0])] * int(rest[1])
    if tag == "map" and not as_key:
        return native_map(rest[0])
    if tag == "nest":
        value = native(rest[1])
        for _ in range(int(rest[0])):
            value = [value]
        return value
    # A 32-bit float; a map as a key of a map.
    raise BadInstruction(UNSAYABLE)


def native_map(pairs):
    made = {native(key, as_key=True): native(value) for key, value in pairs}
    if len(made) < len(pairs):
        raise BadInstruction(UNSAYABLE)
    return made


SIMPLE = {
    "null": lambda: None,
    "bool": lambda flag: flag,
    "u64": int,
    "i64": int,
    "u128": lambda digits: int(digits).to_bytes(16, "big"),
    "f64": lambda bits: struct.unpack(">d", bytes.fromhex(bits))[0],
    "text": lambda text: text,
    "bytes": bytes.fromhex,
    "repeat_text": lambda text, count: text * int(count),
    "repeat_bytes": lambda data, count: bytes.fromhex(data) * int(count),
    "counting_map": lambda count: dict.fromkeys(range(int(count))),
}


def tagged(value):
    """What `native` understands, for a value that was decoded."""
    if value is None:
        return ["null"]
    if isinstance(value, bool):
        return ["bool", value]
    if isinstance(value, int):
        return ["i64" if value < 0 else "u64", str(value)]
    if isinstance(value, float):
        return ["f64", struct.pack(">d", value).hex()]
    if isinstance(value, str):
        return ["text", value]
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    if isinstance(value, (list, tuple)):
        return ["array", [tagged(item) for item in value]]
    return ["map", [[tagged(key), tagged(item)] for key, item in value.items()]]


def depth(value):
    deepest, level = 0, [value]
    while level := [item for item in level if isinstance(item, (list, tuple, dict))]:
        deepest += 1
        level = [part for item in level for part in parts(item)]
    return deepest


def parts(value):
    return [*value, *value.values()] if isinstance(value, dict) else value


def run_decode(_session, step):
    value = batpak.payload_decode(octets_of(step, "bytes"))
    levels = depth(value)
    return {"depth": levels} if levels > DEEPEST_ANSWER else tagged(value)


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    y: object


Pair = namedtuple("Pair", "left right")
WORDS = {"datetime": datetime, "decimal": decimal, "math": math, "batpak": batpak, "Colour": Colour, "Point": Point,
         "Pair": Pair, "OrderedDict": OrderedDict}


def cycle():
    value = [1]
    value.append({"a": value})
    return value


def run_native(_session, step):
    """A value as a programmer writes it, to bytes; with `bytes`, whether these read back as the value."""
    value = eval(step["write"], {**WORDS, "cycle": cycle})  # noqa: S307 - from a vector
    if "bytes" not in step:
        return batpak.payload_encode(value).hex()
    found = batpak.payload_decode(octets_of(step, "bytes"))
    return type(found) is type(value) and (found == value or repr(found) == repr(value))


def run_coordinate(_session, step):
    batpak.coordinate_check(text_of(step, "entity"), text_of(step, "scope"))


def run_extension_key(_session, step):
    batpak.extensions_encode({text_of(step, "key"): b""})
    return True


OPERATIONS = {
    "encode": lambda _session, step: batpak.payload_encode(native(step["value"])).hex(),
    "decode": run_decode,
    "native": run_native,
    "to_json": lambda _session, step: batpak.payload_to_json(octets_of(step, "payload")),
    "from_json": lambda _session, step: batpak.payload_from_json(text_of(step, "json")).hex(),
    "coordinate": run_coordinate,
    "kind": lambda _session, step: int(batpak.Kind.make(number_of(step, "category"), number_of(step, "type_id"))),
    "kind_parse": lambda _session, step: int(batpak.Kind.parse(text_of(step, "text"))),
    "kind_format": lambda _session, step: str(batpak.Kind(number_of(step, "kind"))),
    "extension_key": run_extension_key,
    "encode_extensions": lambda _session, step: batpak.extensions_encode(extensions_of(step)).hex(),
    "decode_extensions": lambda _session, step: extensions_out(batpak.extensions_decode(octets_of(step, "map"))),
}
