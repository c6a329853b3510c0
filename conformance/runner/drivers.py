"""Finds and builds the drivers."""

import os
import pathlib
import re
import subprocess

from runner.driver import Driver

CONFORMANCE = pathlib.Path(__file__).resolve().parent.parent
REFERENCE = CONFORMANCE / "reference"
OLDEST_CARGO = (1, 92)

REFERENCE_CAPABILITIES = (
    "encode",
    "json",
    "names",
    "store",
    "read_only",
    "signing",
    "batch",
    "fence",
    "compact",
    "snapshot",
    "denial",
)


C_CAPABILITIES = ("json", "from_json", "names", "keys", "store", "read_only", "signing", "verify")


class Unavailable(Exception):
    """A driver cannot be had here; the text says why."""


def cargo_version():
    try:
        said = subprocess.run(["cargo", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    numbers = re.search(r"(\d+)\.(\d+)", said)
    return tuple(int(part) for part in numbers.groups()) if numbers else None


def reference_driver():
    """Builds the reference driver from its lock file and gives it back."""
    version = cargo_version()
    if version is None:
        raise Unavailable("no Rust toolchain: `cargo --version` does not run")
    if version < OLDEST_CARGO:
        raise Unavailable(f"cargo {version[0]}.{version[1]} is older than {OLDEST_CARGO[0]}.{OLDEST_CARGO[1]}")
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REFERENCE / "target"))
    built = subprocess.run(
        ["cargo", "build", "--quiet", "--locked", "--release"],
        cwd=REFERENCE,
        text=True,
        capture_output=True,
        check=False,
        env={"CARGO_BUILD_JOBS": "2", **os.environ},
    )
    if built.returncode != 0:
        raise Unavailable(f"the reference driver does not build:\n{built.stderr.strip()[-2000:]}")
    return Driver("reference", [str(target / "release" / "driver-reference")], REFERENCE_CAPABILITIES)


def c_driver():
    """The C driver that `conformance/run` has built, or the one it was told of."""
    path = os.environ.get("BATPAK_DRIVER_C")
    if not path or not os.access(path, os.X_OK):
        raise Unavailable(f"no C driver at {path}" if path else "BATPAK_DRIVER_C is not set")
    return Driver("c", [os.path.abspath(path)], C_CAPABILITIES)
