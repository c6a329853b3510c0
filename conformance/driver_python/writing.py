"""Instructions that open, write and close a store."""

import os
import signal

import batpak
from values import native
from wire import BadInstruction, extensions_of, id_of, keys_of, number_of, octets_of, receipt_out, text_of

# Argument of `open` and option of the package, where a number is passed on as it is.
NUMBERS = {
    "segment_max_bytes": "segment_max_bytes",
    "single_append_max_bytes": "single_append_max_bytes",
    "sync_every": "sync_every_events",
    "group_max_events": "group_max_events",
    "batch_max_size": "batch_max_events",
    "batch_max_bytes": "batch_max_bytes",
    "queue_capacity": "queue_capacity",
    "pressure_percent": "pressure_percent",
    "preallocate_bytes": "preallocate_bytes",
}


def opened(session, step):
    options = {option: int(step[name]) for name, option in NUMBERS.items() if step.get(name) is not None}
    mode = "read_only" if step.get("read_only") else "must_exist" if step.get("must_exist") else "create"
    return batpak.open(
        step["path"],
        mode=mode,
        # The reference answers after the write; its programs run as fast here when ours does so too.
        durability="durable" if step.get("durability") == "durable" else "written",
        sync_mode="data" if step.get("sync_mode") == "data" else "all",
        signing_seeds=keys_of(step, "keys"),
        verify_keys=keys_of(step, "verify_keys"),
        clock=session.now,
        **options,
    )


def run_clock(session, step):
    session.clock_us = number_of(step, "us")


def run_open(session, step):
    session.leave()
    session.store = opened(session, step)


def run_open_beside(session, step):
    """A second handle, beside the one that is open, and closed at once."""
    opened(session, step).close()


def run_close(session, _step):
    store, session.store = session.store, None
    store.close()


def run_drop(session, _step):
    session.leave()


def expected(step):
    if step.get("expected_empty"):
        return batpak.EMPTY
    if step.get("expected_event") is not None:
        return id_of(step, "expected_event")
    return number_of(step, "expected_sequence")


def draft_of(step):
    """The arguments of an append; `value` is what the payload says, and is what a program of this language would give."""
    options = {name: int(step[name]) for name in ("lane", "depth", "flags") if step.get(name) is not None}
    return {
        "entity": text_of(step, "entity"),
        "scope": text_of(step, "scope"),
        "kind": number_of(step, "kind"),
        **content(step),
        "key": id_of(step, "key"),
        "expect": expected(step),
        "correlation_id": id_of(step, "correlation"),
        "causation_id": id_of(step, "causation"),
        "extensions": extensions_of(step),
        "allow_reserved": bool(step.get("allow_reserved")),
        "gate": step.get("gate"),
        "gate_timeout_ms": number_of(step, "gate_timeout_ms") or 0,
        **({} if step.get("prior_item") is None else {"cause_item": int(step["prior_item"])}),
        **options,
    }


def content(step):
    if step.get("value") is not None:
        try:
            return {"value": native(step["value"])}
        except BadInstruction:
            pass
    return {"payload": octets_of(step, "payload")}


def run_append(session, step):
    draft = draft_of(step)
    return receipt_out(session.store.append(draft.pop("entity"), draft.pop("scope"), **draft))


POINTS = ("accepted", "written", "durable", "visible", "emitted", "applied")


def run_frontier(session, _step):
    """The age of what is pending is no two runs' alike: only that there is one is said."""
    frontier = session.store.frontier()
    points = {name: getattr(frontier, name)._asdict() for name in POINTS}
    pending = frontier.oldest_pending_ms is not None
    return {**points, "visible_minus_durable": frontier.visible_minus_durable, "pending": pending}


def run_wait(session, step):
    point = batpak.Point(number_of(step, "wall_ms") or 0, number_of(step, "sequence") or 0)
    session.store.wait(step["watermark"], point, timeout_ms=number_of(step, "timeout_ms") or 0)


def run_append_many(session, step):
    """Independent events in one call: the accepted prefix with its receipts, and why it ended."""
    drafts = [batpak.Draft(**draft_of(item)) for item in step["items"]]
    status = "ok"
    try:
        accepted = session.store.append_many(drafts)
    except batpak.Error as error:
        accepted, status = error.accepted, error.code.name
    return {"accepted": [receipt_out(receipt) for receipt in accepted], "status": status}


def run_batch(session, step):
    batch = session.store.batch(correlation_id=id_of(step, "correlation"), causation_id=id_of(step, "causation"))
    for item in step["items"]:
        batch.append(**draft_of(item))
    return [receipt_out(receipt) for receipt in batch.flush()]


def run_sync(session, _step):
    session.store.sync()


def run_abort(_session, _step):
    """The end that no cleanup sees. Answers already given were flushed."""
    os.kill(os.getpid(), signal.SIGKILL)


OPERATIONS = {"clock": run_clock, "open": run_open, "open_beside": run_open_beside, "abort": run_abort}
OF_A_STORE = {
    "close": run_close,
    "drop": run_drop,
    "append": run_append,
    "append_many": run_append_many,
    "batch": run_batch,
    "sync": run_sync,
    "frontier": run_frontier,
    "wait": run_wait,
}
