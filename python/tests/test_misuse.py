"""What is no argument: refused by a clear error, before anything is written, and never taken for something else."""

from __future__ import annotations

import copy
import json
import pickle
import warnings
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import batpak
import pytest

WRONG: Any = object()
KEY = batpak.key_generate()

FREE: dict[str, Callable[[], Any]] = {
    "a number as payload": lambda: batpak.payload_to_json(3),  # type: ignore[arg-type]
    "a list as payload": lambda: batpak.payload_to_json([1, 2]),  # type: ignore[arg-type]
    "wide items": lambda: batpak.payload_decode(memoryview(array("I", [1]))),
    "a number as JSON": lambda: batpak.payload_from_json(1),  # type: ignore[arg-type]
    "a list as seed": lambda: batpak.key_derive(list(range(32))),  # type: ignore[arg-type]
    "a list as key": lambda: batpak.key_id([0] * 32),  # type: ignore[arg-type]
    "a number as entity": lambda: batpak.coordinate_check(5, "a"),  # type: ignore[arg-type]
    "a number as kind": lambda: batpak.Kind.parse(5),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", FREE)
def test_free_functions(name: str) -> None:
    with pytest.raises(TypeError):
        FREE[name]()


CALLS: dict[str, Callable[[batpak.Store], Any]] = {
    "one key for several": lambda store: store.verify(trust=KEY.public_key),  # type: ignore[arg-type]
    "no bytes for keys": lambda store: store.verify(trust=b""),  # type: ignore[arg-type]
    "a number as key": lambda store: store.verify(trust=[32]),  # type: ignore[list-item]
    "a key with its seed": lambda store: store.verify(trust=[KEY]),  # type: ignore[list-item]
    "a line as receipt": lambda store: store.verify_receipt("{}"),  # type: ignore[arg-type]
    "lines as receipts": lambda store: store.verify(receipts=["{}"]),  # type: ignore[list-item]
    "no drafts": lambda store: store.append_many([WRONG]),
    "wide payload": lambda store: store.append("e", "s", kind=0xF001, payload=memoryview(array("I", [1]))),
    "a clock for both": lambda store: store.page(clock=5),  # type: ignore[call-overload]
    "a copied store": copy.copy,
    "a pickled store": pickle.dumps,
}


@pytest.mark.parametrize("name", CALLS)
def test_calls(store: batpak.Store, name: str) -> None:
    before = store.stat().events
    with pytest.raises(TypeError):
        CALLS[name](store)
    assert not store.closed and store.stat().events == before


def test_seeds(path: Path) -> None:
    for seeds in (KEY.seed, [32], "seed"):
        with pytest.raises(TypeError):
            batpak.open(path, signing_seeds=seeds)  # type: ignore[arg-type]
    assert not path.exists()


def test_extensions_are_a_mapping() -> None:
    with pytest.raises(batpak.ValueRefused):
        batpak.extensions_encode([1])  # type: ignore[arg-type]
    assert batpak.extensions_encode({"a.b": memoryview(b"abcd")[::2]}) == batpak.extensions_encode({"a.b": b"ac"})


def test_a_copy_of_empty(store: batpak.Store) -> None:
    assert copy.deepcopy(batpak.EMPTY) is pickle.loads(pickle.dumps(batpak.EMPTY)) is batpak.EMPTY


@pytest.mark.parametrize("wrong", [{"entity": None}, {"key": b"short"}, {"kind": "x"}])
def test_what_was_appended_before_a_wrong_draft_is_told(store: batpak.Store, wrong: dict[str, Any]) -> None:
    given: dict[str, Any] = {"entity": "e", "scope": "s", "kind": 0xF001, "payload": b""}
    drafts = [batpak.Draft(**given) for _ in range(2500)]
    drafts[2400] = batpak.Draft(**{**given, **wrong})
    before = store.stat().events
    with pytest.raises((TypeError, batpak.CallError)) as caught:
        store.append_many(drafts)
    accepted: batpak.Accepted = getattr(caught.value, "accepted")
    assert len(accepted) == store.stat().events - before == 2048
    assert [receipt.event_id for receipt in accepted] == [event.event_id for event in store.events(entity="e")]


def test_a_warning_that_is_an_error_leaves_no_lock(path: Path) -> None:
    holder: dict[str, Any] = {"store": batpak.open(path)}
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        with pytest.raises(ResourceWarning):
            holder["store"].__del__()
    assert holder["store"].closed
    batpak.open(path).close()


@pytest.mark.parametrize("members", [{"replayed": True}, {"same": True}, {"same": False}])
def test_a_receipt_that_contradicts_itself(store: batpak.Store, members: dict[str, Any]) -> None:
    line = store.append("e", "s", kind=0xF001, payload=b"").to_json()
    with pytest.raises(batpak.PayloadError, match="same is given where replayed"):
        batpak.Receipt.from_json(json.dumps({**json.loads(line), **members}))


def test_a_value_that_changes_while_it_is_written() -> None:
    """As another thread could do it: what is written is what each container held when its turn came."""
    outer: list[Any] = []
    inner: list[Any] = []

    @dataclass
    class Changing:
        x: int = 0

        def __getattribute__(self, name: str) -> Any:
            if name == "x":
                del outer[1:]
                inner.append("more")
            return object.__getattribute__(self, name)

    inner += [Changing(), 5]
    outer += [inner, 1]
    assert batpak.payload_decode(batpak.payload_encode(outer)) == [[{"x": 0}, 5], 1]
