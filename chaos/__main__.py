"""`python -m chaos`: break a platform at random, and see that nobody notices.

    python -m chaos [--site laptop|platform] [--seed N] [--minutes 20] [--only delete,cut]

Several people train models of several frameworks, wave after wave, while processes, network,
disk and what lies in NATS fail; the seed decides what fails in which order. First the seeds of
`chaos/seeds.txt`, which failed once, are tried again. A seed that fails is added there.
"""

import argparse
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

from chaos import healing, seeds, table
from chaos.laptop import LaptopSite
from chaos.seeds import Seed
from chaos.site import Site
from chaos.trial import Trial


def main() -> int:
    """Do what the command line says; 1: something did not hold."""
    options = _options()
    if options.healing:
        with _site(options.site, with_disk=False) as site:
            for line in healing.measured(site, options.healing):
                print(line, flush=True)
        return 0
    tries = _seeds(options)
    return max([tried(seed, options.minutes / len(tries)) for seed in tries])


def _seeds(options: argparse.Namespace) -> list[Seed]:
    """Return the seed that is asked for, or those that failed once and a new one."""
    kinds = tuple(filter(None, options.only.split(",")))
    number = secrets.randbelow(1 << 32) if options.seed is None else options.seed
    before = seeds.kept(options.site) if options.seed is None else []
    return [*before, Seed(number=number, site=options.site, kinds=kinds)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--site", choices=("laptop", "platform"), default="laptop")
    parser.add_argument("--seed", type=int, default=None, help="what fails in which order")
    parser.add_argument("--minutes", type=float, default=20.0, help="how long things may fail")
    parser.add_argument("--only", default="", metavar="KIND,…", help="such as delete,purge")
    parser.add_argument(
        "--healing",
        type=int,
        default=0,
        metavar="N",
        help="kill each part in N runs: what it costs",
    )
    return parser.parse_args()


def tried(seed: Seed, minutes: float) -> int:
    """Try one seed; 1: something did not hold."""
    print(f"seed {seed.line}, {minutes:.1f} minutes", flush=True)
    with _site(seed.site, with_disk=True) as site:
        trial = Trial(site=site, random=Random(seed.number), kinds=seed.kinds)  # noqa: S311
        try:
            trial.run(minutes * 60)
            trial.wrong += site.leftovers()
        finally:
            if trial.wrong or sys.exc_info()[0]:
                print(f"the logs are in {site.keep_logs(seed.number)}")
    table.show(trial.hits, trial.reading)
    for line in trial.wrong:
        print(f"WRONG: {line}")
    if trial.wrong:
        seeds.keep(seed)
    said = f"{len(trial.wrong)} things are wrong" if trial.wrong else "nothing was noticed"
    print(f"seed {seed.line}: {trial.done} runs under fire done, {said}")
    return int(bool(trial.wrong))


@contextmanager
def _site(kind: str, *, with_disk: bool) -> Iterator[Site]:
    if kind == "platform":
        from chaos.platform import PlatformSite  # noqa: PLC0415 - a laptop has no containers
        from deploy.testbed.place import Place  # noqa: PLC0415

        with closing(PlatformSite(Place.from_env(os.environ))) as containers:
            yield containers
        return
    root = Path(tempfile.mkdtemp(prefix="mlaas-chaos-"))
    try:
        with closing(LaptopSite(root, with_disk=with_disk)) as laptop:
            yield laptop
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
