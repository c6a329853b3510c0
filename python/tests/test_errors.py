"""Every status raises its class, with its number, name, advice, and the path as the caller gave it."""

from __future__ import annotations

import errno
import os
import pickle
import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import batpak
import pytest
from batpak import Error, Status
from batpak import errors as of_batpak

import faults

GOLDEN = Path(__file__).resolve().parents[2] / "conformance/golden"


def golden(name: str, path: Path) -> Path:
    shutil.copytree(GOLDEN / name / "store", path)
    return path


def append(path: Path, **draft: Any) -> Any:
    with batpak.open(path) as store:
        return store.append(
            draft.pop("entity", "e"),
            draft.pop("scope", "s"),
            kind=draft.pop("kind", 0xF001),
            payload=draft.pop("payload", b""),
            **draft,
        )


def busy(path: Path) -> None:
    inside, leave = threading.Event(), threading.Event()

    def step(state: None, event: Any) -> None:
        inside.set()
        leave.wait(10)

    with batpak.open(path) as store:
        thread = threading.Thread(target=store.fold, args=(None, step))
        thread.start()
        inside.wait(10)
        try:
            store.close()
        finally:
            leave.set()
            thread.join()


def closed(path: Path) -> None:
    store = batpak.open(path)
    store.close()
    store.sync()


def read_only(path: Path) -> None:
    batpak.open(path).close()
    with batpak.open(path, mode="read_only") as store:
        store.append("e", "s", kind=0xF001, value=1)


def get(path: Path) -> None:
    with batpak.open(path) as store:
        store.get(bytes(16))


def stopped(path: Path) -> None:
    with batpak.open(path, progress=lambda stage, done, total: stage == "verify") as store:
        store.verify()


def wait(path: Path) -> None:
    with batpak.open(path) as store:
        store.wait("visible", 1, timeout_ms=0)


def clock(path: Path) -> None:
    times = iter([1, 2, 3])
    with batpak.open(path, clock=lambda: next(times, -5)) as store:
        for _ in range(3):
            store.append("e", "s", kind=0xF001, value=1)


def expected(path: Path, expect: Any) -> None:
    with batpak.open(path) as store:
        store.append("e", "s", kind=0xF001, value=1)
        store.append("e", "s", kind=0xF001, value=1, expect=expect)


def cancelled(path: Path) -> None:
    golden("reference/fence_cancelled", path)
    with batpak.open(path) as store:
        visible = {event.event_id for event in store.events()}
        written = set(
            re.findall(
                rb"\x89\xa8event_id\xc4\x10(.{16})",
                b"".join(file.read_bytes() for file in path.glob("*.fbat")),
                re.DOTALL,
            )
        )
        for key in written - visible:  # the marks of batches have ids too, which are no events
            store.append("e", "s", kind=0xF001, value=1, key=key)


def claimed(path: Path) -> None:
    with batpak.open(path, signing_seeds=[b"\x01" * 32]) as store:
        receipt = store.append("e", "s", kind=0xF001, value=1)
    with batpak.open(path) as store:
        store.claim(receipt)


def no_key_file(path: Path) -> None:
    path.mkdir()
    batpak.key_file_read(path)


def newer(path: Path) -> None:
    batpak.open(path).close()
    for segment in path.glob("*.fbat"):
        data = segment.read_bytes()
        prologue = data[: 8 + int.from_bytes(data[4:8], "big")]
        segment.write_bytes(prologue.replace(b"version\x01", b"version\x7f") + b"frames of another kind" * 100)
    batpak.open(path)


def locked(path: Path) -> None:
    with batpak.open(path):
        batpak.open(path)


def hidden(path: Path) -> None:
    batpak.open(path).close()
    (path / "visibility_ranges.fbv").write_bytes(b"no ranges")
    batpak.open(path)


def damaged(path: Path) -> None:
    receipt = append(path, payload=b"x" * 100)
    segment = next(path.glob("*.fbat"))
    data = bytearray(segment.read_bytes())
    data[receipt.offset + receipt.frame_length // 2] ^= 1
    segment.write_bytes(data)
    with batpak.open(path, mode="read_only") as store:
        store.get(receipt.event_id)


def forked(path: Path) -> None:
    """The child says what it was answered."""
    read, write = os.pipe()
    with batpak.open(path) as store:
        child = os.fork()
        if child == 0:
            try:
                store.sync()
            except Error as error:
                os.write(write, pickle.dumps(error))
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            raise pickle.load(pipe)


def file_in_the_way(path: Path) -> None:
    path.write_bytes(b"")
    batpak.open(path)


FAULT = """
import errno, pickle, sys
import batpak, faults
path, call, number, writes = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
store = None if call in ("openat", "flock") else batpak.open(path)
faults.fail(call, number)
try:
    if store is None:
        batpak.open(path)
    for _ in range(2 if writes == "poisoned" else 1):
        try:
            store.append("e", "s", kind=0xF001, value=1)
        except batpak.SyncFailed:
            if writes != "poisoned":
                raise
except batpak.Error as error:
    print(pickle.dumps(error).hex())
if store is not None:
    try:
        store.close()
    except batpak.Error:
        pass
"""


def fault(path: Path, call: str, number: int, then: str = "") -> None:
    """The error of an append, or of an open, in a process where a system call fails."""
    if not faults.available():
        pytest.skip("this kernel lets no system call be made to fail")
    error = pickle.loads(bytes.fromhex(faults.run(FAULT, path, call, number, then)))
    error.path = path  # as the child gave it, a str
    raise error


def batch(path: Path, *drafts: dict[str, Any]) -> None:
    with batpak.open(path, batch_max_events=3, batch_max_bytes=64) as store:
        store.append_batch(batpak.Draft("e", "s", **{"kind": 0xF001, "payload": b"", **draft}) for draft in drafts)


NOTHING = batpak.Draft("e", "s", kind=0xF001, payload=b"")


def used(path: Path) -> None:
    permit = batpak.Permit.bypass(NOTHING, "reason", "justification")
    with batpak.open(path) as store:
        store.commit(permit)
        store.commit(permit)


def step(path: Path) -> None:
    away = batpak.Machine("m").transition(int, str, kind=0xF001)
    with batpak.open(path) as store:
        store.apply_transition(batpak.At(str, "e", "s"), away, value=1)  # type: ignore[misc]


def fenced(path: Path, end: str) -> None:
    with batpak.open(path) as store:
        fence = store.fence()
        ticket = fence.submit("e", "s", kind=0xF001, value=1)
        if end == "open":
            store.append("e", "s", kind=0xF001, value=1)
        fence.cancel()
        if end == "over":
            fence.commit()
        ticket.wait()


#: How each status is reached.
REACH: dict[Status, Callable[[Path], Any]] = {
    Status.BP_ARGUMENT: lambda path: batpak.open(path, mode="no mode"),  # type: ignore[arg-type]
    Status.BP_CONFIGURATION: lambda path: batpak.open(path, group_max_events=0),
    Status.BP_BUSY: busy,
    Status.BP_CLOSED: closed,
    Status.BP_FORKED: forked,
    Status.BP_READ_ONLY: read_only,
    Status.BP_NOT_FOUND: get,
    Status.BP_STOPPED: stopped,
    Status.BP_WAIT_TIMEOUT: wait,
    Status.BP_ENTITY_EMPTY: lambda path: append(path, entity=""),
    Status.BP_SCOPE_EMPTY: lambda path: append(path, scope=""),
    Status.BP_ENTITY_TOO_LONG: lambda path: append(path, entity="e" * 1025),
    Status.BP_SCOPE_TOO_LONG: lambda path: append(path, scope="é" * 513),
    Status.BP_COORDINATE_NUL: lambda path: append(path, entity="a\0b"),
    Status.BP_COORDINATE_CONTROL: lambda path: append(path, entity="a\nb"),
    Status.BP_COORDINATE_TRAVERSAL: lambda path: append(path, entity="a/b"),
    Status.BP_COORDINATE_SEPARATOR: lambda path: append(path, entity="a|b"),
    Status.BP_COORDINATE_UTF8: lambda path: append(path, entity="a\ud800"),
    Status.BP_KIND_RANGE: lambda path: append(path, kind=0x10000),
    Status.BP_KIND_RESERVED: lambda path: append(path, kind=0xD001),
    Status.BP_KIND_MARKER: lambda path: append(path, kind=6, allow_reserved=True),
    Status.BP_EXTENSION_EMPTY: lambda path: append(path, extensions={"": b""}),
    Status.BP_EXTENSION_NON_ASCII: lambda path: append(path, extensions={"a.é": b""}),
    Status.BP_EXTENSION_TOO_LONG: lambda path: append(path, extensions={"a." + "b" * 255: b""}),
    Status.BP_EXTENSION_NAMESPACE: lambda path: append(path, extensions={"a": b""}),
    Status.BP_EXTENSION_RESERVED: lambda path: append(path, extensions={"batpak.a": b""}),
    Status.BP_PAYLOAD_TOO_LARGE: lambda path: append(path, payload=bytes(16_777_217)),
    Status.BP_CLOCK_INVALID: clock,
    Status.BP_EXPECTED_CLOCK: lambda path: expected(path, 7),
    Status.BP_EXPECTED_EMPTY: lambda path: expected(path, batpak.EMPTY),
    Status.BP_EXPECTED_EVENT: lambda path: expected(path, bytes(16)),
    Status.BP_KEY_CANCELLED: cancelled,
    Status.BP_MESSAGEPACK: lambda path: batpak.payload_decode(b"\xc1"),
    Status.BP_DEPTH: lambda path: batpak.payload_decode(b"\x91" * 2000),
    Status.BP_UTF8: lambda path: batpak.payload_decode(b"\xa1\xff"),
    Status.BP_JSON: lambda path: batpak.payload_from_json("{"),
    Status.BP_NOT_JSON: lambda path: batpak.payload_to_json(b"\xc4\x00"),
    Status.BP_VALUE: lambda path: batpak.payload_encode({1, 2}),
    Status.BP_CLAIM: claimed,
    Status.BP_SEED_ZERO: lambda path: batpak.open(path, signing_seeds=[bytes(32)]),
    Status.BP_KEY_INVALID: lambda path: batpak.open(path, verify_keys=[b"\xff" * 32]),
    Status.BP_KEY_FILE: no_key_file,
    Status.BP_BATCH_COUNT: lambda path: batch(path, {}, {}, {}, {}),
    Status.BP_BATCH_BYTES: lambda path: batch(path, {"payload": bytes(65)}),
    Status.BP_BATCH_EXPECTATION: lambda path: batch(path, {"expect": batpak.EMPTY}),
    Status.BP_BATCH_KEYS: lambda path: batch(path, {"key": bytes(16)}, {}),
    Status.BP_BATCH_DUPLICATE_KEY: lambda path: batch(path, {"key": bytes(16)}, {"key": bytes(16)}),
    Status.BP_BATCH_CAUSE: lambda path: batch(path, {"cause_item": 0}),
    Status.BP_FENCE_ACTIVE: lambda path: fenced(path, "open"),
    Status.BP_FENCE_NOT_ACTIVE: lambda path: fenced(path, "over"),
    Status.BP_FENCE_CANCELLED: lambda path: fenced(path, "cancelled"),
    Status.BP_DENIED: lambda path: batpak.Gates([lambda context: batpak.Denial("no")]).evaluate(None, NOTHING),
    Status.BP_PERMIT_USED: used,
    Status.BP_TRANSITION: step,
    Status.BP_NO_STORE: lambda path: batpak.open(path, mode="must_exist"),
    Status.BP_NOT_A_STORE: file_in_the_way,
    Status.BP_NEWER_VERSION: newer,
    Status.BP_LOCKED: locked,
    Status.BP_COMPACTION_PENDING: lambda path: batpak.open(golden("reference/compaction_killed", path)),
    Status.BP_HIDDEN_RANGES: hidden,
    Status.BP_POISONED: lambda path: fault(path, "fdatasync", errno.EIO, "poisoned"),
    Status.BP_DAMAGED_FRAME: damaged,
    Status.BP_SYSTEM: lambda path: fault(path, "pwrite64", errno.EIO),
    Status.BP_DISK_FULL: lambda path: fault(path, "pwrite64", errno.ENOSPC),
    Status.BP_SYNC_FAILED: lambda path: fault(path, "fdatasync", errno.EIO),
    Status.BP_PERMISSION: lambda path: fault(path, "openat", errno.EACCES),
    Status.BP_UNSUPPORTED: lambda path: fault(path, "flock", errno.ENOSYS),
}

#: What Python cannot bring about, and why.
OUT_OF_REACH = {
    Status.BP_OK: "it is no error",
    Status.BP_STRUCT_SIZE: "this package fills the structs, with the sizes that it was compiled with",
    Status.BP_NO_MEMORY: "the allocator is not exchanged from Python",
    Status.BP_TOO_SMALL: "this package asks again with the size that was answered",
    Status.BP_CLOCK_OVERFLOW: "an entity would need 2^32 events",
    Status.BP_FAULT: "it takes a test build; test_faults.py reaches it there",
}

#: These concern no store, so there is no path.
NO_PATH = {
    Status.BP_MESSAGEPACK,
    Status.BP_DEPTH,
    Status.BP_UTF8,
    Status.BP_JSON,
    Status.BP_NOT_JSON,
    Status.BP_VALUE,
    Status.BP_ARGUMENT,
    Status.BP_DENIED,
}


def test_every_status_is_reached_or_has_a_reason() -> None:
    assert sorted([*REACH, *OUT_OF_REACH]) == sorted(Status)


def test_every_status_has_a_class() -> None:
    assert sorted([*of_batpak.CLASSES, Status.BP_OK]) == sorted(Status)
    groups = {
        0: of_batpak.CallError,
        1: of_batpak.RefusedError,
        2: of_batpak.StoreError,
        3: of_batpak.DamagedError,
        4: of_batpak.SystemFailure,
    }
    for status, made in of_batpak.CLASSES.items():
        assert issubclass(made, groups[status // 100])


@pytest.mark.parametrize("status", REACH, ids=lambda status: status.name)
def test_status(status: Status, path: Path) -> None:
    with pytest.raises(Error) as raised:
        REACH[status](path)
    error = raised.value
    assert error.code is status and error.name == status.name == batpak.status_name(status)
    assert type(error) is of_batpak.CLASSES[status]
    assert error.advice == batpak.status_advice(status) and error.advice
    assert error.text and "\n" not in error.text and str(path) not in error.text
    assert error.path is (None if status in NO_PATH else path) or error.path == path and status not in NO_PATH
    said = str(error)
    assert said.startswith("" if error.path is None else f"{path}: ") and error.text in said
    assert said.endswith(f"; {error.advice} [{error.name}]")


def test_classes_that_users_know() -> None:
    for made, known in (
        (of_batpak.RefusedError, ValueError),
        (of_batpak.SystemFailure, OSError),
        (of_batpak.NotFound, LookupError),
        (of_batpak.PermissionDenied, PermissionError),
        (of_batpak.NoMemory, MemoryError),
        (of_batpak.ConfigurationError, ValueError),
    ):
        assert issubclass(made, known) and issubclass(made, Error)


def test_what_is_told_beside_the_status(path: Path) -> None:
    # P-085
    with batpak.open(path, single_append_max_bytes=10) as store:
        first = store.append("e", "s", kind=0xF001, payload=b"")
        store.append("e", "s", kind=0xF001, payload=b"")
        with pytest.raises(batpak.TooLarge) as large:
            store.append("e", "s", kind=0xF001, payload=bytes(11))
        assert (large.value.expected, large.value.actual) == (10, 11)
        with pytest.raises(batpak.ExpectationFailed) as clock:
            store.append("e", "s", kind=0xF001, payload=b"", expect=0)
        assert (clock.value.expected, clock.value.actual) == (0, 1)
        with pytest.raises(batpak.ExpectationFailed) as event:
            store.append("e", "s", kind=0xF001, payload=b"", expect=first.event_id)
        assert event.value.event_id == store.page(entity="e")[-1].event_id
        with pytest.raises(batpak.ExpectationFailed) as empty:
            store.append("e", "s", kind=0xF001, payload=b"", expect=batpak.EMPTY)
        assert empty.value.actual == 1


def test_place_of_damage(path: Path) -> None:
    with pytest.raises(batpak.DamagedError) as raised:
        damaged(path)
    assert raised.value.offset > 0 and raised.value.segment_id > 0
    assert f"in segment {raised.value.segment_id} at offset {raised.value.offset}" in str(raised.value)


def test_os_error(path: Path) -> None:
    with pytest.raises(OSError) as raised:
        fault(path, "pwrite64", errno.ENOSPC)
    assert isinstance(raised.value, batpak.DiskFull)
    assert raised.value.os_error == raised.value.errno == errno.ENOSPC


@pytest.mark.parametrize("form", [str, os.fsencode, Path], ids=["str", "bytes", "Path"])
def test_the_path_is_as_it_was_given(path: Path, form: Callable[[Path], Any]) -> None:
    given: Any = form(path)
    with pytest.raises(batpak.NoStore) as raised:
        batpak.open(given, mode="must_exist")
    assert id(raised.value.path) == id(given)
    with batpak.open(given) as store:
        assert store.path is given
        with pytest.raises(batpak.NotFound) as missing:
            store.get(bytes(16))
        assert missing.value.path is given


def test_a_relative_path_stays_relative(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    with pytest.raises(batpak.NoStore, match=r"^game: "):
        batpak.open("game", mode="must_exist")


@pytest.mark.parametrize("status", of_batpak.CLASSES, ids=lambda status: status.name)
def test_errors_travel_between_processes(status: Status) -> None:
    error = of_batpak.CLASSES[status](
        status, "text", path="game", os_error=5, segment_id=1, offset=2, expected=3, actual=4, event_id=bytes(16)
    )
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error) and vars(copy) == vars(error) and str(copy) == str(error)
    if isinstance(copy, OSError):
        assert copy.errno == 5


def test_repr_names_code_and_text() -> None:
    error = of_batpak.Locked(Status.BP_LOCKED, "another handle")
    assert "BP_LOCKED" in repr(error) and "another handle" in repr(error)
