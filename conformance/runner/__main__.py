"""conformance/run: every lane, or those named."""

import argparse
import os
import random
import sys

from runner import (
    lane_exchange,
    lane_fences,
    lane_frames,
    lane_golden,
    lane_locks,
    lane_random,
    lane_torn,
    lane_values,
    lane_vectors,
)
from runner.drivers import Unavailable, find
from runner.report import Report

LANES = ("vectors", "golden", "values", "exchange", "locks", "torn", "fences", "frames", "random")
# What they compare with only the reference can say.
WITH_REFERENCE = ("torn", "frames")


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
        drivers = find(report)
    except Unavailable as why:
        report.not_ok("the C driver", why)
        return report.close()
    run_lanes(report, lanes, seed, chosen, drivers)
    drivers.stop()
    return report.close()


def run_lanes(report, lanes, seed, chosen, drivers):
    running = {
        "vectors": lambda: lane_vectors.run(report, drivers),
        "golden": lambda: lane_golden.run(report, drivers),
        "values": lambda: lane_values.run(report, seed, drivers),
        "exchange": lambda: lane_exchange.run(report, drivers),
        "locks": lambda: lane_locks.run(report, drivers),
        "torn": lambda: lane_torn.run(report, drivers),
        "fences": lambda: lane_fences.run(report, drivers),
        "frames": lambda: lane_frames.run(report, seed, drivers),
        "random": lambda: lane_random.run_all(report, seed, chosen.programs, drivers, chosen.only),
    }
    for name in LANES:
        if name in lanes and (drivers.reference or name not in WITH_REFERENCE):
            with report.guard(name), report.timed(name):
                running[name]()


if __name__ == "__main__":
    os.environ.setdefault("RUST_BACKTRACE", "0")
    sys.exit(main())
