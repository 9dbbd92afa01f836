"""What an owner uses, held against what the deployment gives."""

from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.errors import QuotaError
from mlaas4hep.ports import ObjectStore, Services


def used_bytes(owner: str, services: Services) -> dict[str, int]:
    """Return the bytes that an owner has in each bucket."""
    buckets: dict[str, ObjectStore] = {
        "tarballs": services.tarballs,
        "runs": services.runs_files,
        "specs": services.specs,
        "chunks": services.chunks,
        "models": services.models,
    }
    return {
        name: sum(info.size_bytes for info in bucket.list(f"{owner}/"))
        for name, bucket in buckets.items()
    }


def check_bytes(owner: str, more_bytes: int, services: Services, limits: Limits) -> None:
    """Refuse `more_bytes` when they do not fit any more.

    Raises:
        QuotaError: with what is used and allowed.
    """
    used = sum(used_bytes(owner, services).values())
    if used + more_bytes > limits.max_bytes:
        raise QuotaError(
            f"{used} bytes are stored for you, {more_bytes} more would pass {limits.max_bytes}",
            hint="delete uploads, runs or models, or their specs and chunks",
        )


def check_runs(owner: str, services: Services, limits: Limits, more: int = 1) -> None:
    """Refuse `more` runs when the owner has enough unfinished ones.

    Raises:
        QuotaError: with their names.
    """
    unfinished = [run.name for run in services.runs.list(owner) if not run.is_final]
    if len(unfinished) + more > limits.max_runs:
        raise QuotaError(
            f"{len(unfinished)} of your runs are unfinished, {limits.max_runs} may be",
            stage="submit",
            hint=f"wait, or cancel one of {', '.join(unfinished[:5])}",
        )


def check_models(owner: str, services: Services, limits: Limits, more: int = 1) -> None:
    """Refuse runs whose models would be too many.

    Raises:
        QuotaError: with the number of models there are.
    """
    found = {info.key.split("/")[1] for info in services.models.list(f"{owner}/")}
    if len(found) + more > limits.max_models:
        raise QuotaError(
            f"you have {len(found)} models, {limits.max_models} may be stored",
            stage="submit",
            hint="delete models that nobody needs",
        )
