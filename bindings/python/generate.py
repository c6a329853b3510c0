"""Makes the C source of the raw module `batpak._batpak` from ffi.h, with cffi; CMake runs it.

Nothing of ffi.h is copied by hand: cffi reads what the compiler's preprocessor leaves of it. The first line of the output
is a digest of what it was made from, so that a source distribution that carries the output needs no cffi to build.
"""

import argparse
import hashlib
import re
import subprocess
import sys
from pathlib import Path

MODULE = "batpak._batpak"

# What the library calls back: python/batpak/callbacks.py and gates.py hold the other half.
CALLBACKS = """
extern "Python" int64_t batpak_clock(void *user);
extern "Python" int32_t batpak_progress(void *user, uint32_t stage, uint64_t done, uint64_t total);
extern "Python" int32_t batpak_gate(void *user, const uint8_t *context, size_t context_length, bp_denial_writer *writer);
extern "Python" int32_t batpak_fault(void *user, uint32_t point, uint64_t batch, uint32_t item, uint32_t items);
extern "Python" void batpak_log(void *user, const char *text, size_t length);
"""


def digest(header: Path) -> str:
    return hashlib.sha256(header.read_bytes() + Path(__file__).read_bytes()).hexdigest()


def declarations(header: Path, compiler: str) -> str:
    """The header after the preprocessor, without what came from the system's headers."""
    command = [compiler, "-E", "-DBP_API=", str(header)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    kept, ours = [], False
    for line in text.splitlines():
        if marker := re.match(r'# \d+ "(.*?)"', line):
            ours = marker.group(1) == str(header)
        elif ours:
            kept.append(line)
    return "\n".join(kept) + "\n"


def emit(header: Path, compiler: str, output: Path) -> None:
    from cffi import FFI

    ffi = FFI()
    ffi.cdef(declarations(header, compiler) + CALLBACKS)
    ffi.set_source(MODULE, "#include <batpak/ffi.h>\n", py_limited_api=True)
    raw = output.with_suffix(".tmp")
    ffi.emit_c_code(str(raw))
    output.write_text(f"/* {digest(header)} */\n{raw.read_text()}")
    raw.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the C source of the raw Python module.")
    parser.add_argument("--header", type=Path, required=True, help="ffi.h")
    parser.add_argument("--compiler", default="cc", help="whose preprocessor reads the header")
    parser.add_argument("--output", type=Path, required=True, help="the C file to write")
    parser.add_argument("--fresh", action="store_true", help="only say, by the exit code, whether the output is up to date")
    arguments = parser.parse_args()
    if arguments.fresh:
        if not arguments.output.exists():
            return 1
        with arguments.output.open() as source:
            return 0 if source.readline() == f"/* {digest(arguments.header)} */\n" else 1
    emit(arguments.header, arguments.compiler, arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
