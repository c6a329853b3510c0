"""The forms of values in instructions and answers (spec.md, "Values")."""

import json

import batpak

NO_KEY = bytes(32)


class BadInstruction(Exception):
    """The instruction is not of its form; the text is the driver's word for it."""


def hexadecimal(data):
    return None if data is None else data.hex()


def octets(text, length=None):
    if not isinstance(text, str):
        raise BadInstruction("bad_instruction")
    data = bytes.fromhex(text)
    if length is not None and len(data) != length:
        raise BadInstruction("bad_instruction")
    return data


def octets_of(step, name, length=None):
    return octets(step.get(name), length)


def id_of(step, name):
    return None if step.get(name) is None else octets(step[name], 16)


def number_of(step, name, otherwise=None):
    return otherwise if step.get(name) is None else int(step[name])


def text_of(step, name):
    """`NAME`, or the bytes `NAME_hex`; no str is bytes that are no UTF-8, so these become lone surrogates."""
    given = step.get(f"{name}_hex")
    text = step.get(name) or "" if given is None else octets(given).decode("utf-8", "surrogateescape")
    return text * int(step.get(f"{name}_repeat") or 1)


def keys_of(step, name):
    return [octets(key, 32) for key in step.get(name) or ()]


def extensions_of(step):
    return {name: octets(value) for name, value in (step.get("extensions") or {}).items()}


def extensions_out(extensions):
    return {name: value.hex() for name, value in extensions.items()}


def receipt_out(receipt):
    return {
        "event_id": receipt.event_id.hex(),
        "sequence": receipt.sequence,
        "content_hash": receipt.content_hash.hex(),
        "key_id": (receipt.key_id or NO_KEY).hex(),
        "signature": hexadecimal(receipt.signature),
        "extensions": extensions_out(receipt.extensions),
        "segment_id": receipt.segment_id,
        "offset": receipt.offset,
        "frame_length": receipt.frame_length,
        "durable": receipt.durable,
        "replayed": receipt.replayed,
        "same": bool(receipt.same),
    }


RECEIPT = ("event_id", "sequence", "content_hash", "key_id", "signature")


def receipt_of(given):
    """A receipt that came from outside, by the way that the package has for these."""
    members = {name: given.get(name) for name in RECEIPT}
    members |= {"extensions": given.get("extensions") or {}, "durable": False, "replayed": False, "same": None}
    return batpak.Receipt.from_json(json.dumps(members))


def event_out(event):
    record = {
        "sequence": event.sequence,
        "event_id": event.event_id.hex(),
        "entity": event.entity,
        "scope": event.scope,
        "kind": int(event.kind),
        "clock": event.clock,
        "segment_id": event.segment_id,
        "offset": event.offset,
        "frame_length": event.frame_length,
    }
    if event.error is not None:
        return {**record, "error": event.error.code.name, "payload_hex": None}
    return {
        **record,
        "correlation_id": event.correlation_id.hex(),
        "causation_id": hexadecimal(event.causation_id),
        "wall_ms": event.wall_ms,
        "timestamp_us": event.timestamp_us,
        "prev_hash": event.prev_hash.hex(),
        "event_hash": event.event_hash.hex(),
        "lane": event.lane,
        "depth": event.depth,
        "flags": event.flags,
        "extensions": extensions_out(event.extensions),
        "payload_hex": event.payload_bytes.hex(),
    }
