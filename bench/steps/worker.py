"""One case in a process of its own: prints what it did, how long it took and how much memory."""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bench.steps import bodies
from bench.steps.handover import handover
from bench.steps.inputs import Inputs
from bench.steps.nanobytes import nano_bytes
from mlaas4hep.faas.function import freeze_modules, keep_freed_memory

BODIES: dict[str, Callable[..., bodies.Body]] = {
    each.__name__: each
    for each in (
        bodies.raw,
        bodies.inflate,
        bodies.specs,
        bodies.chunks,
        bodies.alone,
        bodies.fanned,
        bodies.share,
        nano_bytes,
        handover,
    )
}
READING = {"raw": "raw", "chunks": "chunks"}
READING |= dict.fromkeys(("specs", "alone", "fanned", "share"), "specs")


def warm(case: str, folder: Path, server: str = "") -> None:
    """Do what only the first event of a process costs: functions live for many events."""
    if case != "raw":  # others run as they come
        keep_freed_memory()
    if case in READING:
        inputs = Inputs("small" if server or case == "chunks" else "flat")
        with tempfile.TemporaryDirectory(prefix="bench-") as state:
            BODIES[READING[case]](inputs=inputs, folder=folder, state=Path(state), server=server)()
    freeze_modules()


def main() -> None:
    """Prepare the case, time it once, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wait", action="store_true", help="begin when a line comes on stdin")
    parser.add_argument("--cold", action="store_true", help="do nothing that is not measured")
    parser.add_argument("case", choices=BODIES)
    parser.add_argument("kind")
    parser.add_argument("scale", type=int)
    parser.add_argument("files", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("state")
    parser.add_argument("more", type=json.loads)
    given = parser.parse_args()
    inputs = Inputs(given.kind, given.scale, given.files)
    if not given.cold:
        warm(given.case, given.folder, given.more.get("server", ""))
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        state = Path(given.state if given.state != "-" else made)
        body = BODIES[given.case](inputs=inputs, folder=given.folder, state=state, **given.more)
        if given.wait:
            print("ready", flush=True)
            sys.stdin.readline()
        started, cpu = time.perf_counter(), _processor_time()
        measured = body()
        seconds, cpu = time.perf_counter() - started, _processor_time() - cpu
        cpu -= measured.aside_s
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    result = {
        "entries": measured.entries,
        "seconds": seconds,
        "cpu_seconds": cpu + sum(each["cpu_seconds"] for each in measured.helpers),
        "memory_mb": max(memory, *(each["memory_mb"] for each in measured.helpers), 0),
        "notes": measured.notes,
    }
    print(json.dumps(result), flush=True)


def _processor_time() -> float:
    """Return the seconds of this process and of those that it keeps."""
    kept = 0
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
            for child in (task / "children").read_text().split():
                stat = Path("/proc", child, "stat").read_text().rpartition(")")[2].split()
                kept += int(stat[11]) + int(stat[12])
    return time.process_time() + kept / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
