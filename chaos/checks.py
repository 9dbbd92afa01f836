"""What must hold when all is over: nothing lost, nothing twice, nothing left."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from chaos.victims import Ground
from chaos.wave import Outcome
from mlaas4hep import bootstrap
from mlaas4hep.core.runs import files
from mlaas4hep.settings import Settings
from mlaas4hep.usecases.fsck import fsck
from tests.laptops import descendants

_NOTICED_S = 2.0
_SWEPT_S = 240.0  #: a dispatcher that was just killed needs some of it to come back and sweep


def outcomes(
    found: Mapping[tuple[str, str], Outcome], undisturbed: Mapping[str, Outcome]
) -> Iterator[str]:
    """Yield runs that did not give what the same job gives when nothing breaks."""
    for (person, job), outcome in found.items():
        if outcome != undisturbed[job]:
            yield f"{person}'s {job}: {outcome}, undisturbed {undisturbed[job]}"


def store(ground: Ground, runs: int) -> list[str]:
    """Return what is wrong in the store when the sweeper has had its time."""
    end = time.monotonic() + _SWEPT_S
    while (wrong := list(_of_store(ground, runs))) and time.monotonic() < end:
        time.sleep(_NOTICED_S)
    return wrong


def _of_store(ground: Ground, runs: int) -> Iterator[str]:
    """Yield damage, orphans, models too many, what only an unfinished run needs."""
    settings = Settings(store=(ground.state / "store").as_uri())
    services = bootstrap.services(settings)
    for finding in fsck(services):
        if finding.kind != "orphan" or finding.bucket == "models":
            yield f"{finding.kind} {finding.bucket}/{finding.key}: {finding.what}"
    models = [i.key for i in services.models.list("") if i.key.endswith("/model.json")]
    if len(models) != runs:
        yield f"{len(models)} models of {runs} runs"
    keys = [info.key for info in services.runs_files.list("")]
    yield from (f"{key} is left" for key in keys if files.is_unfinished(key))


def processes(ground: Ground) -> Iterator[str]:
    """Yield processes that ended and that nobody took notice of for a while."""
    before = set(_zombies(ground))
    time.sleep(_NOTICED_S)
    yield from (f"process {pid} is a zombie" for pid in before.intersection(_zombies(ground)))


def _zombies(ground: Ground) -> Iterator[int]:
    for pid in descendants(ground.laptop.process.pid):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        except OSError:
            continue
        if fields.split()[0] == "Z":
            yield pid


def leftovers(ground: Ground) -> Iterator[str]:
    """Yield temporary files; to be asked when the platform has stopped."""
    for folder in ("tmp", "store/.incoming"):
        for path in (ground.state / folder).iterdir():
            yield f"{path} is left"
