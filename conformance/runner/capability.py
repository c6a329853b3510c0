"""What a driver must be able to do for an instruction (spec.md, "Instructions")."""

CAPABILITY = {
    "encode": "encode",
    "decode": "encode",
    "decode_as": "typed",
    "encode_coordinate": "parts",
    "hash": "parts",
    "parse_id": "parts",
    "to_json": "json",
    "from_json": "from_json",
    "coordinate": "names",
    "kind": "names",
    "extension_key": "names",
    "encode_extensions": "names",
    "key": "keys",
    "batch": "batch",
    "fence_begin": "fence",
    "fence_submit": "fence",
    "fence_submit_batch": "fence",
    "fence_commit": "fence",
    "fence_cancel": "fence",
    "fence_drop": "fence",
    "fence_token": "tickets",
    "submit": "submit",
    "submit_batch": "submit",
    "ticket_wait": "submit",
    "try_submit": "try",
    "try_submit_batch": "try",
    "ticket_poll": "tickets",
    "ticket_free": "tickets",
    "pressure": "tickets",
    "compact": "compact",
    "snapshot": "snapshot",
    "append_denial": "denial",
    "evaluate_gates": "gates",
    "commit_permit": "gates",
    "apply_transition": "transition",
    "outcome_recode": "outcome",
    "outcome_zip": "outcome",
    "outcome_join": "outcome",
    "outcome_steps": "outcome",
    "outcome_result": "outcome",
    "verify": "verify",
    "open_report": "verify",
    "kind_parse": "from_text",
    "kind_format": "from_text",
    "decode_extensions": "from_text",
    "version": "library",
    "status": "library",
    "outcome": "library",
    "id_new": "library",
    "key_generate": "library",
    "key_id": "library",
    "stat": "state",
    "fold": "state",
    "open_beside": "state",
    "write_file": "files",
    "frontier": "frontier",
    "wait": "frontier",
    "claim_export": "claims",
    "claim_read": "claims",
    "claim_write": "claims",
    "claim_check": "claims",
    "key_file_read": "claims",
    "key_file_write": "claims",
}
RUNNER = "runner"


def needed(step):
    if step["op"] == "native":
        return f"native_{step['language']}"
    if step["op"] in ("append", "append_many") and any(item.get("gate") for item in (step, *step.get("items", ()))):
        return "frontier"
    return RUNNER if step["op"] in ("frame", "copy") else CAPABILITY.get(step["op"], "store")


def needs(program):
    return sorted({needed(step) for step in program} - {RUNNER})
