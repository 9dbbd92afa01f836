"""`python -m bench`: measure everything, print tables of medians, write JSON, compare two results.

    python -m bench [--rounds 3] [--grow [100]] [--parts reading,serving] [--only TEXT] [--json FILE]
    python -m bench --compare BEFORE.json AFTER.json
    python -m bench --show FILE.json

Each part is a command of its own, too: `python -m bench.serving`. Beyond medians of one run there
is nothing to compare but ratios: the machine is not the same an hour later.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.part import ROOT, load, options_of
from bench.table import Line, compare, show
from bench.targets import judged

PARTS = ("reading", "remote", "training", "serving", "messaging", "overhead", "endtoend", "growth")


def measure(options: argparse.Namespace) -> list[Line]:
    """Run the parts, each in a process of its own, and return all lines."""
    found = []
    for part in options.parts.split(","):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            result = Path(folder) / "lines.json"
            command = [sys.executable, "-m", f"bench.{part}", "--json", str(result)]
            command += ["--rounds", str(options.rounds), "--only", options.only]
            command += ["--inputs", str(options.inputs), "--grow", str(options.grow)]
            subprocess.run(command, cwd=ROOT, check=True)
            found += load(result)
    return found


def circumstances() -> dict[str, Any]:
    """Return what was measured, where and when."""
    return {
        "commit": _output("git", "describe", "--always", "--dirty"),
        "machine": f"{_processor()}, {os.cpu_count()} CPUs",
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "python": platform.python_version(),
        "load": [round(each, 1) for each in os.getloadavg()],
        "at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return platform.machine()


def _output(*command: str) -> str:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()


def main() -> None:
    """Measure, or compare."""
    parser = options_of("bench", __doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help="some of these, with commas")
    parser.add_argument("--compare", type=Path, nargs=2, metavar=("BEFORE", "AFTER"))
    parser.add_argument("--show", type=Path, metavar="FILE", help="print the tables of a result")
    options = parser.parse_args()
    if options.compare:
        print(comparison(*options.compare))
    elif options.show:
        print(shown(json.loads(options.show.read_text())))
    else:
        keep(options, options.json or ROOT / "build" / "bench.json")


def comparison(*paths: Path) -> str:
    """Return two results side by side."""
    before, after = (json.loads(path.read_text()) for path in paths)
    what = f"{before['commit']} ({before['at']}) against {after['commit']} ({after['at']})"
    return f"{what}\n{compare(before, after)}"


def shown(result: Mapping[str, Any]) -> str:
    """Return the tables of a result, part by part."""
    found = [Line(**line) for line in result["lines"]]
    parts = dict.fromkeys(line.part for line in found)
    tables = (show([line for line in found if line.part == part]) for part in parts)
    texts = [f"\n{part}\n{table}" for part, table in zip(parts, tables, strict=True)]
    return "\n".join([*texts, conclusion(result)])


def keep(options: argparse.Namespace, path: Path) -> None:
    """Measure, and write the result there."""
    began = circumstances()
    found = [asdict(line) for line in measure(options)]
    result = {**began, "load_after": circumstances()["load"], "lines": found}
    print(conclusion(result))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(f"written to {path}")


def conclusion(result: Mapping[str, Any]) -> str:
    """Return what was measured beside what should be, and where that was."""
    table = judged([Line(**line) for line in result["lines"]])
    where = f"{result['commit']} on {result['machine']}, {result['memory_gb']} GB; {result['at']}"
    load = f"load {result['load'][0]} before, {result['load_after'][0]} after"
    return f"\n{table}\n\n{where}; {load}"


if __name__ == "__main__":
    main()
