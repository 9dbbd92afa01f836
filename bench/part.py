"""One part of the benchmarks as a command: its options, its table, its JSON."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from bench.table import Line, show
from bench.targets import judged

ROOT = Path(__file__).resolve().parent.parent

Measure = Callable[[argparse.Namespace], list[Line]]


def options_of(program: str, description: str) -> argparse.ArgumentParser:
    """Return the options that all parts know."""
    parser = argparse.ArgumentParser(prog=program, description=description.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument(
        "--grow",
        type=int,
        nargs="?",
        const=10,
        default=1,
        metavar="FACTOR",
        help="also how cost grows: entries to x10, or with 100 to x100, which takes half an hour",
    )
    parser.add_argument("--inputs", type=Path, default=ROOT / "build" / "bench-inputs")
    parser.add_argument("--json", type=Path, help="write the result")
    return parser


def run(name: str, description: str, measure: Measure) -> None:
    """Measure, print the table, write JSON."""
    options = options_of(f"bench.{name}", description).parse_args()
    found = measure(options)
    print(f"\n{name}\n{show(found)}", flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(line) for line in found], indent=1) + "\n")
    else:
        print(f"\n{judged(found)}")


def load(path: Path) -> list[Line]:
    """Return what `run` wrote."""
    return [Line(**line) for line in json.loads(path.read_text())]


def chosen(names: Sequence[str], yardsticks: dict[str, str], only: str) -> list[str]:
    """Return the names that hold `only`, and their yardsticks, in the order given."""
    wanted: set[str] = set()
    more = {name for name in names if only in name}
    while more - wanted:
        wanted |= more
        more = {yardsticks[name] for name in wanted if name in yardsticks}
    return [name for name in names if name in wanted]


def tell(text: str) -> None:
    """Show what is being measured, on a terminal."""
    if sys.stderr.isatty():
        print(f"\r{text:<70}", end="\r", file=sys.stderr, flush=True)
