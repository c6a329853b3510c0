"""The suite of the Python package, run against the package as it is installed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import batpak
import pytest
from hypothesis import HealthCheck, settings

SOURCES = Path(__file__).resolve().parents[1]

# In CI the random values are the same each time: a commit is held against nothing new.
settings.register_profile(
    "suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=os.environ.get("CI") == "true"
)
settings.load_profile("suite")


def pytest_sessionstart() -> None:
    """A suite that runs against the source tree proves nothing about the package."""
    if SOURCES in Path(batpak.__file__).resolve().parents:
        raise pytest.UsageError(f"batpak comes from {batpak.__file__}: install the wheel and take python/ off the path")
    # Whoever runs this in the background may ignore interrupts, and children would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store may be made."""
    return tmp_path / "game"


@pytest.fixture
def store(path: Path) -> Iterator[batpak.Store]:
    """An open store that answers before the flush."""
    with batpak.open(path, durability="written") as opened:
        yield opened


class Gatekeeper:
    """A clock that lets nothing be committed while it is shut."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self._asked = threading.Event()

    def __call__(self) -> int:
        self._asked.set()
        assert self.open.wait(300)
        return time.time_ns() // 1000

    def shut(self) -> None:
        """From now on whoever leads stands here until `open` is set."""
        self._asked.clear()
        self.open.clear()

    def await_leader(self) -> None:
        """Until somebody stands here."""
        assert self._asked.wait(300)


@pytest.fixture
def clock() -> Gatekeeper:
    return Gatekeeper()


def inside(store: batpak.Store) -> int:
    """How many calls are under way; one of them must be, or this closes the store."""
    with pytest.raises(batpak.Busy) as busy:
        store.close()
    assert busy.value.actual is not None
    return busy.value.actual


@pytest.fixture
def descriptors() -> Callable[[], int]:
    """How many descriptors this process has open."""
    return lambda: len(os.listdir("/proc/self/fd"))
