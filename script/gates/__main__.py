"""Runs the gates: python3 script/gates [--update-abi | --update-generated | --list] [GATE]..."""

import argparse
import os
import sys
import time
from pathlib import Path

import abi
import alone
import documents
import generated
import header
import in_step
import invariants
import layers
import lines
import names
import package_names
import paths
import properties
import seam
import selftest
import statuses
from tree import Skipped, Tree

GATES = {
    "selftest": selftest.check,
    "layers": layers.check,
    "seam": seam.check,
    "lines": lines.check,
    "header": header.check,
    "abi": abi.check,
    "generated": generated.check,
    "in_step": in_step.check,
    "names": names.check,
    "package_names": package_names.check,
    "statuses": statuses.check,
    "invariants": invariants.check,
    "properties": properties.check,
    "documents": documents.check,
    "paths": paths.check,
    "alone": alone.check,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/check")
    parser.add_argument("gates", nargs="*", choices=[[], *GATES], metavar="GATE")
    parser.add_argument("--build", default="build-dev")
    parser.add_argument("--update-abi", action="store_true")
    parser.add_argument("--update-generated", action="store_true")
    parser.add_argument("--list", action="store_true")
    wanted = parser.parse_args()
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        sys.exit("the gates look at the files that git knows; this is no git checkout")
    tree = Tree(root, root / wanted.build)
    if wanted.list:
        for name, gate in GATES.items():
            print(f"{name:12} {(sys.modules[gate.__module__].__doc__ or '').splitlines()[0]}")
        return 0
    if wanted.update_abi:
        abi.update(tree)
    if wanted.update_generated:
        generated.update(tree)
    failed = False
    for name in wanted.gates or GATES:
        begun = time.monotonic()
        try:
            problems = GATES[name](tree)
            outcome = "FAILED" if problems else "ok"
        except Skipped as reason:
            problems, outcome = [], f"skipped: {reason}"
        print(f"{name:12} {time.monotonic() - begun:5.1f}s  {outcome}", flush=True)
        for problem in problems:
            print(f"    {problem}")
        failed = failed or bool(problems)
    return 1 if failed else 0


if __name__ == "__main__":
    # A closed pipe is the reader's choice.
    try:
        sys.exit(main())
    except BrokenPipeError:
        os._exit(1)
