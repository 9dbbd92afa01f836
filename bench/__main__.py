"""`python -m bench`: measure, print a table of medians, write JSON, compare two results.

Every case runs in a process of its own; a round runs every case once, so that what a noisy machine
does hits a stage and its yardstick alike. Files lie in the page cache after the first round.

    python -m bench [--rounds 5] [--grow] [--only SUBSTRING] [--json FILE]
    python -m bench --compare BEFORE.json AFTER.json
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.inputs import Inputs
from bench.table import compare, lines, show

ROOT = Path(__file__).resolve().parent.parent
FLAT, JAGGED, NANO = Inputs("flat"), Inputs("jagged"), Inputs("nano")


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    name: str
    body: str
    inputs: Inputs
    yardstick: str | None = None
    more: dict[str, Any] = field(default_factory=dict)


def cases(grow: bool) -> list[Case]:
    """Return what is measured, each after its yardstick."""
    found = []
    for inputs in (FLAT, JAGGED, NANO):
        kind = inputs.kind
        found += [
            Case(f"{kind} uproot raw", "raw", inputs),
            Case(f"{kind} inflate only", "inflate", inputs, f"{kind} uproot raw"),
            Case(f"{kind} specs", "specs", inputs, f"{kind} uproot raw"),
            Case(f"{kind} chunks", "chunks", inputs, f"{kind} uproot raw"),
        ]
    found += [
        Case("jagged chunks of 1000", "chunks", JAGGED, "jagged uproot raw", {"chunk_size": 1000}),
        Case("jagged specs, two processes", "fanned", JAGGED, "jagged specs"),
        Case("nano bytes", "nano_bytes", NANO),
        Case("hand-over of 10k x 442", "handover", JAGGED),
    ]
    return found + (_growing() if grow else [])


def _growing() -> list[Case]:
    """Return larger inputs: rates and memory should stay as they are."""
    sizes = {
        "flat entries x10": Inputs("flat", 10),
        "flat entries x100": Inputs("flat", 100),
        "flat in 100 files": Inputs("flat", 1, 100),
        "jagged entries x10": Inputs("jagged", 10),
        "jagged in 100 files": Inputs("jagged", 1, 100),
    }
    found = []
    for name, inputs in sizes.items():
        raw = f"{inputs.kind} uproot raw"
        found.append(Case(f"{name}, specs", "specs", inputs, raw))
        found.append(Case(f"{name}, chunks", "chunks", inputs, raw))
    return found


def run(case: Case, folder: Path) -> dict[str, Any]:
    """Run one case in a process of its own."""
    inputs = case.inputs
    inputs.paths(folder)
    command = [sys.executable, "-m", "bench.worker", case.body, inputs.kind, str(inputs.scale)]
    command += [str(inputs.files), str(folder), "-", json.dumps(case.more)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run all rounds and return the result."""
    wanted = [case for case in cases(options.grow) if options.only in case.name]
    needed = {case.yardstick for case in wanted}
    wanted = [case for case in cases(options.grow) if case in wanted or case.name in needed]
    rounds: list[dict[str, Any]] = []
    for number in range(options.rounds + 1):
        done = {}
        for case in wanted:
            print(f"\rround {number} of {options.rounds}: {case.name:<40}", end="", flush=True)
            done[case.name] = run(case, options.inputs)
        rounds.append(done)
    print("\r" + " " * 60 + "\r", end="")
    yardsticks = {case.name: case.yardstick for case in wanted if case.yardstick}
    found = lines(rounds[1:], yardsticks)  # the first round fills the page cache
    print(show(found))
    return {
        "commit": _commit(),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} CPUs",
        "load": os.getloadavg(),
        "lines": {line.name: asdict(line) for line in found},
        "rounds": rounds,
    }


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()


def main() -> None:
    """Measure, or compare."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--grow", action="store_true", help="entries x10 and x100, 100 files")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--json", type=Path, help="write the result")
    parser.add_argument("--inputs", type=Path, default=ROOT / "build" / "bench-inputs")
    parser.add_argument("--compare", type=Path, nargs=2, metavar=("BEFORE", "AFTER"))
    options = parser.parse_args()
    if options.compare:
        before, after = (json.loads(path.read_text()) for path in options.compare)
        print(compare(before, after))
        return
    result = measure(options)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
