"""What an owner uses, held against what the deployment gives.

Who stores something asks again afterwards, with `more=0` or `check_claimed`, and takes it back if
that is too much. Of several who store at once, in any process, those that come last see all the
others, so that together they never keep more than the quota.
"""

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.errors import QuotaError
from mlaas4hep.ports import Services
from mlaas4hep.usecases import room
from mlaas4hep.usecases.room import Count

if TYPE_CHECKING:  # predict, which stores models, knows no runs
    from mlaas4hep.core.runs.run import Run


def bytes_by_owner(services: Services) -> Counter[str]:
    """Return the bytes that each owner has in all buckets; lists everything there is."""
    found: Counter[str] = Counter()
    for bucket in services.buckets.values():
        for info in bucket.list(""):
            owner, _, below = info.key.partition("/")
            if below and not owner.startswith("."):  # what begins with a dot is about everybody
                found[owner] += info.size_bytes
    return found


def claim_bytes(owner: str, more_bytes: int, services: Services, limits: Limits) -> Count:
    """Refuse `more_bytes` when they do not fit any more; `check_claimed` follows when they are stored.

    Raises:
        QuotaError: with what is used and allowed.
    """
    count = room.claim(owner, more_bytes, limits.max_bytes, services)
    _check(count, more_bytes, limits)
    return count


def check_claimed(owner: str, claimed: Count, services: Services, limits: Limits) -> None:
    """Refuse what was claimed and is stored when others stored so much that it does not fit.

    Raises:
        QuotaError: with what is used and allowed.
    """
    _check(room.after(owner, claimed, limits.max_bytes, services), 0, limits)


def _check(count: Count, more_bytes: int, limits: Limits) -> None:
    if count.bytes > limits.max_bytes:
        raise QuotaError(
            f"{count.bytes - more_bytes} bytes are stored for you, {more_bytes} more would pass"
            f" {limits.max_bytes}",
            hint="delete uploads, runs or models, or their specs and chunks",
        )


def check_runs(owner: str, services: Services, limits: Limits, more: int = 1) -> None:
    """Refuse `more` runs when the owner has enough unfinished ones.

    Raises:
        QuotaError: with their names.
    """
    _check_unfinished(_unfinished(owner, services), limits, more)


def check_trainings(
    owner: str, services: Services, limits: Limits, *, runs: int = 1, models: int = 1
) -> None:
    """Refuse what `check_runs` does, and models that are too many with those being trained.

    Args:
        owner: who submits.
        services: with the run book and bucket models.
        limits: of the deployment.
        runs: more unfinished ones.
        models: more than there are, or are being trained.

    Raises:
        QuotaError: with the names of the runs, or the number of models there are.
    """
    unfinished = _unfinished(owner, services)
    _check_unfinished(unfinished, limits, runs)
    coming = {run.name for run in unfinished if run.task == "training"}
    _check_names(_models(owner, services) | coming, limits, models)


def check_models(owner: str, services: Services, limits: Limits, more: int = 1) -> None:
    """Refuse models when there are enough; asks the store only.

    Raises:
        QuotaError: with the number of models there are.
    """
    _check_names(_models(owner, services), limits, more)


def _check_unfinished(unfinished: "list[Run]", limits: Limits, more: int) -> None:
    if len(unfinished) + more > limits.max_runs:
        raise QuotaError(
            f"{len(unfinished)} of your runs are unfinished, {limits.max_runs} may be",
            stage="submit",
            hint=f"wait, or cancel one of {', '.join(run.name for run in unfinished[:5])}",
        )


def _check_names(names: Collection[str], limits: Limits, more: int) -> None:
    if len(names) + more > limits.max_models:
        raise QuotaError(
            f"you have {len(names)} models, {limits.max_models} may be stored",
            stage="submit",
            hint="delete models that nobody needs",
        )


def _models(owner: str, services: Services) -> set[str]:
    return set(services.models.folders(f"{owner}/"))


def _unfinished(owner: str, services: Services) -> "list[Run]":
    return [run for run in services.runs.list(owner) if not run.is_final]
