"""Receipts, keys, what verification says, and damage."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import batpak
import pytest
from batpak import Draft, Key, Kind, PayloadError, Receipt, Status

NOTE = 0xF001
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def command() -> str:
    """The command `batpak`: of the environment, or as this repository has built it."""
    places = [
        os.environ.get("BATPAK_COMMAND"),
        *(str(ROOT / build / "bin/batpak") for build in ("build", "build-dev")),
    ]
    for place in places:
        if place and os.access(place, os.X_OK):
            return place
    pytest.skip("the command is not built: BATPAK_COMMAND names it")


def append(path: Path, **options: Any) -> Receipt:
    with batpak.open(path, **options) as store:
        return store.append(
            "e", "s", kind=NOTE, value=1, extensions={"b.b": b"\xff", "a.a": b"", 'a\x7f"\\\n.c': b"x"}
        )


# --- receipts


def test_receipts_are_the_lines_of_the_command(path: Path, tmp_path: Path, command: str) -> None:
    seed = tmp_path / "seed"
    key = batpak.key_generate()
    seed.write_text(key.seed.hex() + "\n")
    seed.chmod(0o600)
    signed: list[str | Path] = ["--sign", seed]
    for signing in ([], signed):
        kept = tmp_path / "receipts"
        subprocess.run(
            [command, "append", path, "e", "s", "F:001", '{"x":1}', "--receipts-out", kept, *signing],
            check=True,
            capture_output=True,
        )
        line = kept.read_text().splitlines()[-1]
        receipt = Receipt.from_json(line)
        assert receipt.to_json() == line and Receipt.from_json(line.encode()) == receipt
        assert (receipt.key_id, receipt.signature is not None) == ((key.key_id, True) if signing else (None, False))
        with batpak.open(path) as store:
            assert store.verify_receipt(receipt, trust=[key.public_key] if signing else []).valid


def test_the_command_takes_our_lines(path: Path, tmp_path: Path, command: str) -> None:
    key = batpak.key_generate()
    receipts = [append(path), append(path, signing_seeds=[key.seed])]
    kept = tmp_path / "receipts"
    kept.write_text("".join(receipt.to_json() + "\n" for receipt in receipts))
    ended = subprocess.run(
        [command, "verify", path, "--receipts", kept, "--key", key.public_key.hex(), "--json"],
        capture_output=True,
        text=True,
    )
    # The first is not signed, and there is a key.
    assert json.loads(ended.stdout.splitlines()[-1])["verdict"] == "INCOMPLETE"
    kept.write_text(receipts[1].to_json() + "\n")
    ended = subprocess.run(
        [command, "verify", path, "--receipts", kept, "--key", key.public_key.hex(), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ended.stdout.splitlines()[-1])["verdict"] == "ATTESTED"


def test_json_and_pickle_keep_a_receipt(path: Path) -> None:
    key = batpak.key_generate()
    receipt = append(path, signing_seeds=[key.seed])
    for copy in (Receipt.from_json(receipt.to_json()), pickle.loads(pickle.dumps(receipt))):
        assert copy == receipt and hash(copy) == hash(receipt) and copy.extensions == receipt.extensions
        with batpak.open(path) as store:
            assert store.verify_receipt(copy, trust=[key.public_key]).outcome == "signed"
    assert list(json.loads(receipt.to_json())) == [
        "event_id",
        "sequence",
        "content_hash",
        "key_id",
        "signature",
        "extensions",
        "durable",
        "replayed",
        "same",
    ]
    assert "signed" in repr(receipt) and receipt.event_id.hex() in repr(receipt)


def test_equality(path: Path) -> None:
    one, other = append(path), append(path)
    assert one == one and one != other and one != "receipt" and len({one, other, one}) == 2


GOOD: dict[str, Any] = dict(
    event_id="01" * 16,
    sequence=2**64 - 1,
    content_hash="Ab" * 32,
    key_id=None,
    signature=None,
    extensions={},
    durable=True,
    replayed=True,
    same=False,
)


def test_a_line_that_is_good() -> None:
    receipt = Receipt.from_json(json.dumps(GOOD))
    assert receipt.sequence == 2**64 - 1 and receipt.content_hash == b"\xab" * 32 and receipt.same is False
    assert (receipt.segment_id, receipt.offset, receipt.frame_length) == (0, 0, 0)


WRONG: list[tuple[str, Any]] = [
    ("event_id", "01" * 15),
    ("event_id", "0x" + "01" * 15),
    ("event_id", "zz" * 16),
    ("event_id", None),
    ("event_id", 1),
    ("event_id", " " + "01" * 16),
    ("event_id", "01 " * 16),
    ("sequence", -1),
    ("sequence", 2**64),
    ("sequence", 1.0),
    ("sequence", "1"),
    ("sequence", True),
    ("sequence", None),
    ("content_hash", None),
    ("content_hash", "00"),
    ("key_id", ""),
    ("key_id", "00"),
    ("signature", "00" * 63),
    ("signature", False),
    ("extensions", None),
    ("extensions", []),
    ("extensions", {"a.b": 1}),
    ("extensions", {"a.b": "0"}),
    ("extensions", {"a.b": "0g"}),
    ("durable", None),
    ("durable", 1),
    ("replayed", "true"),
    ("same", 0),
    ("unknown", 1),
]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "null",
        "[]",
        "1",
        '"x"',
        "{}",
        json.dumps(GOOD) + "x",
        json.dumps(GOOD)[:-1] + ',"same":null}',
        "[" * 5000,
        *(json.dumps({**GOOD, name: value}) for name, value in WRONG),
        *(json.dumps({name: value for name, value in GOOD.items() if name != left_out}) for left_out in GOOD),
    ],
)
def test_lines_that_are_no_receipts(line: str) -> None:
    with pytest.raises(PayloadError) as raised:
        Receipt.from_json(line)
    assert raised.value.code is Status.BP_JSON


@pytest.mark.parametrize("line", [b"\xff\xfe", b"\xff"])
def test_bytes_that_are_no_text(line: bytes) -> None:
    with pytest.raises(PayloadError):
        Receipt.from_json(line)


def test_names_of_extensions_are_checked() -> None:
    with pytest.raises(batpak.ExtensionError):
        Receipt.from_json(json.dumps({**GOOD, "extensions": {"nodot": ""}}))


# --- signing and outcomes


def changed(receipt: Receipt, **members: Any) -> Receipt:
    return Receipt.from_json(json.dumps({**json.loads(receipt.to_json()), **members}))


def test_outcomes(path: Path) -> None:
    key, other = batpak.key_generate(), batpak.key_generate()
    with batpak.open(path) as store:
        unsigned = store.append("e", "s", kind=NOTE, value=1)
        assert store.verify_receipt(unsigned) == batpak.Judgement("unsigned_accepted", True)
    with batpak.open(path, signing_seeds=[other.seed, key.seed]) as store:
        signed = store.append("e", "s", kind=NOTE, value=2, extensions={"a.b": b"1"})
        assert signed.key_id == key.key_id
        zero = "00" * 64
        for receipt, outcome in (
            (signed, "signed"),
            (changed(signed, event_id="00" * 16), "missing_committed_event"),
            (changed(signed, sequence=7), "sequence_mismatch"),
            (changed(signed, content_hash="00" * 32), "content_hash_mismatch"),
            (changed(signed, extensions={}), "extensions_mismatch"),
            (unsigned, "unsigned_receipt_rejected"),
            (changed(signed, signature=None), "missing_signature"),
            (changed(signed, key_id=None), "zero_key_with_signature"),
            (changed(signed, key_id="11" * 32), "unknown_signing_key"),
            (changed(signed, signature=zero), "invalid_signature"),
        ):
            judgement = store.verify_receipt(receipt)
            assert judgement.outcome == outcome
            assert judgement.valid is bool(judgement) is (outcome == "signed")
    with batpak.open(path) as store:
        assert store.verify_receipt(signed, trust=[key.public_key]).outcome == "signed"
        assert store.verify_receipt(signed, trust=[other.public_key]).outcome == "unknown_signing_key"
        assert not store.verify_receipt(signed).valid


def test_position_is_compared_where_it_is_known(path: Path) -> None:
    with batpak.open(path) as store:
        first, second = (store.append("e", "s", kind=NOTE, value=1) for _ in range(2))
        assert first._raw[24:32] == first.offset.to_bytes(8, sys.byteorder)
        moved = Receipt._from_raw(first._raw[:24] + second._raw[24:32] + first._raw[32:])
        assert store.verify_receipt(moved).outcome == "disk_position_mismatch"
        assert store.verify_receipt(Receipt.from_json(moved.to_json())).valid


def test_every_outcome_has_a_word() -> None:
    from batpak import _constants

    numbers = [value for name, value in vars(_constants).items() if name.startswith("BP_RECEIPT_")]
    assert len({batpak.receipt_outcome_name(number) for number in numbers}) == len(numbers) == 15


def test_wrong_trust(path: Path) -> None:
    with batpak.open(path) as store:
        receipt = store.append("e", "s", kind=NOTE, value=1)
        for call in (
            lambda trust: store.verify_receipt(receipt, trust=trust),
            lambda trust: store.verify(trust=trust),
        ):
            with pytest.raises(batpak.CallError):
                call([b"short"])
            with pytest.raises(TypeError):
                call([1.5])
            with pytest.raises(batpak.SigningKeyError):
                call([b"\xff" * 32])


def test_keys() -> None:
    key = batpak.key_generate()
    assert isinstance(key, Key) and batpak.key_derive(key.seed) == key and batpak.key_id(key.public_key) == key.key_id
    assert key.seed.hex() not in repr(key) and repr(key.seed) not in repr(key) and batpak.key_generate() != key
    assert {len(each) for each in dataclasses.astuple(key)} == {32}
    for wrong in (b"", bytes(31), bytes(33)):
        with pytest.raises(batpak.CallError):
            batpak.key_derive(wrong)
        with pytest.raises(batpak.CallError):
            batpak.key_id(wrong)
    with pytest.raises(dataclasses.FrozenInstanceError):
        key.seed = b""  # type: ignore[misc]


def test_a_known_key() -> None:
    """RFC 8032, 7.1, test 1."""
    key = batpak.key_derive(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert key.public_key.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


# --- verdicts


def test_verdicts(path: Path) -> None:
    key = batpak.key_generate()
    with batpak.open(path, signing_seeds=[key.seed]) as store:
        receipts = store.append_many(Draft("e", "s", kind=NOTE, value=number) for number in range(10))
        report = store.verify()
        assert (report.verdict, report.events, report.attested, report.findings) == ("CONSISTENT", 10, 0, 0)
        assert report.first_unproven is None and bool(report) and len(report) == report.notes + report.findings
        report = store.verify(receipts=receipts)
        assert (report.verdict, report.attested) == ("ATTESTED", 10)
        report = store.verify(trust=[key.public_key], receipts=[receipts[3]])
        assert (report.verdict, report.attested) == ("ATTESTED", 1)
        report = store.verify(receipts=[changed(receipts[3], content_hash="00" * 32)])
        assert report.verdict == "CONTRADICTED" and report.findings == 1
        (finding,) = (each for each in report if each.severity != "note")
        assert (finding.severity, finding.code) == ("contradiction", "content_hash_mismatch")
        assert finding.event_id == receipts[3].event_id and finding.text and "\n" not in finding.text
        assert store.open_report().verdict == "CONSISTENT"


def damage(path: Path, receipt: Receipt) -> None:
    """Turns a bit in the middle of the receipt's frame."""
    segment = path / f"{receipt.segment_id:06}.fbat"
    data = bytearray(segment.read_bytes())
    data[receipt.offset + receipt.frame_length // 2] ^= 1
    segment.write_bytes(data)


def test_damage(path: Path) -> None:
    with batpak.open(path) as store:
        receipts = [store.append("e", "s", kind=NOTE, value=number) for number in range(10)]
    damage(path, receipts[4])
    with batpak.open(path, mode="read_only") as store:
        report = store.verify()
        assert report.verdict == "DAMAGED" and report.findings >= 1
        finding = next(each for each in report if each.severity == "damage")
        assert (finding.segment_id, finding.offset) == (receipts[4].segment_id, receipts[4].offset)
        assert store.verify_receipt(receipts[4]).outcome == "unreadable"
        assert [event.value() for event in store.events(entity="e") if event.error is None] == [
            0,
            1,
            2,
            3,
            5,
            6,
            7,
            8,
            9,
        ]


def test_a_damaged_event_stands_in_its_place(path: Path) -> None:
    with batpak.open(path) as store:
        receipts = [store.append("e", "s", kind=NOTE, value=number, extensions={"a.b": b"1"}) for number in range(5)]
    damage(path, receipts[2])
    with batpak.open(path, mode="read_only") as store:
        events = list(store.events(entity="e"))
        assert [event.error is None for event in events] == [True, True, False, True, True]
        bad = events[2]
        assert isinstance(bad.error, batpak.DamagedError) and bad.error.path == path
        assert (
            (bad.error.segment_id, bad.error.offset)
            == (bad.segment_id, bad.offset)
            == (receipts[2].segment_id, receipts[2].offset)
        )
        assert (bad.sequence, bad.event_id, bad.entity, bad.scope) == (3, receipts[2].event_id, "e", "s")
        assert (bad.kind, bad.clock, bad.frame_length) == (NOTE, 2, receipts[2].frame_length) and isinstance(
            bad.kind, Kind
        )
        for read in (
            "payload",
            "payload_bytes",
            "payload_view",
            "extensions",
            "correlation_id",
            "causation_id",
            "prev_hash",
            "event_hash",
            "wall_ms",
            "timestamp_us",
            "lane",
            "depth",
            "flags",
        ):
            with pytest.raises(batpak.DamagedError):
                getattr(bad, read)
        with pytest.raises(batpak.DamagedError):
            bad.value()
        assert "BP_DAMAGED_FRAME" in repr(bad)
        with pytest.raises(batpak.DamagedError):
            store.get(receipts[2].event_id)
        assert [event.error is None for event in store.walk(receipts[4].event_id)] == [True, True, False]
        none: list[bool] = []
        seen = store.fold(none, lambda state, event: [*state, event.error is None], entity="e")
        assert seen == [True, True, False, True, True]


def test_a_torn_tail_is_a_note(path: Path) -> None:
    with batpak.open(path) as store:
        receipt = store.append("e", "s", kind=NOTE, payload=bytes(2000))
        copy = {file.name: file.read_bytes() for file in path.iterdir()}
    for name, data in copy.items():
        (path / name).write_bytes(data)
    segment = path / f"{receipt.segment_id:06}.fbat"
    segment.write_bytes(segment.read_bytes()[: receipt.offset + receipt.frame_length - 100])
    with batpak.open(path) as store:
        codes = {finding.code: finding for finding in store.open_report()}
        assert (
            "torn_tail" in codes and codes["torn_tail"].severity == "note" and codes["torn_tail"].offset is not None
        )
        assert not store.stat().clean_close and len(store.page(entity="e")) == 0


def test_reports_are_plain_values(path: Path) -> None:
    with batpak.open(path) as store:
        report, stat = store.verify(), store.stat()
    plain: list[Any] = [report, stat, *report]
    for value in plain:
        assert pickle.loads(pickle.dumps(value)) == value
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, dataclasses.fields(value)[0].name, None)
