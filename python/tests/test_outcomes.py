"""Outcomes: the table of the combinators, their laws, bytes held against the library's."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import batpak
import pytest
from batpak import (
    Cancelled,
    CustomAction,
    Err,
    ErrorKind,
    Notify,
    Ok,
    Outcome,
    OutcomeBatch,
    OutcomeError,
    Pending,
    Release,
    Retry,
    Rollback,
    WaitForAll,
    WaitForAny,
    WaitForCustom,
    WaitForEvent,
    WaitForTime,
    outcome_decode,
    outcome_encode,
)
from batpak._batpak import ffi, lib
from hypothesis import given
from hypothesis import strategies as st

BAD = OutcomeError(ErrorKind.CONFLICT, "no")
OK: Outcome[int] = Ok(1)
ERR: Outcome[int] = Err(BAD)
RETRY: Outcome[int] = Retry(10, 1, 3, "full")
PENDING: Outcome[int] = Pending(WaitForTime(7), bytes(16))
CANCELLED: Outcome[int] = Cancelled("given up")
ALL = OK, ERR, RETRY, PENDING, CANCELLED, OutcomeBatch((OK, ERR))

ids = st.binary(min_size=16, max_size=16)
u16, u32, u64 = (st.integers(0, 2**bits - 1) for bits in (16, 32, 64))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
kinds = st.one_of(
    st.sampled_from([kind for kind in vars(ErrorKind).values() if isinstance(kind, ErrorKind)]), u16.map(ErrorKind.custom)
)
many_ids = st.lists(ids, max_size=3).map(tuple)
compensations = st.one_of(
    st.none(), many_ids.map(Rollback), many_ids.map(Release), st.builds(Notify, ids, texts),
    st.builds(CustomAction, texts, st.binary(max_size=20)),
)
errors = st.builds(OutcomeError, kinds, texts, compensations)
conditions: st.SearchStrategy[Any] = st.recursive(
    st.one_of(u64.map(WaitForTime), ids.map(WaitForEvent), st.builds(WaitForCustom, u16, st.binary(max_size=20))),
    lambda inner: st.lists(inner, max_size=3).map(tuple).flatmap(
        lambda items: st.sampled_from([WaitForAll(items), WaitForAny(items)])),
    max_leaves=5,
)
leaves: st.SearchStrategy[Any] = st.one_of(
    st.integers(-5, 5).map(Ok), errors.map(Err), st.builds(Retry, u64, u32, u32, texts),
    st.builds(Pending, conditions, ids), texts.map(Cancelled),
)
outcomes: st.SearchStrategy[Outcome[int]] = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3).map(lambda items: OutcomeBatch(tuple(items))), max_leaves=8
)


def step_of(number: int) -> Callable[[int], Outcome[int]]:
    """A step that answers outcomes of all classes, batches among them."""
    return lambda value: [
        Ok(value * 3 + number), Err(OutcomeError(ErrorKind.VALIDATION, str(value))), OutcomeBatch((Ok(value), Cancelled("c"), Ok(number))),
        Retry(value + 5, 1, 1, "r"), OutcomeBatch(()), OutcomeBatch((OutcomeBatch((Ok(value + number),)), Ok(value))),
    ][(value + number) % 6]


steps = st.integers(0, 5).map(step_of)


# --- laws


@given(st.integers(-5, 5), steps)
def test_left_identity(value: int, step: Callable[[int], Outcome[int]]) -> None:
    assert Ok(value).and_then(step) == step(value)


@given(outcomes)
def test_right_identity_and_mapping_by_nothing(outcome: Outcome[int]) -> None:
    assert outcome.and_then(Ok) == outcome.map(lambda value: value) == outcome
    assert outcome.or_else(Err) == outcome.map_err(lambda error: error) == outcome
    assert outcome.map(Ok).flatten() == outcome


@given(outcomes, steps, steps)
def test_associativity(outcome: Outcome[int], f: Callable[[int], Outcome[int]], g: Callable[[int], Outcome[int]]) -> None:
    # P-095
    assert outcome.and_then(f).and_then(g) == outcome.and_then(lambda value: f(value).and_then(g))
    assert outcome.map(f).flatten() == outcome.and_then(f)
    assert outcome.map(lambda value: value + 1).map(str) == outcome.map(lambda value: str(value + 1))


@given(outcomes)
def test_looking_changes_nothing(outcome: Outcome[int]) -> None:
    values: list[int] = []
    seen: list[OutcomeError] = []
    assert outcome.inspect(values.append) is outcome and outcome.inspect_err(seen.append) is outcome
    flat = list(flattened(outcome))
    assert values == [leaf.value for leaf in flat if isinstance(leaf, Ok)]
    assert seen == [leaf.error for leaf in flat if isinstance(leaf, Err)]


def flattened(outcome: Outcome[int]) -> list[Outcome[int]]:
    if isinstance(outcome, OutcomeBatch):
        return [leaf for item in outcome.items for leaf in flattened(item)]
    return [outcome]


@given(outcomes, steps)
def test_a_condition(outcome: Outcome[int], step: Callable[[int], Outcome[int]]) -> None:
    assert outcome.and_then_if(lambda value: True, step) == outcome.and_then(step)
    assert outcome.and_then_if(lambda value: False, step) == outcome


@given(st.lists(outcomes, max_size=4))
def test_joining(items: list[Outcome[int]]) -> None:
    flat = [leaf for item in items for leaf in flattened(item)]
    bad = [leaf for leaf in flat if not isinstance(leaf, Ok)]
    expected = bad[0] if bad else Ok(tuple(leaf.value for leaf in flat if isinstance(leaf, Ok)))
    assert Outcome.join_all(items) == expected == Outcome.join_all([OutcomeBatch(tuple(items))])
    any_of = Outcome.join_any(items)
    decisive = [leaf for leaf in flat if not isinstance(leaf, Err)]
    assert any_of == decisive[0] if decisive else isinstance(any_of, Err)


@given(outcomes, outcomes)
def test_zipping(a: Outcome[int], b: Outcome[int]) -> None:
    ranked = [Err, Cancelled, Retry, Pending, OutcomeBatch, Ok]
    ranks = ranked.index(type(a)), ranked.index(type(b))
    made: object = a.zip(b)
    if min(ranks) < 4:
        assert made is (a if ranks[0] <= ranks[1] else b)
    elif ranks == (5, 5):
        assert isinstance(made, Ok) and made.value == (a.into_result(), b.into_result())
    elif ranks == (4, 4) and len(a.items) != len(b.items):  # type: ignore[attr-defined]
        assert isinstance(made, Err) and made.error.kind == ErrorKind.INTERNAL
    else:
        assert isinstance(made, OutcomeBatch)


# --- the table


def test_what_stays_and_what_changes() -> None:
    for outcome in (RETRY, PENDING, CANCELLED):
        same: list[object] = [
            outcome.map(str), outcome.or_else(lambda error: OK), outcome.zip(OK), OK.zip(outcome), ERR.map(str)]
        assert all(made is outcome for made in same[:4]) and same[4] is ERR
    assert OK.map(str) == Ok("1") and OK.or_else(lambda error: ERR) is OK
    assert ERR.or_else(lambda error: Ok(str(error))) == Ok("[Conflict] no")
    assert OutcomeBatch((OK, ERR)).map_err(lambda error: OutcomeError(error.kind, "x")) == OutcomeBatch(
        (OK, Err(OutcomeError(ErrorKind.CONFLICT, "x"))))
    assert OutcomeBatch((OK, OK)).zip(Ok("a")) == OutcomeBatch((Ok((1, "a")), Ok((1, "a"))))
    pair: object = OutcomeBatch((OK,)).zip(OutcomeBatch((ERR,)))
    assert pair == OutcomeBatch((ERR,))
    assert Outcome.join_any([]) == Outcome.join_any([ERR, OutcomeBatch(())])
    assert Outcome.join_any([ERR, OK, PENDING]) is OK and Outcome.join_any([ERR, CANCELLED, OK]) is CANCELLED
    assert Outcome.join_all([]) == Ok(())


def test_the_last_word() -> None:
    assert [outcome.is_terminal for outcome in ALL] == [True, True, False, False, True, False]
    assert [outcome.unwrap_or("d") for outcome in ALL] == [1, "d", "d", "d", "d", "d"]
    assert [outcome.unwrap_or_else(lambda: 0) for outcome in ALL] == [1, 0, 0, 0, 0, 0]
    assert OK.into_result() == 1
    kinds = []
    for outcome in ALL[1:]:
        with pytest.raises(OutcomeError) as caught:
            outcome.into_result()
        kinds.append(caught.value.kind)
    assert kinds == [ErrorKind.CONFLICT, ErrorKind.TIMEOUT, ErrorKind.PENDING, ErrorKind.CANCELLED, ErrorKind.BATCH_COLLAPSE]
    assert BAD.__traceback__ is None


def test_kinds() -> None:
    assert {kind.name: kind.error_class for kind in vars(ErrorKind).values() if isinstance(kind, ErrorKind)} == {
        "NotFound": "domain", "Conflict": "domain", "Validation": "domain", "PolicyRejection": "domain",
        "Cancelled": "domain", "StorageError": "operational", "Timeout": "operational", "Pending": "operational",
        "Serialization": "operational", "Internal": "operational", "BatchCollapse": "operational"}
    assert ErrorKind.TIMEOUT.is_retryable and ErrorKind.STORAGE_ERROR.is_retryable and not ErrorKind.INTERNAL.is_retryable
    mine = ErrorKind.custom(7)
    assert (str(mine), mine.error_class, mine.is_retryable) == ("Custom(7)", None, False) and mine == ErrorKind.custom(7)
    refused: tuple[Callable[[], ErrorKind], ...] = (
        lambda: ErrorKind.custom(2**16), lambda: ErrorKind.custom(-1), lambda: ErrorKind(0), lambda: ErrorKind(12),
        lambda: ErrorKind(1, 1))
    for wrong in refused:
        with pytest.raises(batpak.CallError):
            wrong()


# --- values


@given(outcomes)
def test_values(outcome: Outcome[int]) -> None:
    copy = pickle.loads(pickle.dumps(outcome))
    assert copy == outcome and hash(copy) == hash(outcome) and type(outcome).__name__ in repr(outcome)
    with pytest.raises(AttributeError):
        outcome.anything = 1  # type: ignore[attr-defined]


def test_misuse() -> None:
    with pytest.raises(TypeError):
        Outcome()
    with pytest.raises(TypeError):
        OK.and_then(lambda value: value)  # type: ignore[arg-type, return-value]
    wrongs: list[Any] = [3, None, OutcomeBatch((3,)), BAD]  # type: ignore[arg-type]
    for wrong in wrongs:
        with pytest.raises(TypeError):
            outcome_encode(wrong)
    unsayable: list[Outcome[Any]] = [
        Pending(WaitForTime(7), b"short"), Pending(WaitForTime(2**64), bytes(16)), Retry(-1, 1, 1, ""),
        Retry(1, 2**32, 1, ""), Ok({1, 2}), Cancelled("\ud800"), Pending(WaitForEvent(b""), bytes(16)),
        Err(OutcomeError(ErrorKind.INTERNAL, "", Rollback((b"1",)))), Pending(WaitForCustom(2**16, b""), bytes(16)),
    ]
    for unsaid in unsayable:
        with pytest.raises(batpak.Error):
            outcome_encode(unsaid)
    for compensation in (3, "undo"):
        with pytest.raises(TypeError):
            outcome_encode(Err(OutcomeError(ErrorKind.INTERNAL, "", compensation)))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        outcome_encode(Pending("tomorrow", bytes(16)))  # type: ignore[arg-type]
    for data in (b"", b"\xc0", b"\x81", outcome_encode(OK)[:-1]):
        with pytest.raises(batpak.PayloadError):
            outcome_decode(data)
    with pytest.raises(TypeError):
        outcome_decode("text")  # type: ignore[arg-type]


def test_depth() -> None:
    deep: Outcome[int] = OK
    for _ in range(400):
        deep = OutcomeBatch((deep,))
    data = outcome_encode(deep)
    assert outcome_encode(outcome_decode(data)) == data == outcome_encode(deep.map(lambda value: value))
    assert Outcome.join_all([deep]) == Ok((1,)) and Outcome.join_any([deep]) is OK
    for _ in range(110):
        deep = OutcomeBatch((deep,))
    data = outcome_encode(deep)
    assert outcome_encode(outcome_decode(data)) == data
    with pytest.raises(batpak.PayloadError):
        outcome_encode(OutcomeBatch((OutcomeBatch((deep,)),)))
    waiting: Any = WaitForTime(1)
    for _ in range(500):
        waiting = WaitForAny((waiting,))
    data = outcome_encode(Pending(waiting, bytes(16)))
    assert outcome_encode(outcome_decode(data)) == data


# --- bytes


@given(outcomes)
def test_bytes_and_back(outcome: Outcome[int]) -> None:
    data = outcome_encode(outcome)
    assert outcome_decode(data) == outcome == outcome_decode(bytearray(data + b"behind"))
    assert data == batpak.payload_encode(plain(outcome))


def plain(outcome: Outcome[int]) -> dict[str, Any]:
    """What the specification says of each, written down as a value."""
    if isinstance(outcome, Ok):
        data: Any = outcome.value
    elif isinstance(outcome, Err):
        kind = outcome.error.kind
        data = {"kind": kind.name if kind.code is None else {"Custom": kind.code}, "message": outcome.error.message,
                "compensation": undoing(outcome.error.compensation)}
    elif isinstance(outcome, Retry):
        data = {"after_ms": outcome.after_ms, "attempt": outcome.attempt, "max_attempts": outcome.max_attempts,
                "reason": outcome.reason}
    elif isinstance(outcome, Pending):
        data = {"condition": waiting(outcome.condition), "resume_token": outcome.resume_token}
    elif isinstance(outcome, Cancelled):
        data = {"reason": outcome.reason}
    else:
        assert isinstance(outcome, OutcomeBatch)
        return {"type": "Batch", "data": [plain(item) for item in outcome.items]}
    return {"type": type(outcome).__name__, "data": data}


def undoing(action: Any) -> Any:
    if isinstance(action, Rollback):
        return {"Rollback": {"event_ids": [list(one) for one in action.event_ids]}}
    if isinstance(action, Release):
        return {"Release": {"resource_ids": [list(one) for one in action.resource_ids]}}
    if isinstance(action, Notify):
        return {"Notify": {"target_id": action.target_id, "message": action.message}}
    return action and {"Custom": {"action_type": action.action_type, "data": list(action.data)}}


def waiting(condition: Any) -> Any:
    if isinstance(condition, WaitForTime):
        return {"Timeout": {"resume_at_ms": condition.resume_at_ms}}
    if isinstance(condition, WaitForEvent):
        return {"Event": {"event_id": condition.event_id}}
    if isinstance(condition, WaitForCustom):
        return {"Custom": {"tag": condition.tag, "data": list(condition.data)}}
    return {type(condition).__name__.removeprefix("WaitFor"): [waiting(item) for item in condition.items]}


@given(st.lists(outcomes, max_size=3), outcomes, outcomes)
def test_the_library_combines_alike(items: list[Outcome[int]], a: Outcome[int], b: Outcome[int]) -> None:
    assert without_words(a.zip(b)) == by_the_library("bp_outcome_zip", [a, b])
    assert without_words(Outcome.join_all(items)) == by_the_library("bp_outcome_join_all", items)
    assert without_words(Outcome.join_any(items)) == by_the_library("bp_outcome_join_any", items)


def without_words(outcome: Outcome[Any]) -> bytes:
    """What is made up where there is nothing to answer is worded for people, and not compared."""
    return outcome_encode(outcome.map_err(
        lambda error: OutcomeError(error.kind, "", error.compensation) if error.kind == ErrorKind.INTERNAL else error))


def by_the_library(name: str, given: list[Outcome[int]]) -> bytes:
    memory, error = ffi.new("bp_outcomes **"), ffi.new("bp_error *")
    raw, made = ffi.new("bp_outcome[]", len(given) + 1), ffi.new("bp_outcome *")
    lib.bp_outcome_init(made, ffi.sizeof("bp_outcome"))
    lib.bp_outcomes_new(memory, error)
    for at, outcome in enumerate(given):
        lib.bp_outcome_init(raw + at, ffi.sizeof("bp_outcome"))
        data = outcome_encode(outcome)
        assert lib.bp_outcome_decode(data, len(data), memory[0], raw + at, error) == 0
    arguments = (raw, raw + 1) if name == "bp_outcome_zip" else (raw, len(given))
    assert getattr(lib, name)(*arguments, memory[0], made, error) == 0
    needed, buffer = ffi.new("size_t *"), ffi.new("uint8_t[]", 1 << 16)
    assert lib.bp_outcome_encode(made, buffer, 1 << 16, needed, error) == 0
    data = bytes(ffi.buffer(buffer, needed[0]))
    lib.bp_outcomes_free(memory[0])
    return without_words(outcome_decode(data))
