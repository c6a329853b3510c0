"""The suite of the Python package, run against the package as it is installed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import batpak
import pytest
from hypothesis import HealthCheck, settings

SOURCES = Path(__file__).resolve().parents[1]

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
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


@pytest.fixture
def descriptors() -> Callable[[], int]:
    """How many descriptors this process has open."""
    return lambda: len(os.listdir("/proc/self/fd"))
