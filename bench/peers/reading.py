"""`python -m bench.peers.reading --root PYTHON --weaver PYTHON`: ours beside uproot, ROOT, weaver, pyarrow.

PYTHON is one that imports ROOT: `python -m venv E && E/bin/pip install ROOT numpy`, or weaver:
`W/bin/pip install weaver-core torch`. Ours are specs and chunks. Rounds are interleaved; figures are
medians of thousands of entries a second of processor time, which other people's load changes less
than the clock. ROOT compiles its loops in a first run that does not count; so is ours warmed.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import uproot

from bench.part import ROOT
from bench.reading import Case, worked
from bench.steps.inputs import SELECTED, Inputs

FLAT = ("flat", "flat-zstd", "flat-lz4")
KINDS = (*FLAT, "flat-ntuple", "wide-ntuple", "jagged-ntuple", "jagged", "nano")
METHODS = {"rdataframe": KINDS, "rdataloader": KINDS, "bulk": FLAT, "numpy": (*FLAT, "flat-ntuple")}
WEAVER = (*FLAT, "jagged", "nano")  #: weaver reads no RNTuples
OUTSIDE = Path(__file__).with_name("outside.py")
Ask = Callable[[], float]


def main() -> None:
    """Measure all rounds, and print one line a kind of file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, help="a Python that imports ROOT")
    parser.add_argument("--weaver", type=Path, help="a Python that imports weaver")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="one kind of file")
    parser.add_argument("--without", nargs="*", default=(), help="what is not asked")
    parser.add_argument("--inputs", type=Path, default=ROOT / "build" / "bench-inputs")
    options = parser.parse_args()
    print("k entries per CPU second; files are in the page cache")
    for kind in (*KINDS, "parquet"):
        if options.only in ("", kind):
            asked = _of_root_files(kind, options) if kind in KINDS else _of_parquet(options)
            named = {name: ask for name, ask in asked.items() if name not in options.without}
            _tell(kind, _rounds(named, options.rounds))


def _rounds(asked: dict[str, Ask], rounds: int) -> dict[str, float]:
    found: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, ask in asked.items():
            found[name].append(ask())
    return {name: statistics.median(rates) for name, rates in found.items()}


def _tell(kind: str, rates: dict[str, float]) -> None:
    print(f"{kind:12}", "  ".join(f"{name} {rate:.0f}" for name, rate in rates.items()), flush=True)


def _of_root_files(kind: str, options: argparse.Namespace) -> dict[str, Ask]:
    inputs = Inputs(kind)
    asked: dict[str, Ask] = {
        body: _ours(body, inputs, options.inputs) for body in ("specs", "chunks", "raw")
    }
    asked["uproot"] = asked.pop("raw")
    paths = [str(path) for path in inputs.paths(options.inputs)]
    for path in paths:
        Path(path).read_bytes()  # the page cache has them all
    columns = ",".join(SELECTED) if kind == "nano" else "*"
    if options.weaver and kind in WEAVER:
        asked["weaver"] = _theirs(options.weaver, "weaver", columns, paths)
    if options.root:
        for method, kinds in METHODS.items():
            if kind in kinds:
                asked[method] = _theirs(options.root, method, columns, paths)
    return asked


def _of_parquet(options: argparse.Namespace) -> dict[str, Ask]:
    paths = _parquet_files(options.inputs)
    return {
        "our reading": lambda: _our_reading(paths),
        "pyarrow": _theirs(Path(sys.executable), "parquet", "*", paths),
    }


def _ours(body: str, inputs: Inputs, folder: Path) -> Ask:
    def ask() -> float:
        per_cpu = worked(Case(body, body, inputs), folder).per_cpu
        assert per_cpu is not None
        return per_cpu / 1000

    return ask


def _theirs(python: Path, method: str, columns: str, paths: list[str]) -> Ask:
    command = [str(python), str(OUTSIDE), method, "events", columns, *paths]
    return lambda: _rate(command)


def _our_reading(paths: list[str]) -> float:
    return _rate([sys.executable, "-m", "bench.peers.parquet", *paths])


def _rate(command: list[str]) -> float:
    done = subprocess.run(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        text=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    rate: float = told["entries"] / max(told["cpu_seconds"], 1e-9) / 1000
    return rate


def _parquet_files(folder: Path) -> list[str]:
    """Return the flat files as Parquet, written if they are not there."""
    import pyarrow as pa  # noqa: PLC0415 - only here
    from pyarrow import parquet  # noqa: PLC0415

    found = []
    for path in Inputs("flat").paths(folder):
        target = path.with_suffix(".parquet")
        if not target.exists():
            with uproot.open(path) as file:
                table = pa.table(file["events"].arrays(library="np"))
            parquet.write_table(table, target, row_group_size=50_000, compression="zstd")
        found.append(str(target))
    return found


if __name__ == "__main__":
    main()
