"""Atomic batches: all or nothing, causes among items, keys, limits, the gathered form."""

from __future__ import annotations

from pathlib import Path

import batpak
import pytest
from batpak import BatchError, Draft, Status

NOTE = 0xF001


def drafts(count: int, **options: object) -> list[Draft]:
    return [Draft(f"e:{at % 2}", "s", kind=NOTE, value=at, **options) for at in range(count)]  # type: ignore[arg-type]


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def test_all_of_it_with_one_flush(path: Path) -> None:
    with batpak.open(path, durability="written") as store:
        before = store.stat()
        accepted = store.append_batch(drafts(5))
        after = store.stat()
        assert (after.writes - before.writes, after.syncs - before.syncs) == (1, 1)
        assert [receipt.sequence for receipt in accepted] == [1, 2, 3, 4, 5]
        assert all(receipt.durable for receipt in accepted)
        assert len(store.append_batch([])) == 0
    with batpak.open(path, mode="read_only") as store:
        assert [event.value() for event in store.events(kind=NOTE)] == [0, 1, 2, 3, 4]
        assert all(store.verify_receipt(receipt).valid for receipt in accepted)


def test_an_earlier_item_is_the_cause(store: batpak.Store) -> None:
    with store.batch() as batch:
        first = batch.append("e", "s", kind=NOTE, value=1)
        batch.append("e", "s", kind=NOTE, value=2, cause_item=first)
        assert len(batch) == 2 and "2" in repr(batch) and batch.receipts is None
    assert batch.receipts is not None and len(batch) == 0
    one, other = (store.get(receipt.event_id) for receipt in batch.receipts)
    assert one.causation_id is None and other.causation_id == one.event_id


def test_a_reaction(store: batpak.Store) -> None:
    # P-001
    cause = store.append("e", "s", kind=NOTE, value=0)
    with store.batch(correlation_id=cause.event_id, causation_id=cause.event_id) as batch:
        batch.append("e", "s", kind=NOTE, value=1)
        batch.append("e", "s", kind=NOTE, value=2, causation_id=key(9), correlation_id=key(8))
        batch.append("e", "s", kind=NOTE, value=3, cause_item=0)
    assert batch.receipts is not None
    events = [store.get(receipt.event_id) for receipt in batch.receipts]
    assert [event.correlation_id for event in events] == [cause.event_id] * 3
    assert [event.causation_id for event in events] == [cause.event_id, key(9), events[0].event_id]
    with pytest.raises(batpak.CallError):
        store.batch(causation_id=cause.event_id)


def test_an_exception_inside_appends_nothing(store: batpak.Store) -> None:
    # P-097
    with pytest.raises(ZeroDivisionError), store.batch() as batch:
        batch.append("e", "s", kind=NOTE, value=1)
        raise ZeroDivisionError
    assert store.stat().events == 1 and len(batch) == 0


def test_what_was_not_appended_stays_gathered(store: batpak.Store) -> None:
    batch = store.batch()
    batch.append("e", "s", kind=NOTE, value=1, key=key(1))
    batch.append("e", "s", kind=NOTE, value=2, key=key(1))
    with pytest.raises(BatchError):
        batch.flush()
    assert len(batch) == 2
    batch.clear()
    assert len(batch.flush()) == 0
    with pytest.raises(TypeError):
        batch.add("no draft")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        batpak.Batch()


def test_known_keys_answer_the_first_receipts(store: batpak.Store) -> None:
    keyed = [Draft("e", "s", kind=NOTE, value=at, key=key(at + 1), extensions={"a.b": b"x" * at}) for at in range(3)]
    first = store.append_batch(keyed)
    again = store.append_batch(Draft("e", "s", kind=NOTE, value=at, key=key(at + 1)) for at in range(3))
    assert [receipt.sequence for receipt in again] == [receipt.sequence for receipt in first]
    assert all(receipt.replayed for receipt in again)
    assert [receipt.extensions for receipt in again] == [receipt.extensions for receipt in first]


REFUSED = {
    Status.BP_BATCH_COUNT: (drafts(5), 0),
    Status.BP_BATCH_BYTES: ([*drafts(3), Draft("e", "s", kind=NOTE, payload=bytes(100))], 3),
    Status.BP_BATCH_EXPECTATION: ([*drafts(2), Draft("e", "s", kind=NOTE, value=0, expect=batpak.EMPTY)], 2),
    Status.BP_BATCH_KEYS: ([*drafts(1), Draft("e", "s", kind=NOTE, value=0, key=key(1))], 1),
    Status.BP_BATCH_DUPLICATE_KEY: (drafts(2, key=key(1)), 1),
    Status.BP_BATCH_CAUSE: (drafts(2, cause_item=0), 0),
    Status.BP_ENTITY_EMPTY: ([*drafts(2), Draft("", "s", kind=NOTE, value=0)], 2),
}


@pytest.mark.parametrize("status", REFUSED, ids=lambda status: status.name)
def test_a_bad_item_changes_nothing(path: Path, status: Status) -> None:
    # P-098
    given, place = REFUSED[status]
    with batpak.open(path, batch_max_events=4, batch_max_bytes=64) as store:
        with pytest.raises(batpak.RefusedError) as raised:
            store.append_batch(given)
        assert raised.value.code == status and raised.value.offset == place
        assert isinstance(raised.value, BatchError) == status.name.startswith("BP_BATCH")
        assert store.append("e", "s", kind=NOTE, value=1).sequence == 1


def test_a_cause_item_is_for_batches_alone(store: batpak.Store) -> None:
    with pytest.raises(batpak.CallError):
        store.append_many(drafts(1, cause_item=0))


def test_options_of_the_queue_are_checked(path: Path) -> None:
    for option in ({"batch_max_events": 4097}, {"batch_max_bytes": 0}, {"queue_capacity": 0}, {"pressure_percent": 101}):
        with pytest.raises(batpak.ConfigurationError):
            batpak.open(path, **option)  # type: ignore[arg-type]
    with batpak.open(path, drain_limit=0, restart_max=0, restart_within_ms=2**63, preallocate_bytes=0):
        pass
