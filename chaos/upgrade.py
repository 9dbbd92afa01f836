"""`python -m chaos.upgrade CHECKOUT`: another release goes on with what this one has in flight.

Starts a laptop platform of the other checkout (`git worktree add /tmp/before v0.1.0`), stops it
while runs train, and starts this one's on the same state; then the other way round. Every run has
to end in its first attempt with the figures of one that nobody disturbed.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlaas4hep.client import Client
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.run import Status
from tests.acceptance.right_or_refused.samples import USUAL, packed
from tests.laptops import Laptop

HERE = Path(__file__).parents[1]
AT_ONCE = 3
LONG_ENOUGH = {"epochs": 12, "training": "standard"}


def main() -> int:
    """Go there and back; 1: a run did not end as it should."""
    parser = argparse.ArgumentParser(prog="chaos.upgrade", description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path, help="of the other release")
    other = parser.parse_args().checkout.resolve()
    folder = Path(tempfile.mkdtemp(prefix="upgrade-"))
    os.chdir(folder)  # Python takes what lies here before what PYTHONPATH names
    try:
        with _platform(other, folder) as client:
            client.upload(packed(USUAL, **LONG_ENOUGH), name="still")
            still = client.wait(client.submit("still").name)
        ways = {"upgrade": (other, HERE), "rollback": (HERE, other)}
        ends = {name: _moved(name, *way, folder) for name, way in ways.items()}
        return max([_tell(name, still, reports) for name, reports in ends.items()])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _moved(name: str, first: Path, second: Path, folder: Path) -> list[Report]:
    """Return the ends of runs that began with one release and went on with another."""
    with _platform(first, folder) as client:
        client.upload(packed(USUAL, **LONG_ENOUGH), name=name)
        runs = [client.submit(name).name for _ in range(AT_ONCE)]
        for report in client.watch(runs[0]):
            if report.status in {Status.TRAINING, Status.DONE}:
                break
    with _platform(second, folder) as client:
        return [client.wait(run) for run in runs]


def _tell(name: str, still: Report, ends: list[Report]) -> int:
    good = [
        end.status is Status.DONE and end.attempt == 1 and end.metrics == still.metrics
        for end in ends
    ]
    print(f"{name}: {sum(good)} of {len(good)} runs ended as one that nobody disturbed", flush=True)
    for end, is_good in zip(ends, good, strict=True):
        if not is_good:
            print(f"  {end.name}: {end.status}, attempt {end.attempt}, {end.metrics}", flush=True)
    return 0 if all(good) else 1


@contextmanager
def _platform(checkout: Path, folder: Path) -> Iterator[Client]:
    """Yield a client of a platform that runs the code of a checkout, on the state of the last one."""
    with (
        Laptop(folder / "state", PYTHONPATH=str(checkout)) as laptop,
        Client(f"{laptop.urls[0]}/function/workflow", laptop.token("alice")) as client,
    ):
        yield client


if __name__ == "__main__":
    sys.exit(main())
