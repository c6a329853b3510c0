"""Claims, key files, rotation, and seeds that are wiped."""

from __future__ import annotations

import copy
import json
import os
import pickle
import stat
import subprocess
from pathlib import Path
from typing import Any

import batpak
import pytest
from batpak import Claim, ClaimError, KeyFileError, NewerVersion, PayloadError, Receipt, SigningKeyError, Status
from batpak._batpak import ffi
from batpak.opening import seeds_of, wipe

from test_verify import command  # noqa: F401 - a fixture

NOTE = 0xF001
KEY = batpak.key_derive(bytes(range(32)))
OTHER = batpak.key_derive(b"\x11" * 32)


def made(path: Path, **options: Any) -> tuple[Receipt, Claim]:
    with batpak.open(path, signing_seeds=[KEY.seed], **options) as store:
        store.append("player:ä", "room", kind=NOTE, value=1)
        receipt = store.append("player:ä", "room", kind=NOTE, payload=b"\x01\x02", extensions={"acme.trace": b"\x01\xff"})
        return receipt, store.claim(receipt)


def test_a_claim_says_what_the_event_says(path: Path) -> None:
    receipt, claim = made(path)
    with batpak.open(path, mode="read_only", verify_keys=[KEY.public_key]) as store:
        event = store.get(receipt.event_id)
        assert (claim.version, claim.event_id, claim.sequence) == (1, event.event_id, event.sequence)
        assert (claim.entity, claim.scope, claim.kind) == ("player:ä", "room", event.kind)
        assert (claim.prev_hash, claim.content_hash) == (event.prev_hash, event.event_hash)
        assert claim.extensions == {"acme.trace": b"\x01\xff"}
        assert (claim.key_id, claim.signature) == (KEY.key_id, receipt.signature)
        assert store.claim(receipt) == claim, "of one receipt they are always the same"
        assert claim.receipt.event_id == receipt.event_id and claim.receipt.extensions == receipt.extensions
        assert store.verify_receipt(claim.receipt).outcome == "signed"


def test_it_is_checked_with_no_store(path: Path) -> None:
    _, claim = made(path)
    judged = claim.check(trust=[OTHER.public_key, KEY.public_key])
    assert (judged.outcome, judged.valid) == ("signed", True) and judged
    assert claim.check(trust=[KEY.public_key], payload=b"\x01\x02").valid
    assert claim.check(trust=[KEY.public_key], payload=bytearray(b"\x01\x02")).valid
    for payload in (b"\x01\x03", b"", memoryview(b"\x01\x02\x03")):
        assert claim.check(trust=[KEY.public_key], payload=payload).outcome == "content_hash_mismatch"
    for trust in ([], [OTHER.public_key]):
        judged = claim.check(trust=trust)
        assert (judged.outcome, judged.valid) == ("unknown_signing_key", False)
    with pytest.raises(SigningKeyError):
        claim.check(trust=[b"\xff" * 32])
    with pytest.raises(TypeError):
        claim.check(trust=KEY.public_key)  # type: ignore[arg-type]


def test_an_empty_payload_is_one(path: Path) -> None:
    with batpak.open(path, signing_seeds=[KEY.seed]) as store:
        claim = store.claim(store.append("e", "s", kind=NOTE, payload=b""))
    assert claim.check(trust=[KEY.public_key], payload=b"").valid
    assert claim.check(trust=[KEY.public_key], payload=b"\x00").outcome == "content_hash_mismatch"


def test_nothing_vouches_for_an_unsigned_one(path: Path) -> None:
    with batpak.open(path) as store:
        claim = store.claim(store.append("e", "s", kind=NOTE, value=1))
    assert claim.key_id is None and claim.signature is None and "unsigned" in repr(claim)
    assert (claim.check().outcome, claim.check().valid) == ("unvouched", False)
    judged = claim.check(trust=[KEY.public_key])
    assert (judged.outcome, judged.valid) == ("unsigned_receipt_rejected", False)


def test_a_receipt_that_does_not_hold_becomes_none(path: Path) -> None:
    receipt, _ = made(path)
    wrong = json.loads(receipt.to_json())
    with batpak.open(path, mode="read_only", verify_keys=[KEY.public_key]) as store:
        changes: dict[str, dict[str, Any]] = {
            "sequence_mismatch": {"sequence": 9},
            "missing_committed_event": {"event_id": "77" * 16},
            "invalid_signature": {"signature": "00" * 64},
            "extensions_mismatch": {"extensions": {}},
        }
        for outcome, change in changes.items():
            with pytest.raises(ClaimError) as raised:
                store.claim(Receipt.from_json(json.dumps({**wrong, **change})))
            assert raised.value.outcome == outcome and raised.value.code is Status.BP_CLAIM
            assert raised.value.path == path
        with pytest.raises(TypeError):
            store.claim(b"")  # type: ignore[arg-type]
    with batpak.open(path, mode="read_only") as store, pytest.raises(ClaimError) as raised:
        store.claim(receipt)
    assert raised.value.outcome == "unknown_signing_key"
    with pytest.raises(batpak.Closed):
        store.claim(receipt)


def test_bytes_and_json_lead_back(path: Path) -> None:
    _, claim = made(path)
    assert Claim(bytes(claim)) == claim and Claim(bytearray(bytes(claim))) == claim and hash(Claim(bytes(claim))) == hash(claim)
    assert Claim.from_json(claim.to_json()) == claim and Claim.from_json(claim.to_json().encode()) == claim
    assert pickle.loads(pickle.dumps(claim)) == claim and copy.copy(claim) == claim
    assert claim != bytes(claim) and repr(claim).startswith("<batpak.Claim 2 ")
    later = json.dumps({**json.loads(claim.to_json()), "witness": {"a": [1]}})
    assert Claim.from_json(later) == claim


def test_what_is_no_claim(path: Path) -> None:
    _, claim = made(path)
    data = bytes(claim)
    for bad in (b"", b"\x80", data[:-1], data + b"\xc0", b"x" * 100):
        with pytest.raises(ClaimError) as raised:
            Claim(bad)
        assert raised.value.outcome is None and raised.value.offset <= len(bad)
    with pytest.raises(NewerVersion):
        Claim(data.replace(b"\xa7version\x01", b"\xa7version\x02"))
    members = json.loads(claim.to_json())
    changes: list[dict[str, Any]] = [{"format": "x"}, {"version": "1"}, {"kind": 65536}, {"sequence": -1}, {"entity": 1},
                                     {"key_id": 3}, {"signature": "00"}, {"extensions": []}]
    for change in changes:
        with pytest.raises(PayloadError):
            Claim.from_json(json.dumps({**members, **change}))
    with pytest.raises(NewerVersion):
        Claim.from_json(json.dumps({**members, "version": 2}))
    with pytest.raises(ClaimError):
        Claim.from_json(json.dumps({**members, "version": 0}))
    with pytest.raises(ClaimError):
        Claim.from_json(json.dumps({**members, "entity": "\ud800"}))
    with pytest.raises(PayloadError):
        Claim.from_json("nope")
    with pytest.raises(TypeError):
        Claim(12)  # type: ignore[arg-type]


def test_any_altered_byte_is_noticed(path: Path) -> None:
    data = bytes(made(path)[1])
    for at in range(len(data)):
        altered = bytearray(data)
        altered[at] ^= 0x10
        try:
            assert not Claim(altered).check(trust=[KEY.public_key]).valid, at
        except (ClaimError, NewerVersion):
            pass


def test_the_command_and_the_package_take_each_other_s(path: Path, tmp_path: Path, command: str) -> None:  # noqa: F811
    receipt, claim = made(path)
    (tmp_path / "receipts").write_text(receipt.to_json() + "\n")
    trusted = ["--key", KEY.public_key.hex()]
    export = subprocess.run([command, "claim", "export", path, tmp_path / "receipts", *trusted], check=True,
                            capture_output=True, text=True)
    assert export.stdout == claim.to_json() + "\n"
    (tmp_path / "claim").write_bytes(bytes(claim))
    check = subprocess.run([command, "claim", "check", tmp_path / "claim", "--json", *trusted], check=True,
                           capture_output=True, text=True)
    assert json.loads(check.stdout)["outcome"] == "signed"


# --- key files


def test_a_key_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    place = tmp_path / "key"
    batpak.key_file_write(place, KEY)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert place.read_text() == f"# batpak ed25519 seed\n{KEY.seed.hex()}\n"
    assert batpak.key_file_read(place) == KEY
    assert batpak.key_file_read(os.fsencode(place)) == KEY
    with pytest.raises(batpak.SystemFailure) as raised:
        batpak.key_file_write(str(place), OTHER.seed)
    assert raised.value.errno == 17 and batpak.key_file_read(place) == KEY
    place.chmod(0o640)
    with pytest.raises(KeyFileError) as refused:
        batpak.key_file_read(place)
    assert refused.value.code is Status.BP_KEY_FILE and str(place) in str(refused.value)
    with pytest.raises(batpak.SystemFailure):
        batpak.key_file_read(tmp_path / "none")


def test_what_is_no_key_file(tmp_path: Path) -> None:
    place, link = tmp_path / "key", tmp_path / "link"
    for text in ("", "12\n", KEY.seed.hex() + "00\n", "#\n#\n" + KEY.seed.hex()):
        place.write_text(text)
        place.chmod(0o600)
        with pytest.raises(KeyFileError):
            batpak.key_file_read(place)
    place.write_text("00" * 32)
    with pytest.raises(SigningKeyError):
        batpak.key_file_read(place)
    link.symlink_to(place)
    with pytest.raises(KeyFileError):
        batpak.key_file_read(link)
    with pytest.raises(KeyFileError):
        batpak.key_file_read(tmp_path)
    for path in ("a\0b", ""):
        with pytest.raises(batpak.CallError):
            batpak.key_file_read(path)
        with pytest.raises(batpak.CallError):
            batpak.key_file_write(path, KEY)
    for seed in (b"1" * 31, bytearray(33)):
        with pytest.raises(batpak.CallError):
            batpak.key_file_write(tmp_path / "new", seed)
    with pytest.raises(SigningKeyError):
        batpak.key_file_write(tmp_path / "new", bytes(32))
    with pytest.raises(TypeError):
        batpak.key_file_write(tmp_path / "new", "1" * 32)  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


# --- rotation (D19) and seeds


def test_D19_keys_come_and_go(path: Path) -> None:
    def one(**options: Any) -> Receipt:
        with batpak.open(path, **options) as store:
            return store.append("e", "s", kind=NOTE, value=1)

    old, new = one(signing_seeds=[KEY.seed]), one(signing_seeds=[KEY.seed, OTHER.seed])
    assert (old.key_id, new.key_id) == (KEY.key_id, OTHER.key_id)
    cases: list[tuple[dict[str, Any], list[str]]] = [
            ({"signing_seeds": [KEY.seed, OTHER.seed]}, ["signed", "signed"]),
            ({"signing_seeds": [OTHER.seed]}, ["unknown_signing_key", "signed"]),
            ({"signing_seeds": [OTHER.seed], "verify_keys": [KEY.public_key]}, ["signed", "signed"]),
            ({"verify_keys": [KEY.public_key, OTHER.public_key]}, ["signed", "signed"]),
            ({}, ["unknown_signing_key", "unknown_signing_key"])]
    for options, outcomes in cases:
        with batpak.open(path, **options) as store:
            assert [store.verify_receipt(receipt).outcome for receipt in (old, new)] == outcomes


def test_D19_a_stripped_receipt_is_missed(path: Path) -> None:
    receipt, _ = made(path)
    bare = Receipt.from_json(json.dumps({**json.loads(receipt.to_json()), "key_id": None, "signature": None}))
    with batpak.open(path, mode="read_only") as store:
        assert store.verify_receipt(bare).outcome == "unsigned_accepted"
        report = store.verify(receipts=[bare])
        assert report.verdict == "INCOMPLETE" and [finding.code for finding in report] == ["signature_expected"]
    with batpak.open(path, mode="read_only", verify_keys=[OTHER.public_key]) as store:
        assert store.verify_receipt(bare).outcome == "unsigned_receipt_rejected"


def test_seeds_in_memory_that_can_be_wiped(path: Path) -> None:
    given = bytearray(KEY.seed)
    seeds, count = seeds_of([given, memoryview(OTHER.seed)])
    assert (bytes(ffi.buffer(seeds)), count) == (KEY.seed + OTHER.seed, 2)
    wipe(seeds)
    assert bytes(ffi.buffer(seeds)) == bytes(64)
    wipe(ffi.NULL)
    with batpak.open(path, signing_seeds=[given]) as store:
        given[:] = bytes(32)  # the caller's own copy may go as soon as the store is open
        assert store.append("e", "s", kind=NOTE, value=1).key_id == KEY.key_id
    with pytest.raises(TypeError):
        batpak.open(path, signing_seeds=KEY.seed)  # type: ignore[arg-type]
    with pytest.raises(batpak.CallError):
        batpak.open(path, signing_seeds=[KEY.seed[:31]])
    with pytest.raises(TypeError):
        batpak.open(path, signing_seeds=["x" * 32])  # type: ignore[list-item]
