"""When two answers are the same (spec.md, "Sameness").

Statuses carry the names of the implementation that answered. The table below
says which of ours may stand for which of the reference's; anything that it does
not list must be equal. Values that no two runs share are taken out."""

import hashlib
import json

MESSAGEPACK = {"BP_MESSAGEPACK", "BP_NOT_JSON", "BP_DEPTH", "BP_UTF8"}

EQUIVALENT = {
    "coordinate_empty_entity": {"BP_ENTITY_EMPTY"},
    "coordinate_empty_scope": {"BP_SCOPE_EMPTY"},
    "coordinate_entity_too_long": {"BP_ENTITY_TOO_LONG"},
    "coordinate_scope_too_long": {"BP_SCOPE_TOO_LONG"},
    "coordinate_nul_byte": {"BP_COORDINATE_NUL"},
    "coordinate_control_char": {"BP_COORDINATE_CONTROL"},
    "coordinate_path_traversal": {"BP_COORDINATE_TRAVERSAL"},
    "coordinate_forbidden_separator": {"BP_COORDINATE_SEPARATOR"},
    "not_utf8": {"BP_COORDINATE_UTF8"},
    "kind_category_out_of_range": {"BP_KIND_RANGE"},
    "kind_type_id_out_of_range": {"BP_KIND_RANGE"},
    "kind_reserved_system_category": {"BP_KIND_RESERVED"},
    "kind_reserved_effect_category": {"BP_KIND_RESERVED"},
    "extension_key_empty": {"BP_EXTENSION_EMPTY"},
    "extension_key_non_ascii": {"BP_EXTENSION_NON_ASCII"},
    "extension_key_too_long": {"BP_EXTENSION_TOO_LONG"},
    "extension_key_invalid_namespace_format": {"BP_EXTENSION_NAMESPACE"},
    "extension_key_reserved_namespace": {"BP_EXTENSION_RESERVED"},
    "sequence_mismatch": {"BP_EXPECTED_CLOCK"},
    "configuration": {"BP_CONFIGURATION", "BP_PAYLOAD_TOO_LARGE"},
    "invalid_clock": {"BP_CLOCK_INVALID"},
    "not_found": {"BP_NOT_FOUND"},
    "store_locked": {"BP_LOCKED"},
    "denied": {"BP_DENIED"},
    "not_json": MESSAGEPACK,
    "not_decodable": MESSAGEPACK,
    "idempotency_partial_batch": {"BP_BATCH_KEYS"},
    "batch_failed:configuration": {"BP_BATCH_COUNT", "BP_BATCH_BYTES", "BP_BATCH_EXPECTATION"},
    "batch_failed:invalid_causation": {"BP_BATCH_CAUSE"},
    "batch_failed:invalid_clock": {"BP_CLOCK_INVALID"},
    "batch_item_too_large": {"BP_PAYLOAD_TOO_LARGE"},
    "wait_timeout": {"BP_WAIT_TIMEOUT"},
    "hidden_ranges_corrupt": {"BP_HIDDEN_RANGES"},
    "visibility_fence_active": {"BP_FENCE_ACTIVE"},
    "visibility_fence_cancelled": {"BP_FENCE_CANCELLED"},
    # A fence of the reference is gone when it ends; ours can be asked again.
    "no_fence": {"BP_FENCE_NOT_ACTIVE"},
    # The reference aborts on a zero seed; ours answers (decisions.md D8).
    "panicked": {"BP_SEED_ZERO"},
}

# Where a group has several, the instruction tells which one it must be.
EXACT = {("configuration", "open"): "BP_CONFIGURATION", ("configuration", "append"): "BP_PAYLOAD_TOO_LARGE"}

LIFECYCLE = "batpak:store"
# An open event holds elapsed times, so everything behind it may lie a few bytes apart.
PLACES = ("segment_id", "offset")
# What only ours says of a receipt.
OURS_ALONE = ("durable", "replayed", "same")
# What hangs on an id that was drawn: the reference takes no key for what is submitted alone.
DRAWN = ("event_id", "signature")
# `get` of the reference reads the frame, which has no number in the store.
NOT_IN_THE_FRAME = ("sequence", "frame_length", "extensions")
LONG_TEXT = 4096


def same_status(expected, actual):
    return expected == actual or actual in EQUIVALENT.get(expected, ())


def exact_status(step, name):
    """The one status of ours for one of the reference's, where there is but one."""
    ours = EQUIVALENT.get(name, ())
    return next(iter(ours)) if len(ours) == 1 else EXACT.get((name, step["op"]))


def difference(step, expected, actual):
    """None, or what differs between two answers to one instruction, as text."""
    if step["op"] == "walk" and expected.get("value") == [] and actual["status"] == "BP_NOT_FOUND":
        return None  # the reference answers an empty walk from an event that it does not have
    if not same_status(expected["status"], actual["status"]):
        return f"status {expected['status']} against {actual['status']}"
    if expected.get("ours", actual["status"]) not in (actual["status"], exact_status(step, actual["status"])):
        return f"status {expected['ours']} against {actual['status']}"
    if expected.get("detail") is not None and "detail" in actual and expected["detail"] != actual["detail"]:
        return f"detail {expected['detail']} against {actual['detail']}"
    wanted, found = stable(step, expected.get("value")), stable(step, actual.get("value"))
    if "value" in expected and wanted != found:
        return first_difference(wanted, found)
    return None


def first_difference(wanted, found, path="value"):
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in sorted(set(wanted) | set(found)):
            if wanted.get(name) != found.get(name):
                return first_difference(wanted.get(name), found.get(name), f"{path}.{name}")
    if isinstance(wanted, list) and isinstance(found, list):
        for number, (left, right) in enumerate(zip(wanted, found)):
            if left != right:
                return first_difference(left, right, f"{path}[{number}]")
        return f"{path}: {len(wanted)} against {len(found)} elements"
    return f"{path}: {str(wanted)[:300]} against {str(found)[:300]}"


def stable(step, value):
    """An answer without what differs between two runs of one program."""
    op = step["op"]
    if op in ("append", "commit_permit", "apply_transition"):
        return without_places(value)
    if op == "append_denial":
        return without(value, PLACES + OURS_ALONE + ("frame_length",))
    if op == "get":
        return without(value, PLACES + NOT_IN_THE_FRAME)
    if op in ("batch", "ticket_wait") and value is not None:
        return ticket_answer(value, DRAWN if step.get("drawn") else ())
    if op == "append_many" and value is not None:
        return {
            "accepted": [without_places(receipt) for receipt in value["accepted"]],
            "status": canonical_status(value["status"]),
        }
    if op == "dump" and value is not None:
        return [stable_event(event) for event in value]
    if op == "to_json" and value is not None:
        return json_value(value)
    if isinstance(value, str) and len(value) > LONG_TEXT:
        return long_text(value)
    return value


def ticket_answer(said, drawn):
    """A receipt, of a batch a list of them."""
    if isinstance(said, list):
        return [ticket_answer(receipt, drawn) for receipt in said]
    return without(without_places(said), drawn)


def canonical_status(name):
    """One name for a group of equivalent ones, for statuses inside values."""
    for reference_name, ours in EQUIVALENT.items():
        if name in ours:
            return reference_name
    return name


def long_text(text):
    return {"length": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest()}


def without_places(record):
    return without(record, PLACES + OURS_ALONE)


def without(record, names):
    return {name: value for name, value in record.items() if name not in names} if record else record


def stable_event(event):
    event = without_places(event)
    if event["entity"] == LIFECYCLE:
        return {
            name: event[name] for name in ("sequence", "entity", "scope", "kind", "clock", "lane", "depth", "flags")
        }
    return event


def json_value(text):
    """Numbers are compared by kind and value: 1 and 1.0 differ, 1e2 and 100.0 do not."""

    try:
        return json.loads(text, parse_float=lambda digits: ["float", float(digits).hex()])
    except RecursionError:  # nested beyond what Python reads: then the text itself
        return text
