"""Instructions that submit, to the store or behind its fence, and that ask the tickets."""

import select

import batpak
from wire import BadInstruction, number_of, receipt_out
from writing import draft_of


def drafts_of(step):
    return [batpak.Draft(**draft_of(item)) for item in step["items"]]


def single(submit, step):
    draft = draft_of(step)
    return submit(draft.pop("entity"), draft.pop("scope"), **draft)


def run_submit(session, step):
    return session.keep(single(session.store.submit, step))


def run_submit_batch(session, step):
    return session.keep(session.store.submit_batch(drafts_of(step)))


def tried(session, outcome):
    retry = outcome if isinstance(outcome, batpak.Retry) else None
    return {
        "outcome": type(outcome).__name__.lower(),
        "ticket": session.keep(outcome.value) if isinstance(outcome, batpak.Ok) else None,
        "after_ms": retry.after_ms if retry else 0,
        "attempt": retry.attempt if retry else 0,
        "max_attempts": retry.max_attempts if retry else 0,
    }


def run_try_submit(session, step):
    return tried(session, single(session.store.try_submit, step))


def run_try_submit_batch(session, step):
    return tried(session, session.store.try_submit_batch(drafts_of(step)))


def ticket_of(session, step):
    number = number_of(step, "ticket")
    ticket = session.tickets[number] if number is not None and number < len(session.tickets) else None
    if ticket is None:
        raise BadInstruction("bad_instruction")
    return ticket


def run_ticket_wait(session, step):
    """The receipt, of a batch a list of them."""
    said = ticket_of(session, step).wait(number_of(step, "timeout_ms"))
    return receipt_out(said) if isinstance(said, batpak.Receipt) else [receipt_out(receipt) for receipt in said]


def run_ticket_poll(session, step):
    """As an event loop looks: whether its descriptor is readable, which it may be a moment after the ticket was decided."""
    ticket = ticket_of(session, step)
    return select.select([ticket], [], [], None if ticket.done else 0)[0] != []


def run_ticket_free(session, step):
    ticket_of(session, step)
    session.tickets[number_of(step, "ticket")] = None


def run_pressure(session, _step):
    pressure = session.store.pressure()
    return {"queued": pressure.queued, "capacity": pressure.capacity, "threshold": pressure.threshold}


def fence_of(session):
    if session.fence is None:
        raise BadInstruction("no_fence")
    return session.fence


def run_fence_begin(session, _step):
    session.fence = session.store.fence()


def run_fence_submit(session, step):
    return session.keep(single(fence_of(session).submit, step), is_fenced=True)


def run_fence_submit_batch(session, step):
    return session.keep(fence_of(session).submit_batch(drafts_of(step)), is_fenced=True)


def run_fence_drop(session, _step):
    """Let go of, neither committed nor cancelled; answered when that came to its end."""
    fence_of(session)
    session.fence = None
    session.await_written()


# What these hand over goes on while the next one is read; everything else finds it settled.
SUBMISSIONS_OF_A_STORE = {
    "submit": run_submit,
    "submit_batch": run_submit_batch,
    "try_submit": run_try_submit,
    "try_submit_batch": run_try_submit_batch,
}
SUBMISSIONS = {"fence_submit": run_fence_submit, "fence_submit_batch": run_fence_submit_batch}
OPERATIONS = {
    "ticket_wait": run_ticket_wait,
    "ticket_poll": run_ticket_poll,
    "ticket_free": run_ticket_free,
    "fence_token": lambda session, _step: fence_of(session).token,
    "fence_commit": lambda session, _step: fence_of(session).commit(),
    "fence_cancel": lambda session, _step: fence_of(session).cancel(),
    "fence_drop": run_fence_drop,
}
OF_A_STORE = {"pressure": run_pressure, "fence_begin": run_fence_begin}
