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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

from chaos import healing, table
from chaos.laptop import LaptopSite
from chaos.site import Site
from chaos.trial import Trial

SEEDS = Path(__file__).parent / "seeds.txt"


def main() -> int:
    """Do what the command line says; 1: something did not hold."""
    options = _options()
    if options.healing:
        with _site(options.site, with_disk=False) as site:
            for line in healing.measured(site, options.healing):
                print(line, flush=True)
        return 0
    given = options.seed is not None
    kept = [] if given else [int(line) for line in SEEDS.read_text().split()]
    seed = options.seed if given else secrets.randbelow(1 << 32)
    each = options.minutes / (1 + len(kept))
    kinds = tuple(filter(None, options.only.split(",")))
    return max(tried(number, each, options.site, kinds) for number in (*kept, seed))


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


def tried(seed: int, minutes: float, kind: str, kinds: Sequence[str] = ()) -> int:
    """Try one seed; 1: something did not hold."""
    print(f"seed {seed}, {minutes:.1f} minutes on the {kind}", flush=True)
    with _site(kind, with_disk=True) as site:
        trial = Trial(site=site, random=Random(seed), kinds=kinds)  # noqa: S311 - to be repeated
        try:
            trial.run(minutes * 60)
            trial.wrong += site.leftovers()
        finally:
            if trial.wrong or sys.exc_info()[0]:
                print(f"the logs are in {site.keep_logs(seed)}")
    table.show(trial.hits, trial.reread)
    for line in trial.wrong:
        print(f"WRONG: {line}")
    if trial.wrong:
        _keep(seed)
    said = f"{len(trial.wrong)} things are wrong" if trial.wrong else "nothing was noticed"
    print(f"seed {seed}: {trial.done} runs under fire done, {said}")
    return int(bool(trial.wrong))


@contextmanager
def _site(kind: str, *, with_disk: bool) -> Iterator[Site]:
    if kind == "platform":
        from chaos.platform import PlatformSite  # noqa: PLC0415 - a laptop has no containers
        from deploy.testbed.place import Place  # noqa: PLC0415

        yield PlatformSite(Place.from_env(os.environ))
        return
    root = Path(tempfile.mkdtemp(prefix="mlaas-chaos-"))
    try:
        site = LaptopSite(root, with_disk=with_disk)
        try:
            yield site
        finally:
            site.close()
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _keep(seed: int) -> None:
    known = SEEDS.read_text().split()
    if str(seed) not in known:
        SEEDS.write_text("\n".join([*known, str(seed), ""]))


if __name__ == "__main__":
    sys.exit(main())
