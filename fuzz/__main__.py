"""`python -m fuzz`: try what strangers could send, for a while, and tell what should not happen.

    python -m fuzz [--seconds 600] [--count N] [--seed N] [--only NAME …] [--at NUMBER]

Every input may be read or refused with an error of ours. Anything else is a finding: another
exception, a status of 500, a crash, more than 5 s of processor time, a minute without an end, more
than 2 GB. A finding is told with seed, target and number; `--seed N --only NAME --at NUMBER` tries
that one again, with its traceback.
"""

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from fuzz import answers, doors, files, models, texts, xrootd
from fuzz.attempts import attempt, change, ring_or_end
from fuzz.target import Target
from fuzz.worker import tried

TARGETS = (
    *texts.TARGETS,
    *answers.TARGETS,
    *xrootd.TARGETS,
    *files.TARGETS,
    *models.TARGETS,
    *doors.TARGETS,
)


def main() -> int:
    """Do what the command line says; 1: there are findings."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="for all targets together")
    parser.add_argument("--count", type=int, default=sys.maxsize, help="inputs of each target")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", nargs="*", default=(), help="targets whose names begin so")
    parser.add_argument("--at", type=int, default=None, help="one input, in this process")
    options = parser.parse_args()
    seed = secrets.randbelow(1 << 32) if options.seed is None else options.seed
    chosen = [one for one in TARGETS if one.name.startswith(tuple(options.only) or "")]
    if options.at is not None:
        return once(chosen[0], seed, options.at)
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mlaas-fuzz-") as around:
        return all_of(chosen, seed, options.seconds, options.count, Path(around))


def all_of(targets: list[Target], seed: int, seconds: float, count: int, around: Path) -> int:
    """Try all targets one after the other; print a line for each, and the findings."""
    findings: list[str] = []
    inputs, began = 0, time.monotonic()
    shares = sum(target.share for target in targets)
    for target in targets:
        tally = tried(target, seed, seconds * target.share / shares, count, around)
        broke = (
            f", {tally.broke} ended their process, {tally.late} of them by time"
            if target.may_break
            else ""
        )
        print(
            f"{target.name:20} {tally.inputs:8} inputs, {tally.read:8} read, slowest "
            f"{tally.slowest_s:.2f} s, {tally.resident_bytes >> 20:5} MB{broke}",
            flush=True,
        )
        for finding in tally.findings[:5]:
            print(f"  FOUND {finding}", flush=True)
        inputs += tally.inputs + tally.broke
        findings += tally.findings
    took = time.monotonic() - began
    print(f"seed {seed}: {inputs} inputs in {took:.0f} s, {len(findings)} findings")
    return bool(findings)


def once(target: Target, seed: int, number: int) -> int:
    """Try one input again, and let whatever it raises be seen."""
    ring_or_end(may_end=False)
    with tempfile.TemporaryDirectory(prefix="mlaas-fuzz-") as around:
        folder = Path(tempfile.mkdtemp(dir=around))
        data = change(target, target.seeds(folder), seed, number)
        print(data if len(data) < 4096 else f"{len(data)} bytes", flush=True)  # noqa: PLR2004
        print(attempt(target.make(folder), data, target.seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
