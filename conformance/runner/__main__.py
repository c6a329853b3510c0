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

LANES = ("vectors", "values", "golden", "exchange", "locks", "torn", "frames", "random")


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
    if "vectors" in lanes:
        lane_vectors.run(report, ours)
        if reference:
            lane_vectors.run(report, reference)
    if "golden" in lanes:
        lane_golden.run(report, ours, reference)
    if reference is None:
        return
    if "values" in lanes:
        lane_values.run(report, seed, ours, reference)
    if "exchange" in lanes:
        lane_exchange.run(report, ours, reference)
    if "locks" in lanes:
        lane_locks.run(report, ours, reference)
    if "torn" in lanes:
        lane_torn.run(report, ours, reference)
    if "frames" in lanes:
        lane_frames.run(report, seed, ours, reference)
    if "random" in lanes:
        lane_random.run(report, seed, chosen.programs, ours, reference, chosen.only)
        if chosen.only is None:
            lane_random.run_foreign(report, seed, chosen.programs // 2, ours, reference)


if __name__ == "__main__":
    os.environ.setdefault("RUST_BACKTRACE", "0")
    sys.exit(main())
