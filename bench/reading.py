"""`python -m bench.reading`: specs and chunks against uproot and pure decompression.

Every case runs in a process of its own; a round runs every case once, so that what a noisy machine
does hits a stage and its yardstick alike. Files lie in the page cache after the first round.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.part import ROOT, chosen, run, tell
from bench.steps.inputs import Inputs
from bench.table import Line, Sample, lines

FLAT, JAGGED, NANO = Inputs("flat"), Inputs("jagged"), Inputs("nano")
LARGE = Inputs("jagged", 10)  #: enough for two to be busy
GROWN_ROUNDS = 1  #: of what takes minutes
UNIT = "k entries/s"


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    name: str
    body: str
    inputs: Inputs
    yardstick: str | None = None
    more: dict[str, Any] = field(default_factory=dict)


def cases() -> list[Case]:
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
    for kind in ("flat-zstd", "flat-lz4", "flat-ntuple", "jagged-ntuple"):
        inputs, raw = Inputs(kind), f"{kind} uproot raw"
        found.append(Case(raw, "raw", inputs))
        found.append(Case(f"{kind} specs", "specs", inputs, raw))
        found.append(Case(f"{kind} chunks", "chunks", inputs, raw))
    for files in (100, 300, 1000):  # a chunk mixes all files: k entries/s should stay
        inputs, first = Inputs("many", 1, files), "chunks of 100 files of 200"
        name = f"chunks of {files} files of 200"
        found.append(Case(name, "chunks", inputs, None if name == first else first))
    found.append(
        Case("jagged chunks of 1000", "chunks", JAGGED, "jagged uproot raw", {"chunk_size": 1000})
    )
    for of in ("specs", "chunks"):
        one, two = f"jagged {of}, one core", f"jagged {of}, two workers"
        found.append(Case(one, "alone", LARGE, more={"of": of}))
        found.append(Case(two, "fanned", LARGE, one, {"of": of}))
    return [
        *found,
        Case("nano bytes", "nano_bytes", NANO),
        Case("hand-over of 10k x 442", "handover", JAGGED),
    ]


def growing() -> list[Case]:
    """Return larger inputs: rates and memory should stay as they are."""
    sizes = {
        "flat entries x10": Inputs("flat", 10),
        "flat entries x100": Inputs("flat", 100),
        "flat branches x10": Inputs("wide"),
        "flat in 100 files": Inputs("flat", 1, 100),
        "jagged entries x10": Inputs("jagged", 10),
        "jagged entries x50": Inputs("jagged", 50),
        "jagged in 100 files": Inputs("jagged", 1, 100),
    }
    found = []
    for name, inputs in sizes.items():
        raw = f"{name}, uproot raw"
        found.append(Case(raw, "raw", inputs))
        found.append(Case(f"{name}, specs", "specs", inputs, raw))
        found.append(Case(f"{name}, chunks", "chunks", inputs, raw))
    return found


def worked(case: Case, folder: Path, *options: str, env: dict[str, str] | None = None) -> Sample:
    """Run one case in a process of its own."""
    inputs = case.inputs
    inputs.paths(folder)
    command = [
        sys.executable,
        "-m",
        "bench.steps.worker",
        *options,
        case.body,
        inputs.kind,
        str(inputs.scale),
    ]
    command += [str(inputs.files), str(folder), "-", json.dumps(case.more)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True, env=env)
    told = json.loads(done.stdout.splitlines()[-1])
    return Sample(
        value=told["entries"] / told["seconds"] / 1000,
        per_cpu=told["entries"] / max(told["cpu_seconds"], 1e-9),
        memory_mb=told["memory_mb"],
        notes=told["notes"],
    )


def interleaved(
    part: str, given: list[Case], options: argparse.Namespace, rounds: int, warm: int = 1
) -> list[Line]:
    """Run all rounds of all cases, after `warm` ones that do not count."""
    yardsticks = {case.name: case.yardstick for case in given if case.yardstick}
    names = chosen([case.name for case in given], yardsticks, options.only)
    taken = [case for case in given if case.name in names]
    found = []
    for number in range(rounds + warm):
        done = {}
        for case in taken:
            tell(f"round {number} of {rounds}: {case.name}")
            done[case.name] = worked(case, options.inputs)
        found.append(done)
    return lines(part, UNIT, found[warm:], yardsticks) if taken else []


def measure(options: argparse.Namespace) -> list[Line]:
    """Run all rounds."""
    found = interleaved("reading", cases(), options, options.rounds)
    grown = [case for case in growing() if case.inputs.scale <= options.grow]
    if options.grow > 1:
        found += interleaved("reading", grown, options, GROWN_ROUNDS, warm=0)
    return found


if __name__ == "__main__":
    run("reading", __doc__, measure)
