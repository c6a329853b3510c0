"""Threads, forks, other interpreters, and the order in which things are collected."""

from __future__ import annotations

import gc
import itertools
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import batpak
import pytest
from batpak import Draft

import faults
from conftest import Gatekeeper, inside

NOTE = 0xF001


@batpak.event(category=0xF, type_id=0x7F1)
@dataclass
class Linked:
    x: int
    link: Any = None


# --- threads


def test_eight_threads_append(path: Path) -> None:
    with batpak.open(path) as store:

        def work(number: int) -> list[batpak.Receipt]:
            return [store.append(f"e{number}", "s", kind=NOTE, value=[number, step]) for step in range(100)]

        with ThreadPoolExecutor(8) as pool:
            receipts = [receipt for some in pool.map(work, range(8)) for receipt in some]
        assert sorted(receipt.sequence for receipt in receipts) == list(range(1, 801))
        for number in range(8):
            assert [event.value() for event in store.events(entity=f"e{number}")] == [
                [number, step] for step in range(100)
            ]
        assert store.verify(receipts=receipts).attested == 800


def test_threads_share_a_flush(path: Path, clock: Gatekeeper) -> None:
    """The first to lead stands at the clock until all are inside: those behind it go together."""
    with batpak.open(path, clock=clock) as store:
        before = store.stat().syncs
        clock.shut()
        with ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(store.append, f"e{number}", "s", kind=NOTE, value=number) for number in range(8)]
            clock.await_leader()
            while inside(store) < 8:
                time.sleep(0.001)
            clock.open.set()
            assert sorted(future.result().sequence for future in waiting) == list(range(1, 9))
        assert store.stat().syncs - before < 8


def test_threads_that_do_everything(path: Path) -> None:
    deadline = time.monotonic() + 1.5
    with batpak.open(path, durability="written", segment_max_bytes=100_000) as store:
        first = store.append("e", "s", kind=NOTE, value=0)

        def write() -> None:
            for number in itertools.count():
                store.append("e", "s", kind=NOTE, value=number, extensions={"a.b": b"x"})
                if time.monotonic() > deadline:
                    return

        def many() -> None:
            while time.monotonic() < deadline:
                store.append_many([Draft("m", "s", kind=NOTE, value=1)] * 50)

        def read() -> None:
            while time.monotonic() < deadline:
                assert [event.clock for event in store.events(entity="e", limit=1000)][:1] == [0]
                assert store.get(first.event_id).value() == 0 and store.verify_receipt(first).valid
                store.fold(0, lambda count, event: count + 1, limit=1000)
                store.stat()

        def check() -> None:
            while time.monotonic() < deadline:
                assert store.verify().verdict == "CONSISTENT"
                store.sync()

        with ThreadPoolExecutor(8) as pool:
            for future in [pool.submit(work) for work in (write, write, many, read, read, read, check)]:
                future.result()
        assert store.verify().verdict == "CONSISTENT"


def test_one_event_read_by_many_threads(store: batpak.Store) -> None:
    store.append_many(Draft("e", "s", kind=NOTE, value={"n": number}) for number in range(500))
    page = store.page(entity="e", limit=500)

    def read(_: int) -> int:
        return sum(event.value()["n"] + len(event.entity) + event.clock for event in page)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(read, range(16)))) == 1


def test_values_are_encoded_by_many_threads() -> None:
    values = [{"n": number, "text": "x" * number, "list": [number] * 10} for number in range(50)]

    def work(_: int) -> bool:
        return all(
            batpak.payload_decode(batpak.payload_encode(value)) == value for value in values for _ in range(20)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_close_against_threads(path: Path) -> None:
    """Busy while others are inside, then closed for all of them; how long others are inside is their business."""
    for _ in range(20):
        store = batpak.open(path, durability="written")
        enough = time.monotonic() + 0.02

        def work() -> None:
            try:
                while time.monotonic() < enough:
                    store.append("e", "s", kind=NOTE, value=1)
            except batpak.Closed:
                pass

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        while not store.closed:
            try:
                store.close()
            except batpak.Busy as busy:
                assert busy.actual >= 1
        for thread in threads:
            thread.join()
    with batpak.open(path) as store:
        assert store.verify().verdict == "CONSISTENT"


# --- fork


def in_child(work: Any) -> int:
    """What a forked child that does the work exits with; it leaves without the interpreter's last rites."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking where there are threads
        child = os.fork()
    if child == 0:
        code = 100
        try:
            code = work() or 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_forked_child_is_refused_and_the_parent_goes_on(path: Path) -> None:
    with batpak.open(path) as store:
        receipt = store.append("e", "s", kind=NOTE, value=1)
        page = store.page()

        def work() -> int:
            calls: tuple[Any, ...] = (
                lambda: store.append("e", "s", kind=NOTE, value=1),
                store.sync,
                store.page,
                lambda: list(store.events()),
                store.stat,
                store.verify,
                store.open_report,
                lambda: store.get(receipt.event_id),
                lambda: store.walk(receipt.event_id),
                lambda: store.fold(0, lambda state, event: state),
                lambda: store.verify_receipt(receipt),
                lambda: store.append_many([Draft("e", "s", kind=NOTE, value=1)]),
            )
            for at, call in enumerate(calls):
                try:
                    call()
                    return 50 + at
                except batpak.Forked as error:
                    if error.path != path:
                        return 30 + at
            if [event.sequence for event in page] != [0, 1]:
                return 20
            store.close()
            store.close()
            return 0

        assert in_child(work) == 0
        store.append("e", "s", kind=NOTE, value=2)
        assert store.verify(receipts=[receipt]).verdict == "ATTESTED"
    with batpak.open(path) as store:
        assert store.stat().clean_close and len(store.page(entity="e")) == 2


def test_a_forked_child_may_open_another(path: Path, tmp_path: Path) -> None:
    with batpak.open(path):

        def work() -> int:
            with batpak.open(tmp_path / "other") as other:
                other.append("e", "s", kind=NOTE, value=1)
            try:
                batpak.open(path)
            except batpak.Locked:
                return 0
            return 1

        assert in_child(work) == 0


def test_a_child_that_drops_the_store(path: Path) -> None:
    holder = [batpak.open(path)]

    def work() -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            holder.clear()
            gc.collect()
        return 0

    assert in_child(work) == 0
    holder[0].append("e", "s", kind=NOTE, value=1)
    holder[0].close()
    with batpak.open(path) as store:
        assert store.stat().clean_close


def child_appends(path: str, number: int) -> int:
    """In a child of multiprocessing: waits for the lock, appends, closes."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        try:
            with batpak.open(path) as store:
                return store.append(f"e{number}", "s", kind=NOTE, value=number).sequence
        except batpak.Locked:
            time.sleep(0.01)
    raise TimeoutError


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_multiprocessing(path: Path, method: str) -> None:
    context = multiprocessing.get_context(method)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with context.Pool(3) as pool:
            sequences = pool.starmap(child_appends, [(str(path), number) for number in range(6)])
    assert len(set(sequences)) == 6
    with batpak.open(path) as store:
        assert store.verify().verdict == "CONSISTENT" and store.stat().entities == 7


def test_what_crosses_to_another_process(path: Path) -> None:
    """Receipts, errors, reports and values do; stores do not."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        receipt, report, key = pool.apply(child_reports, (str(path),))
        with pytest.raises(batpak.NoStore) as raised:
            pool.apply(child_fails, (str(path) + "x",))
    assert raised.value.path == str(path) + "x" and raised.value.code == batpak.Status.BP_NO_STORE
    with batpak.open(path) as store:
        assert store.verify_receipt(receipt, trust=[key.public_key]).valid and report.attested == 1
        assert report == store.verify(trust=[key.public_key], receipts=[receipt])
        with pytest.raises(TypeError):
            context.SimpleQueue().put(store)


def child_reports(path: str) -> tuple[batpak.Receipt, batpak.Report, batpak.Key]:
    """In a child of multiprocessing."""
    key = batpak.key_generate()
    with batpak.open(path, signing_seeds=[key.seed]) as store:
        receipt = store.append("e", "s", kind=NOTE, value=1, extensions={"a.b": b"1"})
        return receipt, store.verify(receipts=[receipt]), key


def child_fails(path: str) -> None:
    """In a child of multiprocessing."""
    batpak.open(path, mode="must_exist")


# --- other interpreters


CONTEND = """
import sys, batpak
try:
    batpak.open(sys.argv[1]).close()
    print("opened")
except batpak.Locked as error:
    print("locked", error.path)
"""


def test_two_processes_contend_for_the_lock(path: Path) -> None:
    # P-084
    with batpak.open(path):
        assert faults.run(CONTEND, path) == f"locked {path}\n"
    assert faults.run(CONTEND, path) == "opened\n"


HOLD = """
import sys, time, batpak
store = batpak.open(sys.argv[1])
store.append("e", "s", kind=0xF001, value=1)
print("holding", flush=True)
time.sleep(600)
"""


def test_a_killed_process_frees_the_lock(path: Path) -> None:
    # P-084
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stdout.readline() == "holding\n"
        with pytest.raises(batpak.Locked):
            batpak.open(path)
        child.send_signal(signal.SIGKILL)
    with batpak.open(path) as store:
        assert not store.stat().clean_close and len(store.page(entity="e")) == 1


EXIT = """
import sys, batpak
store = batpak.open(sys.argv[1], durability="written")
store.append("e", "s", kind=0xF001, value=1)
page = store.page()
iterator = store.events()
next(iterator)
raise SystemExit(0)
"""


def test_an_interpreter_that_ends_with_an_open_store(path: Path) -> None:
    ended = subprocess.run([sys.executable, "-X", "dev", "-c", EXIT, path], capture_output=True, text=True)
    assert (
        ended.returncode == 0
        and "ResourceWarning" in ended.stderr
        and "Error" not in ended.stderr.replace("ResourceWarning", "")
    )
    with batpak.open(path) as store:
        assert store.stat().clean_close and len(store.page(entity="e")) == 1


SUBINTERPRETER = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
import batpak
store = batpak.open(sys.argv[1])
inner = interpreters.create()
script = '''
try:
    import batpak
except ImportError as problem:
    print("refused", flush=True)
else:
    with batpak.open({other!r}) as store:
        receipt = store.append("e", "s", kind=0xF001, value=[1, "a"])
        assert store.get(receipt.event_id).value() == [1, "a"] and store.verify().verdict == "CONSISTENT"
        try:
            batpak.open({path!r})
        except batpak.Locked as error:
            assert error.path == {path!r}
        else:
            raise AssertionError("not locked")
        store.fold(None, lambda state, event: state)
    print("worked", flush=True)
'''.format(path=sys.argv[1], other=sys.argv[1] + "-inner")
try:
    problem = interpreters.run_string(inner, script)
    if problem is not None:
        print("failed", problem, flush=True)
finally:
    interpreters.destroy(inner)
receipt = store.append("e", "s", kind=0xF001, value=2)
assert store.get(receipt.event_id).value() == 2 and store.verify().verdict == "CONSISTENT"
store.close()
"""


def test_a_subinterpreter(path: Path) -> None:
    """It works there, or the import is refused; nothing crashes, and the main interpreter's store goes on."""
    if not any(__import__("importlib").util.find_spec(name) for name in ("_interpreters", "_xxsubinterpreters")):
        pytest.skip("this Python has no subinterpreters")
    said = faults.run(SUBINTERPRETER, path)
    assert said in ("worked\n", "refused\n")


# --- collection


def test_any_order_of_collection(path: Path) -> None:
    chance = random.Random(1)
    for _ in range(12):
        store = batpak.open(path, durability="written")
        receipts = [
            store.append("e", "s", kind=NOTE, payload=bytes([number]) * 100, extensions={"a.b": b"x"})
            for number in range(5)
        ]
        page, report = store.page(entity="e"), store.verify()
        event = page[-1]
        events = store.events(entity="e")
        held: list[Any] = [
            store,
            receipts,
            page,
            event,
            event.payload_view,
            events,
            next(events),
            report,
            store.walk(event.event_id),
            store.stat(),
        ]
        del store, receipts, page, report, event, events
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            while held:
                held.pop(chance.randrange(len(held)))
                if chance.random() < 0.3:
                    gc.collect()
                for thing in held:
                    if isinstance(thing, batpak.Event):
                        assert len(thing.payload) == 100 and thing.extensions == {"a.b": b"x"}
                    elif isinstance(thing, memoryview):
                        assert len(bytes(thing)) == 100
                    elif isinstance(thing, batpak.Page):
                        assert all(each.entity == "e" for each in thing)
                thing = None
            gc.collect()
    with batpak.open(path) as store:
        assert store.verify().verdict == "CONSISTENT"


def test_a_dropped_store_warns_and_frees_the_lock(path: Path) -> None:
    store = batpak.open(path)
    store.append("e", "s", kind=NOTE, value=1)
    gone = weakref.ref(store)
    with pytest.warns(ResourceWarning, match="game"):
        del store
        gc.collect()
    assert gone() is None
    with batpak.open(path) as store:
        assert store.stat().clean_close


def test_a_store_dropped_within_a_cycle(path: Path) -> None:
    holder: dict[str, Any] = {"store": batpak.open(path)}
    holder["self"] = holder
    with pytest.warns(ResourceWarning):
        del holder
        gc.collect()
    batpak.open(path).close()


def test_a_cycle_through_a_callback(path: Path) -> None:
    class Owner:
        def __init__(self) -> None:
            self.store = batpak.open(path, log=self.write)

        def write(self, line: str) -> None:
            """Does nothing."""

    owner = Owner()
    owner.store.close()
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None
    gone = weakref.ref(Owner())
    with pytest.warns(ResourceWarning):
        gc.collect()
    assert gone() is None
    batpak.open(path).close()


def test_a_payload_that_knows_its_event_is_collected(path: Path) -> None:
    with batpak.open(path) as store:
        event = store.get(store.append("e", "s", Linked(1)).event_id, Linked)
        event.payload.link = event
        seen = weakref.ref(event.payload)
        del event
        gc.collect()
        assert seen() is None


def test_a_closed_store_holds_no_callback(path: Path) -> None:
    class Application:
        def __init__(self) -> None:
            self.store = batpak.open(path, log=self.log)
            self.store.append("e", "s", kind=0xF001, payload=b"")
            self.last = self.store.page()[0]  # holds the page, which holds the handle

        def log(self, line: str) -> None:
            pass

    application = Application()
    application.store.close()
    seen = weakref.ref(application)
    del application
    gc.collect()
    assert seen() is None


def test_a_closed_store_does_not_warn(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store = batpak.open(path)
        store.close()
        del store
        gc.collect()


def test_a_store_that_could_not_be_opened_leaves_nothing(path: Path) -> None:
    descriptors = len(os.listdir("/proc/self/fd"))
    with batpak.open(path):
        for _ in range(50):
            with pytest.raises(batpak.Locked):
                batpak.open(path)
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_a_thread_that_ends_inside_a_dropped_store(path: Path) -> None:
    """The store is dropped while another thread's call is under way; it is closed when that call returns."""
    inside, leave = threading.Event(), threading.Event()

    def step(state: None, event: Any) -> None:
        inside.set()
        leave.wait(240)

    store = batpak.open(path)
    thread = threading.Thread(target=store.fold, args=(None, step), kwargs={"limit": 1})
    thread.start()
    assert inside.wait(240)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        del store
        gc.collect()
        leave.set()
        thread.join()
        del thread
        gc.collect()
    batpak.open(path).close()
