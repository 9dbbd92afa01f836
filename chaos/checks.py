"""What must hold when all is over: nothing lost, nothing twice, nothing left."""

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from chaos.site import Site
from chaos.wave import Outcome
from mlaas4hep.core.runs import files
from mlaas4hep.ports import Services
from mlaas4hep.usecases.storekeeping.fsck import fsck, repair

_NOTICED_S = 2.0
_SWEPT_S = 240.0  #: a dispatcher that was just killed needs some of it to come back and sweep


def outcomes(
    found: Mapping[tuple[str, str], Outcome], undisturbed: Mapping[str, Outcome]
) -> Iterator[str]:
    """Yield runs that did not give what the same job gives when nothing breaks."""
    for (person, job), outcome in found.items():
        if outcome != undisturbed[job]:
            yield f"{person}'s {job}: {outcome}, undisturbed {undisturbed[job]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a store held before anything was submitted."""

    findings: frozenset[str]
    models: frozenset[str]

    @classmethod
    def of(cls, site: Site) -> Self:
        """Look at a store."""
        services = site.services()
        return cls(findings=frozenset(_findings(services)), models=frozenset(_models(services)))


def store(site: Site, before: Seen, runs: int) -> list[str]:
    """Return what is wrong in the store when the sweeper has had its time."""
    end = time.monotonic() + _SWEPT_S
    while (wrong := list(_of_store(site, before, runs))) and time.monotonic() < end:
        time.sleep(_NOTICED_S)
    return wrong


def _of_store(site: Site, before: Seen, runs: int) -> Iterator[str]:
    """Yield damage, orphans, models too many, what only an unfinished run needs."""
    services = site.services()
    found = _findings(services, site.flipped())
    yield from (each for each in found if each not in before.findings)
    made = sum(key not in before.models for key in _models(services))
    if made != runs:
        yield f"{made} models of {runs} runs"


def _findings(services: Services, flipped: Collection[str] = ()) -> Iterator[str]:
    """Yield what is wrong, without the chunks that were damaged after their last reader.

    They are repaired, as an operator would. Who reads such a chunk has it made again, so that it is
    whole, or trains on it and has another outcome than the undisturbed.
    """
    for finding in fsck(services):
        is_ours = finding.bucket == "chunks" and finding.key in flipped
        if is_ours and repair(finding, services):
            continue
        if finding.kind != "orphan" or finding.bucket == "models":
            yield f"{finding.kind} {finding.bucket}/{finding.key}: {finding.what}"
    for info in services.runs_files.list(""):
        if files.is_unfinished(info.key):
            yield f"{info.key} is left"


def _models(services: Services) -> Iterator[str]:
    return (info.key for info in services.models.list("") if info.key.endswith("/model.json"))


def processes(site: Site) -> Iterator[str]:
    """Yield processes that ended and that nobody took notice of for a while."""
    before = set(_zombies(site))
    time.sleep(_NOTICED_S)
    yield from (f"process {pid} is a zombie" for pid in before.intersection(_zombies(site)))


def _zombies(site: Site) -> Iterator[int]:
    for pid in site.family():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        except OSError:
            continue
        if fields.split()[0] == "Z":
            yield pid
