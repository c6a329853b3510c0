"""Finds and builds the drivers."""

import os
import pathlib
import re
import shutil
import subprocess

from runner.driver import Driver

CONFORMANCE = pathlib.Path(__file__).resolve().parent.parent
ROOT = CONFORMANCE.parent
REFERENCE = CONFORMANCE / "reference"
OLDEST_CARGO = (1, 92)
OLDEST_NODE = 18

REFERENCE_CAPABILITIES = (
    "encode",
    "typed",
    "parts",
    "json",
    "names",
    "store",
    "read_only",
    "signing",
    "batch",
    "fence",
    "submit",
    "try",
    "compact",
    "snapshot",
    "denial",
    "gates",
    "outcome",
    "frontier",
)
C_CAPABILITIES = (
    "encode",
    "json",
    "from_json",
    "names",
    "from_text",
    "keys",
    "library",
    "store",
    "read_only",
    "signing",
    "verify",
    "state",
    "files",
    "batch",
    "frontier",
    "claims",
    "denial",
    "gates",
    "transition",
    "submit",
    "tickets",
    "try",
    "fence",
    "outcome",
)


class Unavailable(Exception):
    """A driver cannot be had here; the text says why."""


class Drivers:
    """Those that are here: `ours`, C first, and the reference or None."""

    def __init__(self, ours, reference):
        self.ours = ours
        self.reference = reference

    @property
    def all(self):
        return [*self.ours, *([self.reference] if self.reference else [])]

    def oracle(self):
        """The one that the others are held against; without the reference it is the one in C."""
        return self.reference or self.ours[0]

    def compared(self):
        return [driver for driver in self.all if driver is not self.oracle()]

    def stop(self):
        for driver in self.all:
            driver.stop()


MAKERS = {}


def find(report):
    """Every driver that can be had; the report says which are missing, and why."""
    found = {}
    for name, make in MAKERS.items():
        try:
            found[name] = make()
        except Unavailable as why:
            if name == "c":
                raise
            report.skip(f"the driver {name}", str(why))
    reference = found.pop("reference", None)
    return Drivers(list(found.values()), reference)


def maker(name):
    def keep(make):
        MAKERS[name] = make
        return make

    return keep


def built(command, what, cwd=ROOT, environment=None):
    """What a build prints last, or Unavailable with its last words."""
    words = [str(word) for word in command]
    environment = {**os.environ, **(environment or {})}
    try:
        done = subprocess.run(words, cwd=cwd, text=True, capture_output=True, check=False, env=environment)
    except OSError as why:
        raise Unavailable(f"{what} does not build: {words[0]} does not run: {why.strerror}") from why
    if done.returncode != 0:
        raise Unavailable(f"{what} does not build:\n{(done.stderr.strip() or done.stdout.strip())[-2000:]}")
    return done.stdout.strip().split("\n")[-1]


@maker("c")
def c_driver():
    """The C driver that `conformance/run` has built, or the one it was told of."""
    path = os.environ.get("BATPAK_DRIVER_C")
    if not path or not os.access(path, os.X_OK):
        raise Unavailable(f"no C driver at {path}" if path else "BATPAK_DRIVER_C is not set")
    return Driver("c", [os.path.abspath(path)], C_CAPABILITIES)


@maker("python")
def python_driver():
    """A Python in which the package is installed: BATPAK_PYTHON, or one made here from the wheel."""
    python = os.environ.get("BATPAK_PYTHON") or installed("python") / "bin/python"
    # Drivers work in folders of their own, and a link into an environment must stay one.
    command = [os.path.abspath(shutil.which(python) or python), "-I", "-B", str(CONFORMANCE / "driver_python")]
    return started(Driver("python", command, (*C_CAPABILITIES, "native_python"), lives=True))


def installed(language):
    """The folder in which script/packages has installed the package of a language."""
    built([ROOT / "script/packages", language], f"the package for {language}")
    return ROOT / "out/packages" / language


@maker("node")
def node_driver():
    """Node with a folder in which the package is installed: BATPAK_NODE_PACKAGE, or one made here from the tarball."""
    if node_version() < OLDEST_NODE:
        raise Unavailable(f"no Node of version {OLDEST_NODE} or later")
    place = os.environ.get("BATPAK_NODE_PACKAGE") or installed("node")
    command = ["node", "--expose-gc", str(CONFORMANCE / "driver_node/driver.mjs")]
    environment = {**os.environ, "BATPAK_NODE_PACKAGE": os.path.abspath(place)}
    return started(Driver("node", command, (*C_CAPABILITIES, "native_node"), lives=True, environment=environment))


def started(driver):
    """A driver that finds its package: it starts, is told nothing, and ends well."""
    try:
        done = subprocess.run(driver.command, input="", text=True, capture_output=True, env=driver.environment, check=False)
    except OSError as why:
        raise Unavailable(f"the driver for {driver.name} does not start: {why.strerror}") from why
    if done.returncode != 0:
        raise Unavailable(f"the driver for {driver.name} does not start:\n{done.stderr.strip()[-2000:]}")
    return driver


def node_version():
    try:
        said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    return int(re.match(r"v(\d+)", said).group(1))


def cargo_version():
    try:
        said = subprocess.run(["cargo", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    numbers = re.search(r"(\d+)\.(\d+)", said)
    return tuple(int(part) for part in numbers.groups()) if numbers else None


@maker("reference")
def reference_driver():
    """Builds the reference driver from its lock file and gives it back."""
    version = cargo_version()
    if version is None:
        raise Unavailable("no Rust toolchain: `cargo --version` does not run")
    if version < OLDEST_CARGO:
        raise Unavailable(f"cargo {version[0]}.{version[1]} is older than {OLDEST_CARGO[0]}.{OLDEST_CARGO[1]}")
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REFERENCE / "target"))
    command = ["cargo", "build", "--quiet", "--locked", "--release"]
    jobs = {"CARGO_BUILD_JOBS": os.environ.get("CARGO_BUILD_JOBS", "2")}
    built(command, "the reference driver", cwd=REFERENCE, environment=jobs)
    return Driver("reference", [str(target / "release" / "driver-reference")], REFERENCE_CAPABILITIES)
