"""Vectors written by hand: claims of the reference's receipts, and key files.

The bytes expected of a claim are put together here, by docs/format.md; the signatures are those that
the reference gave, in `verified`, `worked_example` and `denial_by_hand`."""

import json
import pathlib

from runner.msgpack import encode, octets

from vectors.ours import PUBLIC_KEY, answered, expect
from vectors.stores import SEED, WORKED_ID, opened, signed_pair, wire

HERE = pathlib.Path(__file__).resolve().parent
STRANGER = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"  # RFC 8032, 7.1
ZEROS = "00" * 32
D19 = "decisions.md D19"


def receipts_of(vector):
    """What the reference answered to the appends of a committed vector, and the appends."""
    steps = [json.loads(line) for line in (HERE / f"{vector}.jsonl").read_text().splitlines()][1:]
    return [(step, step["expect"]["value"]) for step in steps if step["op"] == "append"]


def claim_of(step, receipt, prev_hash):
    return {
        "version": 1,
        "event_id": receipt["event_id"],
        "sequence": receipt["sequence"],
        "entity": step["entity"],
        "scope": step["scope"],
        "kind": step["kind"],
        "prev_hash": prev_hash,
        "content_hash": receipt["content_hash"],
        "extensions": receipt["extensions"],
        "key_id": receipt["key_id"] if receipt["signature"] else None,
        "signature": receipt["signature"],
    }


def claims_of_the_reference():
    """(claim, payload) of events that the reference signed: one with a link and an extension, a denial, a plain one."""
    worked = receipts_of("worked_example")
    for number, (step, receipt) in enumerate(worked):
        if receipt["event_id"] == WORKED_ID:
            yield claim_of(step, receipt, worked[number - 1][1]["content_hash"]), step["payload"]
    for vector in ("denial_by_hand", "verified"):
        step, receipt = receipts_of(vector)[0]
        yield claim_of(step, receipt, ZEROS), step["payload"]


def form(claim, **more):
    """The bytes of a claim, by docs/format.md."""
    extensions = {name: octets(bytes.fromhex(value)) for name, value in sorted(claim["extensions"].items())}
    members = {"format": "batpak.claim", **claim, "extensions": extensions, **more}
    for name in ("event_id", "prev_hash", "content_hash", "key_id", "signature"):
        members[name] = None if members[name] is None else bytes.fromhex(members[name])
    return encode(members).hex()


def check(data, value, **more):
    return expect({"op": "claim_check", "bytes": data, **more}, "ok", value, D19)


def checked():
    """The reference's signatures hold with no store, and for nothing that is altered."""
    for claim, payload in claims_of_the_reference():
        data = form(claim)
        yield expect({"op": "claim_write", "claim": claim}, "ok", data, D19)
        yield expect({"op": "claim_read", "bytes": data}, "ok", claim, D19)
        yield check(data, "signed", trust=[STRANGER, PUBLIC_KEY])
        yield check(data, "signed", trust=[PUBLIC_KEY], payload=payload)
        yield check(data, "content_hash_mismatch", trust=[PUBLIC_KEY], payload=payload + "00")
        yield check(data, "content_hash_mismatch", trust=[PUBLIC_KEY], payload="")
        yield check(data, "unknown_signing_key")
        yield check(data, "unknown_signing_key", trust=[STRANGER])
        for change in ({"sequence": 2**64 - 1}, {"entity": "another"}, {"scope": "another"}, {"kind": 0xFFFF},
                       {"prev_hash": "11" * 32}, {"content_hash": "11" * 32}, {"event_id": "11" * 16},
                       {"extensions": {"a.b": ""}}, {"signature": "11" * 64}):
            yield check(form({**claim, **change}), "invalid_signature", trust=[PUBLIC_KEY])
        yield check(form({**claim, "signature": None}), "missing_signature", trust=[PUBLIC_KEY])
        yield check(form({**claim, "key_id": None}), "zero_key_with_signature", trust=[PUBLIC_KEY])
        bare = form({**claim, "key_id": None, "signature": None})
        yield check(bare, "unvouched")
        yield check(bare, "unsigned_receipt_rejected", trust=[PUBLIC_KEY])
        yield check(form(claim, witness=[1, {"a": None}]), "signed", trust=[PUBLIC_KEY])
    yield expect({"op": "claim_check", "bytes": data, "trust": ["ff" * 32]}, "BP_KEY_INVALID", clause=D19)


def refused():
    """Bytes that are no claim."""
    claim = next(claims_of_the_reference())[0]
    data = form(claim)
    swapped = {name: claim[name] for name in ("version", "sequence", "event_id", *list(claim)[3:])}
    for bad in ("", "80", "c0", data[:-2], data + "c0", form(claim, format="batpak.clain"), form({**claim, "version": 0}),
                form(swapped), form({**claim, "key_id": ZEROS}), form({**claim, "signature": "00"}),
                form({**claim, "kind": 65536}), data.replace("cd1005", "ce00001005"), form(claim) + "00",
                data.replace("a6656e74697479a9", "a6656e74697479d909"), data.replace("9201ccff", "c40201ff"),
                form({name: part for name, part in claim.items() if name != "scope"})):
        for op in ("claim_read", "claim_check"):
            yield expect({"op": op, "bytes": bad}, "BP_CLAIM", clause=D19)
    for op in ("claim_read", "claim_check"):
        yield expect({"op": op, "bytes": form({**claim, "version": 2})}, "BP_NEWER_VERSION", clause=D19)
    yield expect({"op": "claim_write", "claim": {**claim, "version": 2}}, "BP_NEWER_VERSION", clause=D19)
    yield expect({"op": "claim_write", "claim": {**claim, "version": 0}}, "BP_CLAIM", clause=D19)
    yield expect({"op": "claim_write", "claim": {**claim, "extensions": {"nodot": "00"}}}, "BP_EXTENSION_NAMESPACE")


def exported():
    """The reference's receipts become claims of the store that it signed, and those that do not hold become none."""
    (first, good), (_, other) = receipts_of("verified")
    yield from (answered(step) for step in signed_pair())
    export = {"op": "claim_export", "receipt": wire(good)}
    data = form(claim_of(first, good, ZEROS))
    yield expect(export, "ok", data, D19)
    bare = {**good, "signature": None, "key_id": ZEROS}
    for change, word in (
        ({"event_id": "77" * 16}, "missing_committed_event"),
        ({"sequence": 2}, "sequence_mismatch"),
        ({"content_hash": ZEROS}, "content_hash_mismatch"),
        ({"extensions": {}}, "extensions_mismatch"),
        ({"signature": other["signature"]}, "invalid_signature"),
        ({"signature": None, "key_id": ZEROS}, "unsigned_receipt_rejected"),
    ):
        refusal = expect({**export, "receipt": wire({**good, **change})}, "BP_CLAIM", clause=D19)
        yield {**refusal, "says": word}
    yield expect({"op": "close"})
    yield answered(opened(read_only=True))
    yield {**expect(export, "BP_CLAIM", clause=D19), "says": "unknown_signing_key"}
    unsigned = claim_of(first, bare, ZEROS)
    yield expect({**export, "receipt": wire(bare)}, "ok", form(unsigned), D19)
    yield expect({"op": "close"})
    yield answered(opened(read_only=True, verify_keys=[PUBLIC_KEY]))
    yield expect(export, "ok", data, D19)
    yield expect({"op": "close"})
    yield expect(export, "no_store")


def key_files():
    """A file of the format is read, one that others may use is not, and none is overwritten."""
    yield expect({"op": "key_file_write", "path": "seed", "seed": SEED})
    yield expect({"op": "key_file_read", "path": "seed"}, "ok", SEED)
    yield expect({"op": "key_file_write", "path": "seed", "seed": "11" * 32}, "BP_SYSTEM")
    yield expect({"op": "key_file_read", "path": "seed"}, "ok", SEED)
    yield expect({"op": "key_file_write", "path": "zeros", "seed": ZEROS}, "BP_SEED_ZERO")
    yield expect({"op": "key_file_read", "path": "zeros"}, "BP_SYSTEM")
    for number, (mode, text, status) in enumerate((
        (0o600, SEED, "ok"),
        (0o400, f"# of a friend\n{SEED.upper()}\n", "ok"),
        (0o640, f"{SEED}\n", "BP_KEY_FILE"),
        (0o604, f"{SEED}\n", "BP_KEY_FILE"),
        (0o660, f"{SEED}\n", "BP_KEY_FILE"),
        (0o600, "", "BP_KEY_FILE"),
        (0o600, f"{SEED}\n\n", "BP_KEY_FILE"),
        (0o600, f"#\n#\n{SEED}\n", "BP_KEY_FILE"),
        (0o600, "0" * 64, "BP_SEED_ZERO"),
    )):
        path = f"seed{number}"
        yield expect({"op": "write_file", "path": path, "bytes": text.encode().hex(), "mode": mode})
        value = SEED if status == "ok" else None
        yield expect({"op": "key_file_read", "path": path}, status, value, D19)


PROGRAMS = {
    "ours_claims": [checked, refused],
    "ours_claims_exported": [exported],
    "ours_key_files": [key_files],
}
