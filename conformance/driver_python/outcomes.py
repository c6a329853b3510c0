"""Instructions on outcomes: bytes in, bytes out, with the package's combinators between."""

import batpak
from wire import octets, octets_of


def outcome_of(step, name="bytes"):
    return batpak.outcome_decode(octets_of(step, name))


def without_text(error):
    return batpak.OutcomeError(error.kind, "", error.compensation) if error.kind == batpak.ErrorKind.INTERNAL else error


def combined(outcome):
    """The text that a library makes up where there is nothing to answer is for people, and not compared."""
    return batpak.outcome_encode(outcome.map_err(without_text)).hex()


def run_join(_session, step):
    items = [batpak.outcome_decode(octets(item)) for item in step.get("items") or ()]
    return combined(batpak.Outcome.join_all(items) if step.get("all") else batpak.Outcome.join_any(items))


STEPS = {
    "double": lambda outcome: outcome.map(lambda value: [value, value]),
    "refuse": lambda outcome: outcome.and_then(lambda value: batpak.Cancelled("refused")),
    "recover": lambda outcome: outcome.or_else(lambda error: batpak.Ok(error.message)),
}


def run_result(_session, step):
    try:
        return {"ok": batpak.payload_encode(outcome_of(step).into_result()).hex()}
    except batpak.OutcomeError as error:
        kind = error.kind
    said = kind.name if kind.code is None else {kind.name: kind.code}
    return {
        "kind": batpak.payload_encode(said).hex(),
        "retryable": kind.is_retryable,
        "domain": kind.error_class == "domain",
        "operational": kind.error_class == "operational",
    }


OPERATIONS = {
    "outcome_recode": lambda _session, step: batpak.outcome_encode(outcome_of(step)).hex(),
    "outcome_zip": lambda _session, step: combined(outcome_of(step, "a").zip(outcome_of(step, "b"))),
    "outcome_join": run_join,
    "outcome_steps": lambda _session, step: batpak.outcome_encode(STEPS[step["step"]](outcome_of(step))).hex(),
    "outcome_result": run_result,
}
