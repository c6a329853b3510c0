"""How many instructions an append with a point read costs, counted by callgrind: clocks lie on a busy machine, counts do
not.  The bound leaves a quarter for other compilers; whoever raises it says why."""

import os
import re
import subprocess
import sys

MOST = 20000  # 16,062 with gcc 12 -O1, which is how the tests are built; callgrind knows nothing newer than AVX2


def count(program: str, events: int) -> int:
    run = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, str(events)],
                         capture_output=True, text=True, timeout=300)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found:
        sys.exit(f"callgrind failed:\n{run.stderr}")
    return int(found.group(1))


def main() -> None:
    program = os.path.join(os.environ.get("BATPAK_BIN", "build-dev/bin"), "harness_warm")
    few, many = 500, 4500
    each = (count(program, many) - count(program, few)) // (many - few)
    print(f"{each} instructions for an append and a point read of 256 bytes, at most {MOST}")
    if each > MOST:
        sys.exit("the hot path became slower")


if __name__ == "__main__":
    main()
