"""Vectors of outcomes: bytes read and written, combined, brought to their last word."""

import random

from runner import outcomes
from runner.msgpack import Raw, encode, octets

SEED = 20241121
GENERATED = 120
COMBINED = 60
RETRY = {"after_ms": 10, "attempt": 1, "max_attempts": 3, "reason": "busy"}
ERROR = {"kind": "Internal", "message": "m", "compensation": None}


def recode(data, clause="encoding.md 3.12"):
    return {"op": "outcome_recode", "bytes": data.hex(), "clause": clause}


def recoded():
    """encoding.md 3.12: every form of an outcome, and the other forms that 1.4 accepts."""
    source = random.Random(SEED)
    for _ in range(GENERATED):
        form = outcomes.outcome(source)
        yield recode(encode(form))
        yield recode(encode(outcomes.loose(source, form)), "encoding.md 1.4")
    for form in strange():
        yield recode(encode(form), "encoding.md 1.4")
    for levels in (510, 511, 512):
        yield recode(outcomes.nested(levels, {"type": "Ok", "data": 1}), "encoding.md 1.4")
        yield recode(outcomes.nested(levels, {"type": "Ok", "data": [1]}), "encoding.md 1.4")
    for levels in (1019, 1020, 1021):
        yield recode(outcomes.nested_condition(levels), "encoding.md 1.4")


def strange():
    """Accepted or refused: the reference says which."""
    error = {"type": "Err", "data": ERROR}
    rollback = {"Rollback": {"event_ids": [bytes(16)]}}
    yield from (None, [], ["Ok"], ["Ok", 1, 2], {"type": "Ok"}, {"data": 1}, {"type": "None", "data": 1})
    yield from ([2, RETRY], {0: "Ok", 1: 1}, {b"type": b"Ok", b"data": 1}, {"data": [1], "type": "Ok"})
    yield {"type": "Retry", "data": list(RETRY.values())}
    yield {"type": "Retry", "data": {**RETRY, "more": {"a": [1]}}}
    yield {"type": "Retry", "data": {"attempt": 1}}
    yield {"type": "Retry", "data": {**RETRY, "attempt": 2**32}}
    yield {"type": "Retry", "data": {**RETRY, "attempt": -1}}
    yield {"type": "Err", "data": ["Internal", "m"]}
    yield {"type": "Err", "data": ["Internal", "m", None]}
    yield {"type": "Err", "data": {"kind": "Internal", "message": "m"}}
    for kind in (9, {"Internal": None}, {11: 4}, "Custom", {"Custom": 65536}, {"Internal": 1}, 12, "internal"):
        yield {"type": "Err", "data": {**ERROR, "kind": kind}}
    for action in (rollback, {"Rollback": {"event_ids": [bytes(15)]}}, {"Rollback": {"event_ids": [bytes(17)]}},
                   {"Rollback": [[octets(bytes(16))]]}, {0: [[]]}, {"Rollback": {}}, {**rollback, "Custom": 1}):
        yield {"type": "Err", "data": {**ERROR, "compensation": action}}
    for waits in ({"Custom": {"tag": 1, "data": bytes(3)}}, {"Custom": [1, [2]]}, {"Timeout": [1]}, {0: [1]},
                  {"All": {}}, {"Event": {"event_id": octets(bytes(16))}}, {"Custom": {"tag": 65536, "data": []}}):
        yield {"type": "Pending", "data": {"condition": waits, "resume_token": bytes(16)}}
    yield Raw(encode(error) + b"behind")
    yield Raw(encode(error)[:-1])


def combined():
    """store-write.md 9.5: zip, join_all, join_any, and_then, or_else, into_result."""
    source = random.Random(SEED + 1)

    def one():
        return encode(outcomes.outcome(source)).hex()

    def ok():
        return encode({"type": "Ok", "data": source.getrandbits(16)}).hex()

    for _ in range(COMBINED):
        yield {"op": "outcome_zip", "a": one(), "b": one()}
        yield {"op": "outcome_zip", "a": ok(), "b": one()}
        items = [source.choice((one, ok))() for _ in range(source.randrange(4))]
        yield {"op": "outcome_join", "items": items, "all": True}
        yield {"op": "outcome_join", "items": items, "all": False}
        yield {"op": "outcome_steps", "bytes": one(), "step": source.choice(("double", "recover", "refuse"))}
        yield {"op": "outcome_result", "bytes": one()}
