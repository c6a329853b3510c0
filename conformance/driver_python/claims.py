"""Instructions about claims and key files."""

import json

import batpak
from wire import extensions_out, hexadecimal, keys_of, octets_of, receipt_of


def run_claim_read(_session, step):
    claim = batpak.Claim(octets_of(step, "bytes"))
    return {
        "version": claim.version,
        "event_id": claim.event_id.hex(),
        "sequence": claim.sequence,
        "entity": claim.entity,
        "scope": claim.scope,
        "kind": int(claim.kind),
        "prev_hash": claim.prev_hash.hex(),
        "content_hash": claim.content_hash.hex(),
        "extensions": extensions_out(claim.extensions),
        "key_id": hexadecimal(claim.key_id),
        "signature": hexadecimal(claim.signature),
    }


def run_claim_check(_session, step):
    payload = octets_of(step, "payload") if step.get("payload") is not None else None
    return batpak.Claim(octets_of(step, "bytes")).check(trust=keys_of(step, "trust"), payload=payload).outcome


def run_claim_write(_session, step):
    return bytes(batpak.Claim.from_json(json.dumps({"format": "batpak.claim", **step["claim"]}))).hex()


OF_A_STORE = {
    "claim_export": lambda session, step: bytes(session.store.claim(receipt_of(step["receipt"]))).hex(),
}
OPERATIONS = {
    "claim_read": run_claim_read,
    "claim_write": run_claim_write,
    "claim_check": run_claim_check,
    "key_file_write": lambda _session, step: batpak.key_file_write(step["path"], octets_of(step, "seed", 32)),
    "key_file_read": lambda _session, step: batpak.key_file_read(step["path"]).seed.hex(),
}
