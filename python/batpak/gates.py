"""Gates: rules that say yes or no before something is written, and what comes of asking them. Since 0.2."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Generic, NoReturn, TypeVar, cast

from ._batpak import ffi, lib
from ._constants import Status
from .draft import Draft, RawDraft, number, packed_of
from .errors import Denied, error_of, made, raise_for

C = TypeVar("C", contravariant=True)

#: What a gate answers when neither yes nor no came of it.
_DEFECT: Final = int(Status.BP_ARGUMENT)


class Denial(Exception):
    """Why a gate refused. A gate returns it or raises it; evaluation puts in which gate it was.

    message is for people, code for programs; context holds pairs of text, in order.
    """

    #: For people.
    message: str
    #: For programs; "GATE_DEFECT" where the gate raised something else, or answered what is no answer.
    code: str
    #: Pairs, in the order in which the gate gave them.
    context: tuple[tuple[str, str], ...]
    #: The gate's name.
    gate: str
    #: The gate's place in its set, from 1; 0: that of the first gate of this name.
    position: int

    def __init__(self, message: str = "", *, code: str = "",
                 context: Mapping[str, str] | Iterable[tuple[str, str]] = (), gate: str = "", position: int = 0) -> None:
        pairs = context.items() if isinstance(context, Mapping) else context
        self.message = message
        self.code = code
        self.context = tuple((key, value) for key, value in pairs)
        self.gate = gate
        self.position = position
        super().__init__(message, code, self.context, gate, position)

    def __str__(self) -> str:
        return f"[{self.gate}] {self.message}"

    def __eq__(self, other: object) -> bool:
        return self.args == other.args if isinstance(other, Denial) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.args)

    def __reduce__(self) -> tuple[Any, ...]:
        return _denial, self.args


def _denial(message: str, code: str, context: tuple[tuple[str, str], ...], gate: str, position: int) -> Denial:
    return Denial(message, code=code, context=context, gate=gate, position=position)


class Gate(Generic[C]):
    """A rule with its name: `call(context)` answers None for yes, and returns or raises a `Denial` for no.

    Whatever else it raises or answers is a defect, and so a denial. It should be a pure function of its context.

    name: of ASCII, different from those of other gates; not given: the function's name. description: for people; not
    given: the first line of the function's docstring.
    """

    __slots__ = ("call", "description", "name")

    #: What is asked.
    call: Callable[[C], Denial | None]
    #: What it is called.
    name: str
    #: For people.
    description: str

    def __init__(self, call: Callable[[C], Denial | None], name: str | None = None, description: str | None = None) -> None:
        if not callable(call):
            raise TypeError(f"a gate can be called, which a {type(call).__name__} cannot")
        self.call = call
        self.name = getattr(call, "__name__", type(call).__name__) if name is None else name
        self.description = (inspect.getdoc(call) or "").partition("\n")[0] if description is None else description

    def __repr__(self) -> str:
        return f"<batpak.Gate {self.name!r}>"


class Gates(Generic[C]):
    """Gates in order, asked with a context of yours, which no gate should change. Any thread may ask, several at once."""

    __slots__ = ("_gates", "_kept", "_raw")

    _gates: tuple[Gate[C], ...]

    def __init__(self, gates: Iterable[Gate[C] | Callable[[C], Denial | None]] = ()) -> None:
        self._gates = tuple(gate if isinstance(gate, Gate) else Gate(gate) for gate in gates)
        out, error = ffi.new("bp_gates **"), ffi.new("bp_error *")
        status = lib.bp_gates_new(out, error)
        if status:
            raise_for(status, error)
        self._raw = ffi.gc(out[0], lib.bp_gates_free)
        # What C hands back to `batpak_gate`; these live as long as the set does.
        self._kept: list[Any] = [ffi.new_handle(gate) for gate in self._gates]
        for gate, user in zip(self._gates, self._kept):
            self._push(gate, user)

    def _push(self, gate: Gate[C], user: Any) -> None:
        raw, error = ffi.new("bp_gate *"), ffi.new("bp_error *")
        lib.bp_gate_init(raw, ffi.sizeof("bp_gate"))
        name, description = text_of(gate.name), text_of(gate.description)
        raw.name, raw.name_length = name, len(name)
        raw.description, raw.description_length = description, len(description)
        raw.evaluate, raw.user = lib.batpak_gate, user
        status = lib.bp_gates_push(self._raw, raw, error)
        if status:
            raise_for(status, error)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the gates, in order."""
        return tuple(gate.name for gate in self._gates)

    @property
    def descriptions(self) -> tuple[str, ...]:
        """What the gates say of themselves, in order."""
        return tuple(gate.description for gate in self._gates)

    def __len__(self) -> int:
        return len(self._gates)

    def evaluate(self, context: C, draft: Draft) -> Permit:
        """Asks the gates in order. None denies (no gate, none does): a permit to append the draft, once.

        That the context describes the draft is your duty: make both from one value. Raises Denied, whose `denials` holds
        the first denial; its cause is what a gate raised that was none. Interrupts come out unchanged.
        """
        given, out, error = RawDraft(packed_of(draft)), ffi.new("bp_permit **"), ffi.new("bp_error *")
        permit = ffi.gc(out, lambda left: lib.bp_permit_free(left[0]))
        asked = _Asked(context)
        denials, handle = _new_denials(), ffi.new_handle(asked)
        status = lib.bp_gates_evaluate(self._raw, ffi.cast("uint8_t *", handle), 0, given.raw, permit, denials, error)
        found = asked.judge(status, error, denials)
        if found:
            denied = cast(Denied, error_of(status, error))
            denied.denials = found
            raise denied from asked.defect
        return Permit._of(permit, draft)

    def evaluate_all(self, context: C) -> tuple[Denial, ...]:
        """Asks every gate, and answers all denials in order; where there are none, everybody says yes."""
        asked, error = _Asked(context), ffi.new("bp_error *")
        denials, handle = _new_denials(), ffi.new_handle(asked)
        status = lib.bp_gates_evaluate_all(self._raw, ffi.cast("uint8_t *", handle), 0, denials, error)
        return asked.judge(status, error, denials)

    def __reduce__(self) -> NoReturn:
        raise TypeError("gates can neither be copied nor pickled")

    def __repr__(self) -> str:
        return f"<batpak.Gates {list(self.names)}>"


@dataclass(frozen=True)
class Bypass:
    """Why somebody went past the gates."""

    #: A word for programs.
    reason: str
    #: A sentence for people.
    justification: str
    #: Who approved, or None.
    approved_by: str | None = None


class Permit:
    """Leave to append one draft, once: `Store.commit` takes it. It comes from `Gates.evaluate`, or past the gates.

    It proves, in this process alone, that no gate denied for the context that was given. Any thread may use it.
    """

    __slots__ = ("_draft", "_raw")

    _draft: Draft
    _raw: Any

    def __init__(self) -> None:
        raise TypeError("a permit comes from Gates.evaluate or Permit.bypass")

    @classmethod
    def _of(cls, raw: Any, draft: Draft) -> Permit:
        permit: Permit = object.__new__(cls)
        permit._raw = raw
        permit._draft = draft
        return permit

    @classmethod
    def bypass(cls, draft: Draft, reason: str, justification: str, approved_by: str | None = None) -> Permit:
        """A permit for which no gate was asked. What is said of it stands in `audit` alone: append an event of your own
        where it belongs into the log."""
        given, raw, error = RawDraft(packed_of(draft)), ffi.new("bp_bypass *"), ffi.new("bp_error *")
        lib.bp_bypass_init(raw, ffi.sizeof("bp_bypass"))
        texts = [text_of(reason), text_of(justification), None if approved_by is None else text_of(approved_by)]
        for name, text in zip(("reason", "justification", "approved_by"), texts):
            if text is not None:
                setattr(raw, name, text)
                setattr(raw, f"{name}_length", len(text))
        permit = ffi.gc(ffi.new("bp_permit **"), lambda left: lib.bp_permit_free(left[0]))
        status = lib.bp_permit_bypass(given.raw, raw, permit, error)
        if status:
            raise_for(status, error)
        return cls._of(permit, draft)

    @property
    def draft(self) -> Draft:
        """What may be appended."""
        return self._draft

    @property
    def gates(self) -> tuple[str, ...]:
        """The names of the gates that were asked; none for a bypass."""
        count = ffi.new("size_t *")
        names = lib.bp_permit_gates(self._raw[0], count)
        return tuple(_said(names[at].data, names[at].length) for at in range(count[0]))

    @property
    def audit(self) -> Bypass | None:
        """Why the gates were not asked; None where they were."""
        raw = lib.bp_permit_audit(self._raw[0])
        if raw == ffi.NULL:
            return None
        approved_by = None if raw.approved_by == ffi.NULL else _said(raw.approved_by, raw.approved_by_length)
        return Bypass(_said(raw.reason, raw.reason_length), _said(raw.justification, raw.justification_length), approved_by)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a permit can neither be copied nor pickled")

    def __repr__(self) -> str:
        return f"<batpak.Permit for {self._draft!r}, {'past the gates' if self.audit else list(self.gates)}>"


class RawDenial:
    """A bp_denial, and what its pointers point to."""

    __slots__ = ("_kept", "raw")

    def __init__(self, denial: Denial) -> None:
        raw = self.raw = ffi.new("bp_denial *")
        lib.bp_denial_init(raw, ffi.sizeof("bp_denial"))
        raw.position = number("position", denial.position, 0xFFFF_FFFF)
        texts = [text_of(text) for text in (denial.gate, denial.code, denial.message)]
        for name, text in zip(("gate", "code", "message"), texts):
            setattr(raw, name, text)
            setattr(raw, f"{name}_length", len(text))
        pairs = [(text_of(key), text_of(value)) for key, value in denial.context]
        array = ffi.new("bp_pair[]", len(pairs))
        for place, (key, value) in zip(array, pairs):
            place.key, place.key_length, place.value, place.value_length = key, len(key), value, len(value)
        raw.context, raw.context_count = array, len(pairs)
        self._kept = [texts, pairs, array]


def text_of(text: str) -> Any:
    """Its bytes, where C can read them. Raises PayloadError."""
    try:
        return ffi.from_buffer("uint8_t[]", text.encode())
    except UnicodeEncodeError:
        raise made(Status.BP_UTF8, "a text holds a lone surrogate") from None


def _said(data: Any, length: int) -> str:
    return bytes(ffi.buffer(data, length)).decode("utf-8", "replace") if length else ""


# --- asking


def _new_denials() -> Any:
    return ffi.gc(ffi.new("bp_denials **"), lambda left: lib.bp_denials_free(left[0]))


def _read(denials: Any) -> tuple[Denial, ...]:
    count = ffi.new("size_t *")
    items = lib.bp_denials_items(denials[0], count)
    return tuple(_denial_of(items[at]) for at in range(count[0]))


def _denial_of(raw: Any) -> Denial:
    pairs = [raw.context[at] for at in range(raw.context_count)]
    return Denial(
        _said(raw.message, raw.message_length), code=_said(raw.code, raw.code_length),
        context=[(_said(pair.key, pair.key_length), _said(pair.value, pair.value_length)) for pair in pairs],
        gate=_said(raw.gate, raw.gate_length), position=raw.position)


class _Asked:
    """One evaluation: what the gates are asked with, and what they raised that was no denial."""

    __slots__ = ("context", "defect", "interrupt")

    def __init__(self, context: Any) -> None:
        self.context = context
        self.defect: Exception | None = None
        self.interrupt: BaseException | None = None

    def ask(self, gate: Gate[Any], writer: Any) -> int:
        """The answer as C wants it. No exception leaves here."""
        if self.interrupt is not None:
            return _DEFECT
        try:
            return _answer(gate, self.context, writer)
        except Exception as defect:
            self.defect = defect
            said = (str(defect) or type(defect).__name__).encode("utf-8", "replace")
            lib.bp_denial_writer_set(writer, b"", 0, said, len(said))
            return _DEFECT
        except BaseException as interrupt:
            self.interrupt = interrupt
            return _DEFECT

    def judge(self, status: int, error: Any, denials: Any) -> tuple[Denial, ...]:
        """The denials; raises what else ended the evaluation."""
        if self.interrupt is not None:
            raise self.interrupt
        if status == Status.BP_DENIED:
            return _read(denials)
        if status:
            raise_for(status, error)
        return ()


def _answer(gate: Gate[Any], context: Any, writer: Any) -> int:
    try:
        denial = gate.call(context)
    except Denial as raised:
        denial = raised
    if denial is None:
        return int(Status.BP_OK)
    if not isinstance(denial, Denial):
        raise TypeError(f"the gate answered a {type(denial).__name__}, which is neither None nor a Denial")
    code, message = text_of(denial.code), text_of(denial.message)
    pairs = [(text_of(key), text_of(value)) for key, value in denial.context]
    status = int(lib.bp_denial_writer_set(writer, code, len(code), message, len(message)))
    for key, value in pairs:
        status = status or int(lib.bp_denial_writer_add(writer, key, len(key), value, len(value)))
    return status or int(Status.BP_DENIED)


def _gate(user: Any, context: Any, length: int, writer: Any) -> int:
    asked: _Asked = ffi.from_handle(ffi.cast("void *", context))
    return asked.ask(ffi.from_handle(user), writer)


def _gate_interrupted(kind: type[BaseException], raised: BaseException, traceback: TracebackType) -> None:
    """An interrupt before a function's first line, where no `try` stands yet."""
    asked: _Asked = ffi.from_handle(ffi.cast("void *", traceback.tb_frame.f_locals["context"]))
    asked.interrupt = raised


ffi.def_extern(name="batpak_gate", error=_DEFECT, onerror=_gate_interrupted)(_gate)
