"""Instructions on gates, permits, denials and transitions."""

import batpak
from wire import id_of, number_of, octets_of, receipt_out, text_of
from writing import draft_of


def denial_of(told):
    context = told.get("context") or ()
    return batpak.Denial(told.get("message") or "", code=told.get("code") or "",
                         context=context if isinstance(context, dict) else [tuple(pair) for pair in context])


def told_gate(told):
    """A gate is its name, which permits, or an object with `gate` and a denial; `defect` is what it answers instead."""
    if isinstance(told, str):
        return batpak.Gate(lambda context: None, told)

    def answer(context):
        if told.get("defect"):
            # No number can be answered from Python: an exception says what the others find for themselves.
            raise RuntimeError(f"the gate answered {told['defect']} ({batpak.status_name(told['defect'])})")
        raise denial_of(told)

    return batpak.Gate(answer, told["gate"])


def gates_of(step):
    return batpak.Gates(told_gate(told) for told in step.get("gates") or ())


def denials_out(denials):
    return {"denials": [{"gate": denial.gate, "code": denial.code, "message": denial.message,
                         "context": [list(pair) for pair in denial.context]} for denial in denials]}


def run_evaluate(_session, step):
    gates = gates_of(step)
    if step.get("all"):
        return denials_out(gates.evaluate_all(None))
    try:
        return {"gates": list(gates.evaluate(None, batpak.Draft("e", "s", kind=0xF001, payload=b"")).gates)}
    except batpak.Denied as denied:
        return denials_out(denied.denials)


def run_commit_permit(session, step):
    draft = batpak.Draft(**draft_of(step))
    if step.get("reason") is None:
        permit = gates_of(step).evaluate(None, draft)
    else:
        permit = batpak.Permit.bypass(draft, step["reason"], step["justification"], step.get("approved_by"))
    receipt = receipt_out(session.store.commit(permit))
    if step.get("again"):
        session.store.commit(permit)
    audit = permit.audit
    return receipt if audit is None else {**receipt, "audit": {
        "reason": audit.reason, "justification": audit.justification, "approved_by": audit.approved_by}}


def run_append_denial(session, step):
    told = denial_of(step)
    denial = batpak.Denial(told.message, code=told.code, context=told.context, gate=text_of(step, "gate"),
                           position=number_of(step, "position", 0))
    draft = batpak.Draft(**{**draft_of({**step, "payload": "", "value": None, "gate": None})})
    content_hash = None if step.get("proposed_hash") is None else octets_of(step, "proposed_hash", 32)
    receipt = session.store.append_denial(draft, gates_of(step), denial, content_hash=content_hash,
                                          pipeline_id=step.get("pipeline"))
    judged = {"outcome": session.store.verify_denial(receipt).outcome} if step.get("judge") else {}
    return {**receipt_out(receipt), **judged}


def run_transition(session, step):
    numbers = range(1 + max(number for of, to, _ in step["transitions"] for number in (of, to, step["from"], step["to"])))
    states = [type(str(number), (), {}) for number in numbers]
    machine = batpak.Machine("")
    for of, to, kind in step["transitions"]:
        machine.transition(states[of], states[to], kind=kind)
    taken = batpak.Transition(machine, states[step["from"]], states[step["to"]], number_of(step, "kind"))
    draft = draft_of(step)
    at = batpak.At(taken.source, draft.pop("entity"), draft.pop("scope"), id_of(step, "expected_event"))
    return receipt_out(session.store.apply_transition(at, taken, **draft).receipt)


OPERATIONS = {"evaluate_gates": run_evaluate}
OF_A_STORE = {
    "commit_permit": run_commit_permit,
    "append_denial": run_append_denial,
    "apply_transition": run_transition,
}
