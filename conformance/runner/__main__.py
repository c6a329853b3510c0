"""conformance/run: every lane, or those named."""

import argparse
import os
import random
import sys

from runner import (
    lane_exchange,
    lane_frames,
    lane_golden,
    lane_locks,
    lane_random,
    lane_torn,
    lane_values,
    lane_vectors,
)
from runner.drivers import Unavailable, c_driver, reference_driver
from runner.report import Report

LANES = ("vectors", "golden", "values", "exchange", "locks", "torn", "frames", "random")
WITHOUT_REFERENCE = ("vectors", "golden")


def arguments():
    parser = argparse.ArgumentParser(prog="conformance/run", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="of everything generated; a new one each time, printed")
    parser.add_argument("--programs", type=int, default=300, help="random programs")
    parser.add_argument("--only", type=int, default=None, help="this one random program")
    parser.add_argument("lanes", nargs="*", choices=[*LANES, []], help="all when none is named")
    return parser.parse_args()


def main():
    chosen = arguments()
    lanes = set(chosen.lanes or LANES if chosen.only is None else ["random"])
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(2**31)
    report = Report()
    report.say(f"seed {seed}")
    try:
        ours = c_driver()
    except Unavailable as why:
        report.not_ok("the C driver", why)
        return report.close()
    try:
        reference = reference_driver()
    except Unavailable as why:
        reference = None
        report.skip("the reference", str(why))
    run_lanes(report, lanes, seed, chosen, ours, reference)
    return report.close()


def run_lanes(report, lanes, seed, chosen, ours, reference):
    both = (ours, reference)
    running = {
        "vectors": lambda: [lane_vectors.run(report, driver) for driver in both if driver],
        "golden": lambda: lane_golden.run(report, *both),
        "values": lambda: lane_values.run(report, seed, *both),
        "exchange": lambda: lane_exchange.run(report, *both),
        "locks": lambda: lane_locks.run(report, *both),
        "torn": lambda: lane_torn.run(report, *both),
        "frames": lambda: lane_frames.run(report, seed, *both),
        "random": lambda: lane_random.run_all(report, seed, chosen.programs, *both, chosen.only),
    }
    for name in LANES:
        if name in lanes and (reference or name in WITHOUT_REFERENCE):
            with report.guard(name):
                running[name]()


if __name__ == "__main__":
    os.environ.setdefault("RUST_BACKTRACE", "0")
    sys.exit(main())
