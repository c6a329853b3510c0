"""Instructions that read: pages, single events, ancestors, folds."""

from wire import event_out, id_of, number_of, text_of

PAGE = 100


class Enough(Exception):
    """What a step raises to end its fold."""


def query_of(step):
    query = {}
    for name, option in (("entity", "entity"), ("under", "under"), ("in_scope", "scope")):
        if step.get(name) is not None:
            query[option] = text_of(step, name)
    for name in ("kind", "category", "after", "max_bytes"):
        if step.get(name) is not None:
            query[name] = int(step[name])
    if step.get("clock_min") is not None:
        query["clock"] = (int(step["clock_min"]), int(step["clock_max"]))
    return query


def run_page(session, step):
    """Pages on until the query is exhausted or `limit` events are taken."""
    query, limit, sequences = query_of(step), number_of(step, "limit"), []
    while True:
        room = PAGE if limit is None else min(PAGE, limit - len(sequences))
        page = session.store.page(**query, limit=room)
        sequences += [event.sequence for event in page]
        if len(page) == 0 or not page.more or len(sequences) == limit:
            return sequences
        query["after"] = sequences[-1]


def run_fold(session, step):
    stop_after = number_of(step, "stop_after")
    state = {"count": 0, "last": None, "stopped": False}

    def count(state, event):
        state = {"count": state["count"] + 1, "last": event.sequence, "stopped": False}
        if state["count"] == stop_after:
            raise Enough(state)
        return state

    try:
        return session.store.fold(state, count, **query_of(step), limit=number_of(step, "limit"))
    except Enough as enough:
        return {**enough.args[0], "stopped": True}


def run_walk(session, step):
    ancestry = session.store.walk(id_of(step, "event_id"), limit=number_of(step, "limit"))
    return [event.event_id.hex() for event in ancestry]


OPERATIONS = {
    "dump": lambda session, _step: [event_out(event) for event in session.store.events()],
    "page": run_page,
    "get": lambda session, step: event_out(session.store.get(id_of(step, "event_id"))),
    "walk": run_walk,
    "fold": run_fold,
}
