"""`python -m chaos`: break a laptop platform at random, and see that nobody notices.

    python -m chaos [--seed N] [--minutes 20]

Several people train models of several frameworks, wave after wave, while workers, masters,
trainees, dispatcher, NATS and disk fail; the seed decides what fails in which order. First the
seeds of `chaos/seeds.txt`, which failed once, are tried again. A seed that fails is added there.
"""

import argparse
import itertools
import secrets
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from random import Random
from statistics import median

from chaos import checks
from chaos.jobs import jobs, long_job
from chaos.victims import TRAINEE, Fault, Ground, faults, kill, mounted, start, unmounted
from chaos.wave import Hit, Outcome, Wave

SEEDS = Path(__file__).parent / "seeds.txt"
PEOPLE = 2
_DISK_MIB = 256


def main() -> int:
    """Do what the command line says; 1: something did not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=None, help="what fails in which order")
    parser.add_argument("--minutes", type=float, default=20.0, help="how long things may fail")
    parser.add_argument(
        "--healing", action="store_true", help="one run alone under each kill: how long it stands"
    )
    options = parser.parse_args()
    if options.healing:
        return healing()
    kept = [int(line) for line in SEEDS.read_text().split()] if SEEDS.exists() else []
    seed = secrets.randbelow(1 << 32) if options.seed is None else options.seed
    kept = kept if options.seed is None else []
    each = options.minutes / (1 + len(kept))
    return max(tried(number, each) for number in (*kept, seed))


def tried(seed: int, minutes: float) -> int:
    """Try one seed; 1: something did not hold."""
    print(f"seed {seed}, {minutes:.1f} minutes", flush=True)
    root = Path(tempfile.mkdtemp(prefix="mlaas-chaos-"))
    disk = mounted(root / "state", _DISK_MIB)
    if disk is None:
        print("no disk is filled up: mounting one is not allowed here")
    ground = Ground(state=root / "state", laptop=start(root / "state"), disk=disk)
    hits: list[Hit] = []
    wrong: list[str] = []
    try:
        wrong += _waves(ground, Random(seed), minutes * 60, hits)  # noqa: S311 - to be repeated
        ground.laptop.stop()
        ground.laptop = start(ground.state)  # removes what those left that were killed
        ground.laptop.stop()
        wrong += checks.leftovers(ground)
    finally:
        ground.laptop.__exit__()
        if wrong:
            _keep_logs(ground.state, seed)
        if disk is not None:
            unmounted(disk)
        shutil.rmtree(root, ignore_errors=True)
    _show(hits)
    for line in wrong:
        print(f"WRONG: {line}")
    if wrong:
        _keep(seed)
    print(f"seed {seed}: {f'{len(wrong)} things are wrong' if wrong else 'nothing was noticed'}")
    return int(bool(wrong))


def healing() -> int:
    """Kill each part in the middle of the only training there is, and print how long it stands."""
    root = Path(tempfile.mkdtemp(prefix="mlaas-chaos-"))
    ground = Ground(state=root / "state", laptop=start(root / "state"), disk=None)
    hits: list[Hit] = []
    try:
        for number, part in enumerate((TRAINEE, "train", "dispatcher", "nats") * 3):
            wave = Wave(ground=ground)
            wave.submit([f"person{number}"], {"keras": long_job()})
            wave.wait_for_training()
            fault = Fault(kind="kill", part=part, hit=kill)
            fault.hit(ground, fault)
            hits.append(wave.healed(fault.name))
            wave.cancel()
    finally:
        ground.laptop.__exit__()
        shutil.rmtree(root, ignore_errors=True)
    _show(hits)
    return 0


def _waves(ground: Ground, random: Random, seconds: float, hits: list[Hit]) -> list[str]:
    """Return what is wrong after wave upon wave."""
    made = jobs()
    first = Wave(ground=ground)
    first.submit(["reference"], made)
    undisturbed = {job: outcome for (_, job), outcome in first.outcomes().items()}
    broken = [f"{job}: {got}" for job, got in undisturbed.items() if got.status != "done"]
    until, runs = time.monotonic() + seconds, len(made)
    planned = itertools.chain.from_iterable(
        faults(random, with_disk=ground.disk is not None) for _ in itertools.count()
    )
    for number in itertools.count(1):
        if broken or time.monotonic() > until:
            return broken
        wave = Wave(ground=ground)
        wave.submit([f"person{number}{letter}" for letter in "ab"[:PEOPLE]], made)
        wave.suffer(planned, random, until)
        found = wave.outcomes()
        hits += wave.hits
        runs += len(found)
        broken += _wrong(ground, found, undisturbed, runs)
        done = sum(outcome.status == "done" for outcome in found.values())
        names = ", ".join(hit.name for hit in wave.hits)
        print(f"wave {number}: {done} of {len(found)} runs done; {names}", flush=True)
    return broken


def _wrong(
    ground: Ground,
    found: dict[tuple[str, str], Outcome],
    undisturbed: dict[str, Outcome],
    runs: int,
) -> list[str]:
    return [
        *checks.outcomes(found, undisturbed),
        *checks.store(ground, runs),
        *checks.processes(ground),
    ]


def _show(hits: list[Hit]) -> None:
    """Print how often each fault happened, and how long runs stood still after it."""
    table: dict[str, list[float]] = defaultdict(list)
    for hit in hits:
        if hit.healed_s is not None:
            table[hit.name].append(hit.healed_s)
    print("seconds from the end of a fault until a run went on:")
    print(f"{'fault':32}{'times':>6}{'median':>8}{'worst':>8}")
    for name, each in sorted(table.items()):
        print(f"{name:32}{len(each):6}{median(each):8.1f}{max(each):8.1f}")


def _keep(seed: int) -> None:
    known = SEEDS.read_text().split() if SEEDS.exists() else []
    if str(seed) not in known:
        SEEDS.write_text("\n".join([*known, str(seed), ""]))


def _keep_logs(state: Path, seed: int) -> None:
    """Keep what all parts said, for whoever looks for the reason."""
    kept = Path(tempfile.gettempdir()) / f"mlaas-chaos-{seed}-logs"
    shutil.copytree(state / "logs", kept, dirs_exist_ok=True)
    print(f"the logs are in {kept}")


if __name__ == "__main__":
    sys.exit(main())
