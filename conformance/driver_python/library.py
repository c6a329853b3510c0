"""Instructions about the library itself, its ids and keys, and about files beside a store."""

import os

import batpak
from wire import number_of, octets_of


def run_version(_session, _step):
    return {
        "version": batpak.version(),
        "abi_version": batpak.abi_version(),
        "format_version": batpak.format_version(),
    }


def run_status(_session, step):
    number = number_of(step, "number")
    return {"name": batpak.status_name(number), "advice": batpak.status_advice(number)}


def run_id_new(_session, _step):
    """Two ids in a row: the second above the first, both of version 7."""
    first, second = batpak.id_new(), batpak.id_new()
    return first < second and first[6] >> 4 == second[6] >> 4 == 7 and first[8] >> 6 == 2


def run_key(_session, step):
    key = batpak.key_derive(octets_of(step, "seed", 32))
    return {"public_key": key.public_key.hex(), "key_id": key.key_id.hex()}


def run_reset(session, step):
    session.forget()
    if step.get("directory") is not None:
        os.chdir(step["directory"])


def run_write_file(_session, step):
    data = octets_of(step, "bytes")
    with open(step["path"], "wb" if step.get("at") is None else "r+b") as file:
        file.seek(number_of(step, "at", 0))
        file.write(data)
    if step.get("mode") is not None:
        os.chmod(step["path"], number_of(step, "mode"))


def run_key_generate(_session, _step):
    """What was drawn is what its seed derives."""
    key = batpak.key_generate()
    return key == batpak.key_derive(key.seed)


OPERATIONS = {
    "version": run_version,
    "status": run_status,
    "outcome": lambda _session, step: batpak.receipt_outcome_name(number_of(step, "number")),
    "id_new": run_id_new,
    "key": run_key,
    "key_generate": run_key_generate,
    "key_id": lambda _session, step: batpak.key_id(octets_of(step, "public_key", 32)).hex(),
    "reset": run_reset,
    "write_file": run_write_file,
}
