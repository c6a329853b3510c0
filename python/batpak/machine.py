"""Machines: states, and the steps between them that are allowed. Since 0.2.

Type checkers refuse a step from another state; what has no types is refused when it is applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ._batpak import ffi, lib
from ._constants import Status
from .draft import number
from .errors import made
from .gates import text_of
from .receipt import Receipt
from .typed import binding_of

F = TypeVar("F")
T = TypeVar("T")


@dataclass(frozen=True)
class Transition(Generic[F, T]):
    """A step of a machine, as `Machine.transition` answers it."""

    #: The machine.
    machine: Machine
    #: The state from, a class.
    source: type[F]
    #: The state to.
    target: type[T]
    #: The kind of the event that makes the step.
    kind: int


@dataclass(frozen=True)
class At(Generic[F]):
    """An entity in a state, as its last event left it. The store does not know the state: who has read the event does."""

    #: The state, a class.
    state: type[F]
    #: Whose state it is.
    entity: str
    #: In what connection its events are.
    scope: str
    #: Its last event (16 bytes); None: it has none.
    event_id: bytes | None = None
    #: The receipt of the step that led here; None where no step of this process did.
    receipt: Receipt | None = None


class Machine:
    """States, each a class of yours, and the steps between them: make it once, with all its steps, and leave it then."""

    __slots__ = ("_states", "_transitions", "name")

    #: For people.
    name: str

    def __init__(self, name: str) -> None:
        self.name = name
        self._states: dict[type[Any], int] = {}
        self._transitions: list[tuple[int, int, int]] = []

    def transition(self, source: type[F], target: type[T], event: type | None = None, *,
                   kind: int | None = None) -> Transition[F, T]:
        """Allows a step from one state to another, by events of a decorated class, or of a kind."""
        if (event is None) == (kind is None):
            raise made(Status.BP_ARGUMENT, "a step has the class of its events, or their kind")
        if not isinstance(source, type) or not isinstance(target, type):
            raise TypeError("states are classes")
        found = number("kind", binding_of(event).kind if kind is None else kind, 0xFFFF)
        self._transitions.append((self._number(source), self._number(target), found))
        return Transition(self, source, target, found)

    def _number(self, state: type[Any]) -> int:
        return self._states.setdefault(state, len(self._states))

    def _raw(self, source: type[Any], target: type[Any]) -> tuple[Any, int, int, list[Any]]:
        """A bp_machine, the numbers of two states, and what is to be kept alive; a state that it does not know is named."""
        states = list(self._states)
        states += [state for state in (source, target) if state not in self._states]
        names = [text_of(state.__name__) for state in states]
        texts, steps = ffi.new("bp_text[]", len(names)), ffi.new("bp_transition[]", len(self._transitions))
        for place, name in zip(texts, names):
            place.data, place.length = name, len(name)
        for place, (of, to, kind) in zip(steps, self._transitions):
            place.to, place.kind = to, kind
            setattr(place, "from", of)
        raw, said = ffi.new("bp_machine *"), text_of(self.name)
        lib.bp_machine_init(raw, ffi.sizeof("bp_machine"))
        raw.name, raw.name_length, raw.states, raw.state_count = said, len(said), texts, len(names)
        raw.transitions, raw.transition_count = steps, len(self._transitions)
        return raw, states.index(source), states.index(target), [names, texts, steps, said]

    def __repr__(self) -> str:
        return f"<batpak.Machine {self.name!r}, {len(self._states)} states, {len(self._transitions)} steps>"
