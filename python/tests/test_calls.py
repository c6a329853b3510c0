"""Open, append, read, close: what each call takes and answers."""

from __future__ import annotations

import hashlib
import itertools
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import batpak
import pytest
from batpak import CallError, Draft, Kind

NOTE = 0xF001


def fill(store: batpak.Store, count: int, entity: str = "e", kind: int = NOTE) -> list[batpak.Receipt]:
    return [store.append(entity, "s", kind=kind, value=number) for number in range(count)]


# --- open and close


def test_close_twice(path: Path) -> None:
    store = batpak.open(path)
    assert not store.closed
    store.close()
    store.close()
    assert store.closed and "closed" in repr(store)


CALLS: dict[str, Any] = {
    "append": lambda store: store.append("e", "s", kind=NOTE, value=1),
    "append_many": lambda store: store.append_many([Draft("e", "s", kind=NOTE, value=1)]),
    "sync": lambda store: store.sync(),
    "page": lambda store: store.page(),
    "pages": lambda store: list(store.pages()),
    "events": lambda store: list(store.events()),
    "get": lambda store: store.get(bytes(16)),
    "walk": lambda store: store.walk(bytes(16)),
    "fold": lambda store: store.fold(0, lambda state, event: state),
    "verify": lambda store: store.verify(),
    "open_report": lambda store: store.open_report(),
    "stat": lambda store: store.stat(),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_closed_store_says_so(path: Path, call: str) -> None:
    with batpak.open(path) as store:
        receipt = store.append("e", "s", kind=NOTE, value=1)
    with pytest.raises(batpak.Closed) as raised:
        CALLS[call](store)
    assert raised.value.path == path
    with pytest.raises(batpak.Closed):
        store.verify_receipt(receipt)


def test_an_iterator_that_outlives_the_store(path: Path) -> None:
    with batpak.open(path, durability="written") as store:
        fill(store, 3000)
        events = store.events()
        first = next(events)
    assert first.entity == "batpak:store"
    with pytest.raises(batpak.Closed):
        list(events)


def test_two_handles(path: Path) -> None:
    with batpak.open(path):
        for mode in ("create", "must_exist", "read_only"):
            with pytest.raises(batpak.Locked) as raised:
                batpak.open(path, mode=mode)
            assert raised.value.path == path
    batpak.open(path).close()


def test_readers_stand_beside_each_other(path: Path) -> None:
    batpak.open(path).close()
    with batpak.open(path, mode="read_only") as one, batpak.open(path, mode="read_only") as other:
        assert one.stat() == other.stat()
        with pytest.raises(batpak.Locked):
            batpak.open(path)


def test_read_only_changes_nothing(path: Path) -> None:
    with pytest.raises(batpak.NoStore):
        batpak.open(path, mode="read_only")
    assert not path.exists()
    with batpak.open(path) as store:
        fill(store, 3)
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    with batpak.open(path, mode="read_only") as store:
        assert store.stat().clean_close
        assert [event.value() for event in store.events(entity="e")] == [0, 1, 2]
        for call in (CALLS["append"], CALLS["append_many"], CALLS["sync"]):
            with pytest.raises(batpak.ReadOnly):
                call(store)
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before


def test_must_exist(path: Path) -> None:
    with pytest.raises(batpak.NoStore):
        batpak.open(path, mode="must_exist")
    assert not path.exists()
    batpak.open(path).close()
    batpak.open(path, mode="must_exist").close()


@pytest.mark.parametrize(
    "option",
    [
        {"mode": "x"},
        {"mode": None},
        {"durability": "x"},
        {"sync_mode": 1},
        {"segment_max_bytes": 0},
        {"segment_max_bytes": -1},
        {"segment_max_bytes": 2**64},
        {"single_append_max_bytes": 0},
        {"single_append_max_bytes": 67_108_865},
        {"sync_every_events": -1},
        {"sync_every_events": 2**32},
        {"group_max_events": 0},
        {"group_max_events": 4097},
        {"signing_seeds": [b"short"]},
        {"verify_keys": [bytes(33)]},
    ],
    ids=str,
)
def test_options_out_of_range(path: Path, option: dict[str, Any]) -> None:
    with pytest.raises(CallError):
        batpak.open(path, **option)
    assert not path.exists()


@pytest.mark.parametrize(
    "option",
    [
        {"segment_max_bytes": "1"},
        {"segment_max_bytes": 1.5},
        {"signing_seeds": [1.5]},
        {"signing_seeds": 1},
        {"no_option": 1},
    ],
    ids=str,
)
def test_options_of_a_wrong_type(path: Path, option: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        batpak.open(path, **option)


def test_all_options_at_once(path: Path) -> None:
    # P-083
    key = batpak.key_generate()
    options: dict[str, Any] = dict(
        mode="create",
        durability="written",
        sync_mode="all",
        segment_max_bytes=4096,
        single_append_max_bytes=1000,
        sync_every_events=10,
        group_max_events=5,
        signing_seeds=[key.seed],
        verify_keys=[batpak.key_generate().public_key],
        clock=itertools.count(1_700_000_000_000_000).__next__,
        progress=lambda stage, done, total: 0,
        log=lambda line: None,
    )
    with batpak.open(path, **options) as store:
        fill(store, 50)
        assert store.stat().segments > 1
        with pytest.raises(batpak.TooLarge):
            store.append("e", "s", kind=NOTE, payload=bytes(1001))


def test_paths(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    for given in ("a", b"b", Path("c"), "dé", os.fsdecode(b"e\xff")):
        with batpak.open(given) as store:
            assert store.path is given
        assert os.path.isdir(given)
    with pytest.raises(CallError):
        batpak.open("a\0b")
    with pytest.raises(TypeError):
        batpak.open(5)  # type: ignore[arg-type]


def test_stores_are_not_made_by_hand() -> None:
    for cls in (batpak.Store, batpak.Receipt, batpak.Page, batpak.Event):
        with pytest.raises(TypeError):
            cls()


# --- append


def test_the_receipt(path: Path) -> None:
    with batpak.open(path) as store:
        receipt = store.append("player:alice", "room:dungeon", kind=NOTE, payload=b"\x01")
        event = store.get(receipt.event_id)
    assert len(receipt.event_id) == 16 and receipt.event_id[6] >> 4 == 7
    assert receipt.sequence == 1 and receipt.durable and not receipt.replayed and receipt.same is None
    assert receipt.content_hash == event.event_hash and len(receipt.content_hash) == 32
    assert receipt.key_id is None and receipt.signature is None and receipt.extensions == {}
    assert (receipt.segment_id, receipt.offset, receipt.frame_length) == (
        event.segment_id,
        event.offset,
        event.frame_length,
    )


def test_the_event(path: Path) -> None:
    ids = [batpak.id_new() for _ in range(3)]
    before = time.time_ns() // 1000
    with batpak.open(path) as store:
        first = store.append("player:alice", "room:dungeon", kind=NOTE, value={"a": b"x"})
        receipt = store.append(
            "player:alice",
            "room:dungeon",
            kind=NOTE,
            value={"x": 1},
            key=ids[0],
            correlation_id=ids[1],
            causation_id=ids[2],
            lane=2**32 - 1,
            depth=7,
            flags=0x0B,
            extensions={"b.c": b"\x00\xff", "a.b": b""},
        )
        event = store.get(receipt.event_id)
    assert (event.sequence, event.event_id, event.entity, event.scope) == (2, ids[0], "player:alice", "room:dungeon")
    assert (event.kind, str(event.kind), event.clock) == (NOTE, "F:001", 1) and isinstance(event.kind, Kind)
    assert (event.correlation_id, event.causation_id) == (ids[1], ids[2])
    assert (event.lane, event.depth, event.flags) == (2**32 - 1, 7, 0x0B)
    assert event.extensions == {"a.b": b"", "b.c": b"\x00\xff"} == receipt.extensions
    assert event.prev_hash == first.content_hash and event.event_hash == receipt.content_hash
    assert before <= event.timestamp_us <= time.time_ns() // 1000 and event.wall_ms >= event.timestamp_us // 1000
    assert event.payload == event.payload_bytes == bytes(event.payload_view) == b"\x81\xa1x\x01"
    assert event.value() == {"x": 1} and event.error is None
    assert "F:001" in repr(event) and "player:alice" in repr(event)


def test_what_is_absent_is_none(store: batpak.Store) -> None:
    receipt = store.append("e", "s", kind=NOTE, value=None)
    event = store.get(receipt.event_id)
    assert event.causation_id is None and event.correlation_id == event.event_id
    assert event.prev_hash == bytes(32) and event.extensions == {} and event.lane == event.depth == event.flags == 0


def test_a_key_answers_the_first_event(store: batpak.Store) -> None:
    key = batpak.id_new()
    first = store.append("e", "s", kind=NOTE, value=1, key=key, extensions={"a.b": b"1"})
    again = store.append("e", "s", kind=NOTE, value=1, key=key)
    other = store.append("e", "s", kind=NOTE, value=2, key=key, extensions={"c.d": b"2"})
    assert first.event_id == again.event_id == other.event_id == key
    assert (first.replayed, again.replayed, other.replayed) == (False, True, True)
    assert (first.same, again.same, other.same) == (None, True, False)
    assert again.extensions == other.extensions == {"a.b": b"1"} and again.sequence == first.sequence
    assert store.stat().events == 2


def test_expectations(store: batpak.Store) -> None:
    first = store.append("e", "s", kind=NOTE, value=1, expect=batpak.EMPTY)
    second = store.append("e", "s", kind=NOTE, value=1, expect=first.event_id)
    store.append("e", "s", kind=NOTE, value=1, expect=1)
    for wrong in (batpak.EMPTY, 1, first.event_id, second.event_id):
        with pytest.raises(batpak.ExpectationFailed):
            store.append("e", "s", kind=NOTE, value=1, expect=wrong)
    assert repr(batpak.EMPTY) == "batpak.EMPTY" and len(store.page(entity="e")) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"kind": NOTE},
        {"value": 1},
        {"payload": b""},
        {"kind": NOTE, "value": 1, "payload": b""},
        {"kind": -1, "value": 1},
        {"kind": NOTE, "value": 1, "lane": -1},
        {"kind": NOTE, "value": 1, "lane": 2**32},
        {"kind": NOTE, "value": 1, "depth": -1},
        {"kind": NOTE, "value": 1, "flags": 256},
        {"kind": NOTE, "value": 1, "durability": "never"},
        {"kind": NOTE, "value": 1, "expect": -1},
        {"kind": NOTE, "value": 1, "expect": 2**32},
        {"kind": NOTE, "value": 1, "expect": True},
        {"kind": NOTE, "value": 1, "expect": "x"},
        {"kind": NOTE, "value": 1, "expect": b"short"},
        {"kind": NOTE, "value": 1, "key": b"short"},
        {"kind": NOTE, "value": 1, "correlation_id": bytes(17)},
        {"kind": NOTE, "value": 1, "causation_id": b""},
    ],
    ids=str,
)
def test_wrong_arguments_write_nothing(store: batpak.Store, arguments: dict[str, Any]) -> None:
    with pytest.raises(batpak.Error):
        store.append("e", "s", **arguments)
    with pytest.raises(batpak.Error):
        store.append_many([Draft("e", "s", **arguments)])
    assert store.stat().events == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ((1, "s"), {"kind": NOTE, "value": 1}),
        ((b"e", "s"), {"kind": NOTE, "value": 1}),
        (("e", None), {"kind": NOTE, "value": 1}),
        (("e", "s"), {"kind": "F:001", "value": 1}),
        (("e", "s"), {"kind": 1.5, "value": 1}),
        (("e", "s"), {"kind": NOTE, "value": 1, "key": "x" * 16}),
        (("e", "s"), {"kind": NOTE, "payload": "text"}),
        (("e", "s"), {"kind": NOTE, "payload": [1, 2]}),
        (("e", "s"), {"kind": NOTE, "payload": 5}),
        (("e", "s"), {"kind": NOTE, "value": 1, "lane": 1.5}),
        (("e", "s"), {"kind": NOTE, "value": 1, "extensions": {"a.b": "text"}}),
        (("e", "s"), {"kind": NOTE, "value": 1, "extensions": {b"a.b": b""}}),
        (("e", "s"), {"kind": NOTE, "value": 1, "extensions": [("a.b", b"")]}),
        (("e", "s"), {"kind": NOTE, "value": 1, "unknown": 1}),
        (("e",), {}),
    ],
    ids=str,
)
def test_arguments_of_a_wrong_type_write_nothing(store: batpak.Store, arguments: tuple[Any, Any]) -> None:
    positional, named = arguments
    with pytest.raises((TypeError, batpak.Error)):
        store.append(*positional, **named)
    with pytest.raises((TypeError, batpak.Error)):
        store.append_many([Draft(*positional, **named)])
    assert store.stat().events == 1


@pytest.mark.parametrize(
    "payload", [bytearray(b"abc"), memoryview(b"abc"), memoryview(b"abcdef")[:3]], ids=["bytearray", "view", "slice"]
)
def test_payloads_of_other_types(store: batpak.Store, payload: Any) -> None:
    assert store.get(store.append("e", "s", kind=NOTE, payload=payload).event_id).payload == b"abc"


def test_reserved_kinds(store: batpak.Store) -> None:
    with pytest.raises(batpak.KindError):
        store.append("e", "s", kind=0xD004, value=1)
    assert store.get(store.append("e", "s", kind=0xD004, value=1, allow_reserved=True).event_id).kind == 0xD004


def test_durability_of_one(path: Path) -> None:
    with batpak.open(path, durability="written") as store:
        assert not store.append("e", "s", kind=NOTE, value=1).durable
        assert store.append("e", "s", kind=NOTE, value=1, durability="durable").durable
    with batpak.open(path) as store:
        assert store.append("e", "s", kind=NOTE, value=1).durable
        assert not store.append("e", "s", kind=NOTE, value=1, durability="written").durable
        before = store.stat().durable_sequence
        store.sync()
        assert store.stat().durable_sequence > before


def test_append_many(path: Path) -> None:
    with batpak.open(path) as store:
        before = store.stat().syncs
        accepted = store.append_many(
            Draft("e", "s", kind=NOTE, value=number, key=batpak.id_new()) for number in range(100)
        )
        assert store.stat().syncs == before + 1
        assert isinstance(accepted, Sequence) and len(accepted) == 100 and "100" in repr(accepted)
        assert [receipt.sequence for receipt in accepted] == list(range(1, 101))
        assert (
            accepted[-1] == accepted[99] and accepted[98:] == [accepted[98], accepted[99]] and accepted[5] in accepted
        )
        assert [event.value() for event in store.events(entity="e")] == list(range(100))
        with pytest.raises(IndexError):
            accepted[100]
        assert len(store.append_many([])) == 0


def test_append_many_over_several_crossings(path: Path) -> None:
    with batpak.open(path, durability="written") as store:
        count = 10_000
        accepted = store.append_many(
            Draft(
                "e",
                "s",
                kind=NOTE,
                value=number,
                extensions={"a.b": bytes([number % 256])} if number % 1000 == 7 else None,
            )
            for number in range(count)
        )
        assert len(accepted) == count and accepted[count - 1].sequence == count
        assert {at: receipt.extensions["a.b"][0] for at, receipt in enumerate(accepted) if receipt.extensions} == {
            at: at % 256 for at in range(7, count, 1000)
        }


def test_a_failure_among_many(store: batpak.Store) -> None:
    drafts = [Draft("e", "s", kind=NOTE, value=number) for number in range(5)]
    drafts[3] = Draft("a/b", "s", kind=NOTE, value=3)
    with pytest.raises(batpak.CoordinateError) as raised:
        store.append_many(drafts)
    accepted = raised.value.accepted
    assert [receipt.sequence for receipt in accepted] == [1, 2, 3]
    assert [event.value() for event in store.events(entity="e")] == [0, 1, 2]
    assert all(store.verify_receipt(receipt).valid for receipt in accepted)


@pytest.mark.parametrize("durability", ["durable", "written"])
@pytest.mark.parametrize("bad", [0, 1, 255, 256, 600, 999])
def test_a_failure_among_very_many(path: Path, durability: Literal["durable", "written"], bad: int) -> None:
    drafts = [Draft("e", "s", kind=NOTE, value=number) for number in range(1000)]
    drafts[bad] = Draft("", "s", kind=NOTE, value=bad)
    with batpak.open(path, durability=durability, sync_every_events=0) as store:
        with pytest.raises(batpak.CoordinateError) as raised:
            store.append_many(drafts)
        assert [receipt.sequence for receipt in raised.value.accepted] == list(range(1, bad + 1))
        assert all(receipt.durable is (durability == "durable") for receipt in raised.value.accepted)
        assert [event.value() for event in store.events(entity="e")] == list(range(bad))


def test_a_draft_keeps_what_it_was_given(store: batpak.Store) -> None:
    value, payload = {"a": [1]}, bytearray(b"abc")
    one, other = Draft("e", "s", kind=NOTE, value=value), Draft("e", "s", kind=NOTE, payload=payload)
    value["a"].append(2)
    payload[0] = 0
    store.append_many([one, other, one])
    assert [event.payload for event in store.events(entity="e")] == [
        b"\x81\xa1a\x91\x01",
        b"abc",
        b"\x81\xa1a\x91\x01",
    ]
    assert "F001" in repr(one) or "F:001" in repr(one)


def test_only_drafts_are_appended(store: batpak.Store) -> None:
    for wrong in ([1], ["ab"], [None], 5, [("e", "s")]):
        with pytest.raises((TypeError, AttributeError, CallError)):
            store.append_many(wrong)  # type: ignore[arg-type]
    assert store.stat().events == 1


# --- read


def test_queries(path: Path) -> None:
    with batpak.open(path, durability="written") as store:
        for number in range(10):
            store.append(f"game:{number % 2}", f"room{number % 3}", kind=0xF001 + number % 2, value=number)
        store.append("game", "room0", kind=0xE001, value=10)

        def found(**which: Any) -> list[int]:
            return [event.value() for event in store.page(**{"category": 0xF, **which})]

        assert found() == list(range(10)) and found(limit=3) == [0, 1, 2] and found(limit=0) == []
        assert found(entity="game:1") == [1, 3, 5, 7, 9] and found(entity="game") == []
        assert found(under="game") == list(range(10)) and found(under="gam") == []
        assert found(category=None, under="game", kind=0xE001) == [10]
        assert found(scope="room0") == [0, 3, 6, 9] and found(scope="room0", entity="game:1") == [3, 9]
        assert found(category=None, kind=0xF002) == [1, 3, 5, 7, 9]
        assert found(after=store.page(entity="game:0")[0].sequence) == list(range(1, 10))
        assert found(entity="game:0", clock=(1, 3)) == [2, 4, 6] and found(clock=(4, 4)) == [8, 9]
        assert found(entity="game:0", clock=(3, 1)) == []
        assert len(store.page()) == 12 and store.page()[0].entity == "batpak:store"


def test_pages(path: Path) -> None:
    with batpak.open(path, durability="written") as store:
        fill(store, 10)
        page = store.page(limit=4, entity="e")
        assert isinstance(page, Sequence) and len(page) == 4 and page.more and bool(page)
        assert [event.value() for event in page] == [0, 1, 2, 3] and page[-1].value() == 3
        assert [event.value() for event in page[1:3]] == [1, 2] and [event.value() for event in reversed(page)] == [
            3,
            2,
            1,
            0,
        ]
        assert page.sequences == [event.sequence for event in page] and page.event_ids == [
            event.event_id for event in page
        ]
        assert page.entities == ["e"] * 4 and page.payloads == [b"\x00", b"\x01", b"\x02", b"\x03"]
        assert page[0] == page[0] == store.page(entity="e")[0] and page[0] != page[1] and len({*page, *page}) == 4
        for wrong in (4, -5):
            with pytest.raises(IndexError):
                page[wrong]
        sizes = [len(each) for each in store.pages(limit=4, entity="e")]
        assert sizes == [4, 4, 2]
        assert not store.page(entity="none") and not store.page(entity="none").more
        assert "4 events, and more" in repr(page)


def test_max_bytes(path: Path) -> None:
    with batpak.open(path, durability="written") as store:
        for _ in range(10):
            store.append("e", "s", kind=NOTE, payload=bytes(1000))
        page = store.page(entity="e", max_bytes=3500)
        assert 1 <= len(page) <= 3 and page.more
        assert len(store.page(entity="e", max_bytes=1)) == 1
        assert sum(len(each) for each in store.pages(entity="e", max_bytes=1)) == 10


@pytest.mark.parametrize(
    "which",
    [
        {"entity": "a", "under": "b"},
        {"kind": NOTE, "category": 1},
        {"kind": -1},
        {"kind": 0x10000},
        {"category": 16},
        {"after": -1},
        {"after": 2**64},
        {"limit": -1},
        {"clock": (-1, 1)},
        {"clock": (0, 2**32)},
        {"max_bytes": -1},
    ],
    ids=str,
)
def test_impossible_queries(store: batpak.Store, which: dict[str, Any]) -> None:
    for call in (store.page, store.pages, store.events):
        with pytest.raises(CallError):
            list(call(**which))
    with pytest.raises(CallError):
        store.fold(0, lambda state, event: state, **which)


@pytest.mark.parametrize(
    "which",
    [
        {"entity": 1},
        {"under": b"a"},
        {"scope": 1.5},
        {"kind": "F:001"},
        {"after": "1"},
        {"limit": 1.5},
        {"clock": 1},
        {"unknown": 1},
    ],
    ids=str,
)
def test_queries_of_a_wrong_type(store: batpak.Store, which: dict[str, Any]) -> None:
    for call in (store.page, store.events):
        with pytest.raises(TypeError):
            list(call(**which))


def test_an_empty_filter_is_a_filter(store: batpak.Store) -> None:
    fill(store, 1)
    empty: list[dict[str, Any]] = [{"entity": ""}, {"scope": ""}, {"under": ""}]
    for which in empty:
        assert len(store.page(**which)) == 0


def test_events_by_limit(store: batpak.Store) -> None:
    fill(store, 10)
    assert [event.value() for event in store.events(entity="e", limit=3)] == [0, 1, 2]
    assert list(store.events(limit=0)) == []
    assert len(list(store.events(limit=10**12))) == 11


def test_events_sees_what_comes_meanwhile(store: batpak.Store) -> None:
    fill(store, 3000)
    events = store.events(entity="e")
    next(events)
    store.append("e", "s", kind=NOTE, value="late")
    assert list(events)[-1].value() == "late"


def test_get(store: batpak.Store) -> None:
    (receipt,) = fill(store, 1)
    assert store.get(receipt.event_id).sequence == receipt.sequence
    with pytest.raises(batpak.NotFound):
        store.get(bytes(16))
    for wrong in (b"", bytes(15), bytes(17)):
        with pytest.raises(CallError):
            store.get(wrong)
    with pytest.raises((TypeError, CallError)):
        store.get("x" * 16)  # type: ignore[call-overload]


def test_walk(store: batpak.Store) -> None:
    receipts = [store.append(f"e{number % 2}", "s", kind=NOTE, value=number) for number in range(10)]
    assert [event.value() for event in store.walk(receipts[8].event_id)] == [8, 6, 4, 2, 0]
    cut = store.walk(receipts[8].event_id, limit=2)
    assert [event.value() for event in cut] == [8, 6] and cut.more and not store.walk(receipts[8].event_id).more
    with pytest.raises(batpak.NotFound):
        store.walk(bytes(16))
    with pytest.raises(CallError):
        store.walk(receipts[0].event_id, limit=-1)


def test_fold(store: batpak.Store) -> None:
    fill(store, 1000)
    assert store.fold(0, lambda total, event: total + event.value(), entity="e") == sum(range(1000))
    assert store.fold([], lambda seen, event: [*seen, event.value()], entity="e", limit=3) == [0, 1, 2]
    assert store.fold("as it was", lambda state, event: "", entity="none") == "as it was"
    assert store.fold(None, lambda state, event: event.value(), entity="e", clock=(7, 7)) == 7


def test_a_fold_may_read_and_keep(store: batpak.Store) -> None:
    fill(store, 100)
    none: list[tuple[batpak.Event[bytes], int]] = []
    kept = store.fold(none, lambda seen, event: [*seen, (event, store.get(event.event_id).value())], entity="e")
    assert [(event.value(), read) for event, read in kept] == [(number, number) for number in range(100)]


def test_a_large_payload_without_a_copy(store: batpak.Store) -> None:
    blob = os.urandom(8 << 20)
    receipt = store.append("e", "s", kind=NOTE, payload=blob)
    event = store.get(receipt.event_id)
    view = event.payload_view
    assert isinstance(view, memoryview) and view.readonly and view.nbytes == len(blob) and view.format == "B"
    del event
    assert hashlib.sha256(view).digest() == hashlib.sha256(blob).digest()
    with pytest.raises(TypeError):
        view[0] = 1


def test_an_empty_payload(store: batpak.Store) -> None:
    event = store.get(store.append("e", "s", kind=NOTE, payload=b"").event_id)
    assert event.payload == b"" and bytes(event.payload_view) == b""
    with pytest.raises(batpak.PayloadError):
        event.value()


def test_many_events_by_pages(path: Path) -> None:
    count = 200_000
    with batpak.open(path, durability="written") as store:
        store.append_many(
            Draft(f"e{number % 7}", "s", kind=NOTE, payload=number.to_bytes(4, "big")) for number in range(count)
        )
        seen = 0
        for number, event in enumerate(store.events(category=0xF)):
            assert event.payload == number.to_bytes(4, "big")
            seen += 1
        assert seen == count
        assert sum(len(page.sequences) for page in store.pages(category=0xF)) == count
        assert store.fold(0, lambda total, event: total + 1, category=0xF) == count
        assert sum(1 for _ in store.events(entity="e3")) == count // 7 + (count % 7 > 3)


def test_stat(path: Path) -> None:
    with batpak.open(path) as store:
        fill(store, 3)
        found = store.stat()
        assert (found.events, found.entities, found.scopes, found.segments) == (4, 2, 2, 1)
        assert (found.first_sequence, found.last_sequence) == (0, 3) and not found.poisoned
        assert 0 < found.bytes <= segment_bytes(path)  # files are longer while they are written to
        assert found.durable_sequence == 4 and found.writes >= 3 and found.syncs >= 3
    with batpak.open(path) as store:
        assert store.stat().clean_close
    with batpak.open(path, mode="read_only") as store:
        assert store.stat().bytes == segment_bytes(path)


def segment_bytes(path: Path) -> int:
    return sum(file.stat().st_size for file in path.glob("*.fbat"))


def test_versions() -> None:
    assert batpak.version() == batpak.__version__ and batpak.abi_version() == 1 and batpak.format_version() == 1
    assert (
        batpak.status_name(203) == "BP_LOCKED"
        and batpak.status_name(-1) == "BP_UNKNOWN"
        and batpak.status_advice(203)
    )


def test_every_name_is_documented() -> None:
    for name in batpak.__all__:
        thing = getattr(batpak, name)
        assert thing.__doc__, name
        if isinstance(thing, type) and thing.__module__.startswith("batpak"):
            for member, found in vars(thing).items():
                if not member.startswith("_") and (callable(found) or isinstance(found, property)):
                    assert found.__doc__, f"{name}.{member}"
