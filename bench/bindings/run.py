"""Measures C, Python and Node beside each other: run.py WORKER PYTHON NODE-FOLDER [--events N] [--rounds N] [--row NAME]...

In each round each language does each row in a process of its own, one after the other. The medians of the rounds count,
and behind them stand the least and the most that a round gave. WORKER is the program made from worker.c, PYTHON an
interpreter and NODE-FOLDER a folder that have the package installed.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
LANGUAGES = ["C", "Python", "Node"]


@dataclass(frozen=True)
class Taken:
    """Seconds an event of the rounds, in a language and in C."""

    here: list[float]
    in_c: list[float]

    def spread(self, measure: Callable[[float, float], float]) -> tuple[float, float, float]:
        """What `measure` makes of the medians; of each round's two, the least and the most."""
        rounds = [measure(here, c) for here, c in zip(self.here, self.in_c)]
        return measure(statistics.median(self.here), statistics.median(self.in_c)), min(rounds), max(rounds)


@dataclass(frozen=True)
class Row:
    name: str
    what: str
    share: float                       # of --events
    reads: str | None                  # the row of worker.c that makes the store it reads
    goal: Callable[[str, Taken], str]  # of a language


def share_of_c(here: float, c: float) -> float:
    return c / here


def cost(here: float, c: float) -> float:
    return (here - c) * 1e6


def ratio(least: float) -> Callable[[str, Taken], str]:
    def judge(_: str, taken: Taken) -> str:
        found, low, high = taken.spread(share_of_c)
        return verdict(found >= least, f"{found:.2f} of C, {low:.2f} to {high:.2f}", f"{least:.2f}")
    return judge


def added(most: dict[str, float]) -> Callable[[str, Taken], str]:
    def judge(language: str, taken: Taken) -> str:
        found, low, high = taken.spread(cost)
        return verdict(found <= most[language], f"{found:+.2f} us, {low:+.2f} to {high:+.2f}", f"{most[language]:+.1f} us")
    return judge


def rate(least: float) -> Callable[[str, Taken], str]:
    def judge(_: str, taken: Taken) -> str:
        found, low, high = taken.spread(lambda here, _: 1 / here)
        return verdict(found >= least, f"{found / 1e6:.2f} M/s, {low / 1e6:.2f} to {high / 1e6:.2f}", f"{least / 1e6:.1f} M/s")
    return judge


def stated(_: str, taken: Taken) -> str:
    found, low, high = taken.spread(cost)
    return f"{found:+.2f} us, {low:+.2f} to {high:+.2f}; {taken.spread(share_of_c)[0]:.2f} of C"


def verdict(holds: bool, found: str, goal: str) -> str:
    return f"{found} (goal {goal}: {'met' if holds else 'MISSED'})"


ROWS = [
    Row("durable", "durable append, one caller", 0.02, None, ratio(0.95)),
    Row("written", "written append, receipt taken", 1, None, added({"Python": 1.0, "Node": 0.5})),
    Row("many-100", "append_many, 100 a call, durable, receipts taken", 1, None, ratio(0.85)),
    Row("many", "the same, 1,000 a call", 1, None, ratio(0.85)),
    Row("many-written", "the same, 1,000 a call, written", 1, None, ratio(0.85)),
    Row("written-cold", "written append, each event in memory of its own", 1, None, stated),
    Row("many-cold", "append_many, written, each event in memory of its own", 1, None, stated),
    Row("iterate", "iteration: sequence, id, entity, payload taken", 1, "prepare", rate(1.5e6)),
    Row("columns", "iteration by the columns of pages, where there are such", 1, "prepare", rate(1.5e6)),
    Row("typed-append", "typed written append, five fields", 1, None, stated),
    Row("typed-decode", "iteration of typed events, five fields", 1, "prepare-typed", stated),
]


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench-bindings")
    parser.add_argument("worker")
    parser.add_argument("python")
    parser.add_argument("node_folder", type=Path)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--row", action="append", choices=[row.name for row in ROWS])
    parser.add_argument("--directory", type=Path, default=Path("out/bench-bindings"))
    wanted = parser.parse_args()
    # Modules are found from where a program lies.
    script = Path(shutil.copy(HERE / "worker.mjs", wanted.node_folder))
    commands = {"C": [wanted.worker], "Python": [wanted.python, str(HERE / "worker.py")], "Node": ["node", str(script)]}
    rows = [row for row in ROWS if wanted.row is None or row.name in wanted.row]
    shutil.rmtree(wanted.directory, ignore_errors=True)
    wanted.directory.mkdir(parents=True)
    for store in sorted({row.reads for row in rows if row.reads}):
        run(commands["C"], store, wanted.directory / store, wanted.events)
    print(f"{wanted.events:,} events (durable: {int(wanted.events * 0.02):,}) of 256 bytes, median of {wanted.rounds} rounds, "
          "events a second\n")
    print("| Row | C | Python | Node | Python beside C | Node beside C |\n|---|---:|---:|---:|---|---|")
    for row in rows:
        print(measure(row, wanted, commands), flush=True)
    shutil.rmtree(wanted.directory)


def measure(row: Row, wanted: argparse.Namespace, commands: dict[str, list[str]]) -> str:
    events = int(wanted.events * row.share)
    taken: dict[str, list[float]] = {language: [] for language in LANGUAGES}
    for number in range(wanted.rounds):
        # Who goes first changes, so that a trend of the machine favours nobody.
        for language in LANGUAGES[number % 3:] + LANGUAGES[:number % 3]:
            place = wanted.directory / (row.reads or "scratch")
            taken[language].append(run(commands[language], row.name, place, events) / events)
            if not row.reads:
                shutil.rmtree(place)
    rates = " | ".join(f"{1 / statistics.median(taken[language]):,.0f}" for language in LANGUAGES)
    beside = " | ".join(row.goal(language, Taken(taken[language], taken["C"])) for language in LANGUAGES[1:])
    return f"| {row.what} | {rates} | {beside} |"


def run(command: list[str], row: str, place: Path, events: int) -> float:
    done = subprocess.run([*command, row, str(place), str(events)], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} {row} failed")
    return float(done.stdout)


if __name__ == "__main__":
    main()
