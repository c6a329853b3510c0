"""How many instructions an event costs, counted by callgrind: clocks lie on a busy machine, counts do not.  Each bound
leaves a quarter for other compilers; whoever raises it says why."""

import os
import re
import subprocess
import sys

# What is counted, the events of a call, calls of the shorter and the longer run, and the most instructions an event: the
# count with gcc 12 -O1, which is how the tests are built, and a quarter.  Callgrind knows nothing newer than AVX2.
ROWS = (
    ("append", "an append and a point read", 1, 500, 4500, 19800),
    ("batch", "an event of a batch of 100", 100, 5, 45, 11200),
    ("submit", "an append by submission and its ticket", 1, 500, 4500, 16800),
)


def count(program: str, kind: str, calls: int) -> int:
    run = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, kind, str(calls)],
                         capture_output=True, text=True, timeout=300)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found:
        sys.exit(f"callgrind failed:\n{run.stderr}")
    return int(found.group(1))


def main() -> None:
    program = os.path.join(os.environ.get("BATPAK_BIN", "build-dev/bin"), "harness_warm")
    slower = []
    for kind, what, events, few, many, most in ROWS:
        each = (count(program, kind, many) - count(program, kind, few)) // ((many - few) * events)
        print(f"{each} instructions for {what}, 256 bytes of payload, at most {most}")
        if each > most:
            slower.append(what)
    if slower:
        sys.exit(f"became slower: {', '.join(slower)}")


if __name__ == "__main__":
    main()
