"""Vectors of gates, permits and denials."""

from vectors.ours import answered, expect
from vectors.stores import SEED, append, clock, frame, opened

REFUSAL = {"code": "C1", "message": "no way", "context": [["k", "v"], ["a", "b"], ["k", "again"]]}


def refusing(name, **changes):
    return {"gate": name, **REFUSAL, **changes}


def gates():
    """store-write.md 9.1: in order, all or up to the first denial."""
    sets = (
        [],
        ["one"],
        ["one", "two", "three"],
        ["one", refusing("two"), "three"],
        [refusing("one"), "two", refusing("three", code="", message="")],
        [refusing("same"), refusing("same", message="other", context=[])],
    )
    for told in sets:
        yield {"op": "evaluate_gates", "gates": told, "all": False}
        yield {"op": "evaluate_gates", "gates": told, "all": True}


def denial(number, gate, names, **changes):
    return {
        "op": "append_denial",
        "entity": "acc:7",
        "scope": "ledger",
        "kind": 0x2005,
        "key": f"{number:032x}",
        "gates": names,
        "gate": gate,
        "code": "C1",
        "message": "no way",
        "context": [],
        "judge": True,
        **changes,
    }


def denials():
    """store-write.md 9.3: the trace by the order of the gates, names that are no ids, all options of an append."""
    three = ["one", "two", "three"]
    return [
        clock(1700000000000000),
        opened(keys=[SEED]),
        denial(1, "one", three),
        denial(2, "three", three, pipeline="", context=[["k", "v"], ["k", "w"]]),
        denial(3, "four", three, pipeline="pipe", proposed_hash="00" * 32),
        denial(4, "none", []),
        denial(5, "two", ["two", "two"], kind=0),
        denial(6, "", ["", "ö", "x"], kind=0xFFFF, code="", message=""),
        denial(7, "ö", ["", "ö", "x"], message="m" * 300),
        denial(8, "one", three, correlation=f"{77:032x}", causation=f"{1:032x}", lane=2, depth=3, flags=9,
               extensions={"acme.why": "0102"}, expected_sequence=6),
        denial(8, "two", three),
        denial(9, "one", three, expected_sequence=3),
        *[frame(number) for number in range(1, 9)],
        {"op": "close"},
    ]


def permits():
    """store-write.md 9.2: through the gates or past them, the bytes are those of an append."""
    def draft(number, **changes):
        return {**append(number), "op": "commit_permit", **changes}

    return [
        clock(1700000000000000),
        opened(),
        draft(1, gates=[]),
        draft(2, gates=["one", "two"], extensions={"acme.why": "01"}),
        draft(3, gates=["one", refusing("two")]),
        draft(4, reason="incident", justification="the gates are down", approved_by="ops:7"),
        draft(5, reason="r", justification=""),
        append(3),
        frame(1),
        frame(2),
        frame(4),
        frame(5),
        {"op": "close"},
    ]


def ours_guarding():
    """What ours alone says: defects, permits used, positions, machines."""
    steps = [[0, 1, 0x1001], [1, 2, 0x1002], [1, 2, 0x1003]]

    def transition(number, start, end, kind=0):
        draft = append(number, entity="invoice:1", kind=kind)
        return {**draft, "op": "apply_transition", "transitions": steps, "from": start, "to": end}

    yield expect(
        {"op": "evaluate_gates", "gates": ["one", {"gate": "two", "defect": 7}], "all": False},
        value={"denials": [{"gate": "two", "code": "GATE_DEFECT", "message": "the gate answered 7 (BP_CLOSED)", "context": []}]},
        clause="V-71",
    )
    yield answered(clock(1700000000000000))
    yield answered(opened())
    yield expect({**append(1), "op": "commit_permit", "gates": [refusing("one")]}, "BP_DENIED", clause="store-write.md 9.1")
    yield expect({**append(2), "op": "commit_permit", "gates": [], "again": True}, "BP_PERMIT_USED", clause="store-write.md 9.1")
    yield answered(denial(3, "same", ["same", "same"], position=2))
    yield expect(denial(4, "same", ["same"], position=2), "BP_ARGUMENT", clause="V-70")
    yield answered(transition(5, 0, 1))
    yield answered(transition(6, 1, 2, 0x1003))
    yield expect(transition(7, 2, 0), "BP_TRANSITION", clause="store-write.md 9.4")
    yield expect(transition(8, 0, 1, 0x1002), "BP_TRANSITION", clause="store-write.md 9.4")
    yield answered({"op": "close"})


PROGRAMS = [gates, denials, permits]
OURS = {"ours_guarding": [ours_guarding]}
