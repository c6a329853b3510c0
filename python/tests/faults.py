"""System calls that fail: a filter of the kernel (seccomp) answers an errno for one call of this process from now on.

It cannot be taken back, so it is for child processes. `run` starts one.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import subprocess
import sys
from pathlib import Path

import pytest

#: Numbers of the calls, by machine.
NUMBERS = {
    "x86_64": {"pwrite64": 18, "flock": 73, "fsync": 74, "fdatasync": 75, "openat": 257},
    "aarch64": {"pwrite64": 68, "flock": 32, "fsync": 82, "fdatasync": 83, "openat": 56},
}

_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


def fail(call: str, errno: int) -> None:
    """Makes every further `call` of this process, in any of its threads to come, fail with `errno`."""
    steps = [(_LOAD, 0, 0, 0), (_EQUAL, 0, 1, NUMBERS[platform.machine()][call]), (_RETURN, 0, 0, _ERRNO | errno),
             (_RETURN, 0, 0, _ALLOW)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    what = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(program)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0 or libc.prctl(_SECCOMP, _FILTER, what, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "this kernel takes no filter")


def available() -> bool:
    """Whether system calls can be made to fail here."""
    return platform.machine() in NUMBERS and subprocess.run(
        [sys.executable, "-c", "import errno, faults; faults.fail('fdatasync', errno.EIO)"],
        cwd=Path(__file__).parent, capture_output=True).returncode == 0


def run(script: str, *arguments: object) -> str:
    """Runs a script in a fresh interpreter that can import this module; what it printed."""
    ended = subprocess.run([sys.executable, "-W", "error", "-c", script, *map(str, arguments)], cwd=Path(__file__).parent,
                           capture_output=True, text=True, timeout=600)
    if ended.returncode != 0:
        pytest.fail(f"exit {ended.returncode}\n{ended.stdout}\n{ended.stderr}")
    return ended.stdout
