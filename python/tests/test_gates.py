"""Gates, permits, denials, bypasses, and steps between states."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import batpak
import pytest
from batpak import At, Bypass, Denial, Denied, Draft, Gate, Gates, Machine, Permit, Status, Transition

NOTE = 0xF001
DRAFT = Draft("account:7", "bank", kind=NOTE, value=42)


def below(amount: int) -> Denial | None:
    """At most a hundred.

    Not more."""
    if amount <= 100:
        return None
    return Denial("more than one payment may be", code="LIMIT", context={"rule": "payments:2", "of": "ö"})


def even(amount: int) -> None:
    if amount % 2:
        raise Denial("odd amounts", context=[("k", "1"), ("k", "2")])


def fails(amount: int) -> None:
    raise LookupError("no table")


# --- asking


def test_in_order_up_to_the_first_denial() -> None:
    asked: list[str] = []

    def spy(name: str, denial: Denial | None = None) -> Gate[int]:
        def look(amount: int) -> Denial | None:
            asked.append(f"{name}:{amount}")
            return denial

        return Gate(look, name)

    gates = Gates([spy("one"), spy("two", Denial("no")), spy("three", Denial("never asked"))])
    with pytest.raises(Denied) as caught:
        gates.evaluate(5, DRAFT)
    assert asked == ["one:5", "two:5"] and caught.value.code is Status.BP_DENIED
    assert list(caught.value.denials) == [Denial("no", gate="two", position=2)]
    assert caught.value.text == "[two] no" == str(caught.value.denials[0]) and caught.value.__cause__ is None
    assert [denial.gate for denial in gates.evaluate_all(6)] == ["two", "three"] and asked[2:] == ["one:6", "two:6", "three:6"]


def test_what_gates_and_denials_say() -> None:
    gates: Gates[int] = Gates([below, even, Gate(fails, "broken", "always fails")])
    assert gates.names == ("below", "even", "broken") and len(gates) == 3
    assert gates.descriptions == ("At most a hundred.", "", "always fails")
    first, second, third = gates.evaluate_all(101)
    assert (first.gate, first.code, first.position) == ("below", "LIMIT", 1)
    assert first.context == (("rule", "payments:2"), ("of", "ö"))
    assert second.context == (("k", "1"), ("k", "2")) and (second.code, second.message) == ("", "odd amounts")
    assert (third.code, third.message) == ("GATE_DEFECT", "no table")
    assert pickle.loads(pickle.dumps(first)) == first and len({first, copy.copy(first), second}) == 2
    assert Gates[int]().evaluate_all(1) == () and Gates[int]().evaluate(1, DRAFT).gates == ()


@pytest.mark.parametrize("wrong, message", [
    (fails, "no table"), (lambda context: False, "the gate answered a bool, which is neither None nor a Denial"),
    (lambda context: 1 / 0, "division by zero"), (lambda: None, None), (lambda context: Denial("\ud800"), None),
    (lambda context: Denial(5), None), (lambda context: Denial(context=[("a", 5)]), None),  # type: ignore[arg-type, list-item]
    (lambda context: exec("raise LookupError"), "LookupError"),
], ids=str)
def test_a_defect_is_a_denial_in_both_ways_of_asking(wrong: Any, message: str | None) -> None:
    gates: Gates[int] = Gates([Gate(wrong, "wrong")])
    with pytest.raises(Denied) as caught:
        gates.evaluate(1, DRAFT)
    assert caught.value.__cause__ is not None
    for denial in (*caught.value.denials, *gates.evaluate_all(1)):
        assert denial.code == "GATE_DEFECT" and message in (None, denial.message) and denial.message


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interrupt_is_no_answer(stop: type[BaseException]) -> None:
    asked: list[int] = []

    def interrupted(amount: int) -> None:
        raise stop

    gates: Gates[int] = Gates([interrupted, asked.append])
    for ask in (lambda: gates.evaluate(1, DRAFT), lambda: gates.evaluate_all(1)):
        with pytest.raises(stop):
            ask()
    assert not asked


def test_a_gate_may_use_the_store_and_its_own_set(store: batpak.Store) -> None:
    sets: list[Gates[int]] = []

    def busy(amount: int) -> Denial | None:
        store.append("gate:1", "s", kind=NOTE, value=amount)
        assert len(list(store.events(entity="gate:1"))) > 0
        return sets[0].evaluate_all(amount - 1)[0] if amount else Denial("bottom")

    sets.append(Gates([busy]))
    assert [denial.message for denial in sets[0].evaluate_all(3)] == ["bottom"]
    assert len(list(store.events(entity="gate:1"))) == 4


def test_many_threads_ask_one_set() -> None:
    gates: Gates[int] = Gates([below, even])
    wrong: list[int] = []

    def ask(number: int) -> None:
        for amount in range(number, number + 200):
            expected = (amount > 100) + amount % 2
            if len(gates.evaluate_all(amount)) != expected:
                wrong.append(amount)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(0, 80, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# --- permits


def test_a_permit_commits_once(store: batpak.Store, path: Path) -> None:
    draft = Draft("account:7", "bank", kind=NOTE, value=42, extensions={"a.b": b"12"}, key=b"k" * 16)
    permit = Gates([below, even]).evaluate(42, draft)
    assert permit.gates == ("below", "even") and permit.audit is None and permit.draft is draft
    receipt = store.commit(permit)
    event = store.get(receipt.event_id)
    assert event.value() == 42 and receipt.extensions == event.extensions == {"a.b": b"12"}
    with pytest.raises(batpak.PermitUsed) as caught:
        store.commit(permit)
    assert caught.value.path == path and caught.value.receipt is None
    again = store.commit(Gates([below]).evaluate(1, Draft("account:7", "bank", kind=NOTE, value=42, key=b"k" * 16)))
    assert again.replayed and again.extensions == {"a.b": b"12"}
    assert len(list(store.events(kind=NOTE))) == 1


def test_a_permit_that_failed_can_be_tried_again(store: batpak.Store) -> None:
    permit = Gates[int]().evaluate(1, Draft("e", "s", kind=NOTE, value=1, expect=1))
    with pytest.raises(batpak.ExpectationFailed):
        store.commit(permit)
    for _ in range(2):
        store.append("e", "s", kind=NOTE, value=0)
    assert store.commit(permit).sequence == 3


def test_of_many_threads_one_commits(store: batpak.Store) -> None:
    permit = Gates[int]().evaluate(1, DRAFT)
    receipts: list[batpak.Receipt] = []
    used: list[batpak.PermitUsed] = []

    def commit() -> None:
        try:
            receipts.append(store.commit(permit))
        except batpak.PermitUsed as error:
            used.append(error)

    threads = [threading.Thread(target=commit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(receipts), len(used)) == (1, 7) and len(list(store.events(kind=NOTE))) == 1


def test_past_the_gates(store: batpak.Store) -> None:
    permit = Permit.bypass(DRAFT, "incident", "the gates are down", "ops:7")
    assert permit.gates == () and permit.audit == Bypass("incident", "the gates are down", "ops:7")
    assert store.commit(permit).sequence == 1 and permit.audit is not None and "past" in repr(permit)
    assert Permit.bypass(DRAFT, "r", "").audit == Bypass("r", "")


def test_a_permit_cannot_be_made_otherwise(store: batpak.Store) -> None:
    permit = Gates[int]().evaluate(1, DRAFT)
    gates: Gates[int] = Gates()
    wrongs: tuple[Callable[[], object], ...] = (
        Permit, lambda: copy.copy(permit), lambda: pickle.dumps(permit), lambda: copy.copy(gates),
        lambda: store.commit(DRAFT), lambda: store.commit(None),  # type: ignore[arg-type]
        lambda: gates.evaluate(1, "draft"), lambda: Gates([3]),  # type: ignore[arg-type]
        lambda: Permit.bypass(None, "r", "j"),  # type: ignore[arg-type]
    )
    for wrong in wrongs:
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(batpak.PayloadError):
        Permit.bypass(DRAFT, "\ud800", "")
    with pytest.raises(AttributeError):
        permit.draft = DRAFT  # type: ignore[misc]


def test_a_draft_that_is_wrong_fails_at_the_commit(store: batpak.Store) -> None:
    with pytest.raises(batpak.CoordinateError):
        store.commit(Gates[int]().evaluate(1, Draft("a/b", "s", kind=NOTE, value=1)))
    with pytest.raises(batpak.KindError):
        Gates[int]().evaluate(1, Draft("e", "s", kind=2**16, value=1))
    with pytest.raises(batpak.CoordinateError):
        Gates[int]().evaluate(1, Draft("\ud800", "s", kind=NOTE, value=1))


# --- denials in the log


def test_a_denial_is_written_and_verified(path: Path) -> None:
    key = batpak.key_generate()
    with batpak.open(path, signing_seeds=[key.seed]) as store:
        gates: Gates[int] = Gates([even, below, fails])
        with pytest.raises(Denied) as caught:
            gates.evaluate(1000, DRAFT)
        receipt = store.append_denial(DRAFT, gates, caught.value.denials[0], pipeline_id="payments", content_hash=bytes(32))
        event = store.get(receipt.event_id)
        assert (event.kind, event.entity) == (0x000F, "account:7")
        said = event.value()
        assert [one["gate_id"] for one in said["evaluations"]] == ["even", "below", "fails"]
        permit, deny, skipped = (one["verdict"] for one in said["evaluations"])
        assert (permit, skipped) == ("Permit", "Skipped") and deny["Deny"]["code"] == "LIMIT"
        assert (said["proposed_kind"], said["pipeline_id"]) == (NOTE, "payments")
        assert said["proposed_content_hash"] == [0] * 32
        assert store.verify_denial(receipt, trust=[key.public_key]).outcome == "signed"
        other = store.append("e", "s", kind=NOTE, value=1)
        assert store.verify_denial(other).outcome == "denial_kind_mismatch" and store.verify_receipt(other).valid
        by_hand = store.append_denial(DRAFT, gates, Denial("by hand", gate="elsewhere"))
        assert len(store.get(by_hand.event_id).value()["evaluations"]) == 4


def test_denials_that_cannot_be_written(store: batpak.Store) -> None:
    gates: Gates[int] = Gates([even])
    refusals: tuple[Callable[[], object], ...] = (
        lambda: store.append_denial(DRAFT, gates, Denial(gate="other", position=1)),
        lambda: store.append_denial(DRAFT, gates, Denial(gate="even", position=-1)),
        lambda: store.append_denial(DRAFT, gates, Denial("\ud800")),
        lambda: store.append_denial(DRAFT, gates, Denial(), content_hash=b"short"))
    for refused in refusals:
        with pytest.raises(batpak.Error):
            refused()
    wrongs: tuple[Callable[[], object], ...] = (
        lambda: store.append_denial(DRAFT, [even], Denial()),  # type: ignore[arg-type]
        lambda: store.append_denial(DRAFT, gates, "no"),  # type: ignore[arg-type]
        lambda: store.append_denial("draft", gates, Denial()),  # type: ignore[arg-type]
        lambda: store.verify_denial("{}"))  # type: ignore[arg-type]
    for wrong in wrongs:
        with pytest.raises(TypeError):
            wrong()
    assert store.stat().events == 1


def test_after_the_close(store: batpak.Store) -> None:
    permit = Gates[int]().evaluate(1, DRAFT)
    store.close()
    refusals: tuple[Callable[[], object], ...] = (
        lambda: store.commit(permit), lambda: store.append_denial(DRAFT, Gates([even]), Denial(gate="even")))
    for refused in refusals:
        with pytest.raises(batpak.Closed):
            refused()


# --- steps between states


class Drafted:
    pass


class Sent:
    pass


class Paid:
    pass


@batpak.event(category=0xB, type_id=0x61)
@dataclass
class Payment:
    amount: int


INVOICE = Machine("invoice")
SEND = INVOICE.transition(Drafted, Sent, kind=0xB060)
PAY = INVOICE.transition(Sent, Paid, Payment)


def test_from_state_to_state(store: batpak.Store) -> None:
    drafted = At(Drafted, "invoice:1", "shop")
    sent = store.apply_transition(drafted, SEND, value="to the customer")
    paid = store.apply_transition(sent, PAY, Payment(7))
    assert (paid.state, paid.entity, paid.scope) == (Paid, "invoice:1", "shop")
    assert paid.receipt is not None and paid.receipt.sequence == 2 and paid.event_id == paid.receipt.event_id
    assert [int(event.kind) for event in store.events(entity="invoice:1")] == [0xB060, 0xB061]
    with pytest.raises(batpak.ExpectationFailed):  # something came between
        store.apply_transition(sent, PAY, Payment(7))
    with pytest.raises(batpak.ExpectationFailed):
        store.apply_transition(drafted, SEND, value="once more")
    found: At[Sent] = At(Sent, "invoice:1", "shop", paid.event_id)
    assert store.apply_transition(found, PAY, value=None, key=b"k" * 16).event_id == b"k" * 16


def test_what_types_and_the_table_refuse(store: batpak.Store) -> None:
    drafted = At(Drafted, "invoice:1", "shop")
    with pytest.raises(batpak.TransitionRefused) as caught:
        store.apply_transition(drafted, PAY, Payment(7))  # type: ignore[misc]
    assert (caught.value.expected, caught.value.actual) == (0, 2)
    assert caught.value.text == "invoice has no such step from Drafted to Paid"
    with pytest.raises(batpak.TransitionRefused):  # a step that was made past its machine
        store.apply_transition(drafted, Transition(INVOICE, Drafted, Paid, 0xB061), value=1)
    with pytest.raises(batpak.TransitionRefused):  # the step wants another kind
        store.apply_transition(drafted, SEND, Payment(7))
    with pytest.raises(batpak.TransitionRefused, match="int"):
        store.apply_transition(At(int, "invoice:1", "shop"), SEND, value=1)  # type: ignore[misc]
    assert store.stat().events == 1


def test_machines_that_cannot_be() -> None:
    machine = Machine("m")
    refusals: tuple[Callable[[], object], ...] = (
        lambda: machine.transition(Sent, Paid), lambda: machine.transition(Sent, Paid, Payment, kind=1),
        lambda: machine.transition(Sent, Paid, kind=2**16), lambda: machine.transition(Sent, Paid, Sent))
    for refused in refusals:
        with pytest.raises(batpak.CallError):
            refused()
    with pytest.raises(TypeError):
        machine.transition("sent", Paid, kind=1)  # type: ignore[arg-type]
    assert "0 states, 0 steps" in repr(machine) and "2 steps" in repr(INVOICE)
