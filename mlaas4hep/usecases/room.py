"""Room for bytes: claimed before something is stored, and looked at again when it is.

Counting what an owner has takes a listing of everything. So a count is kept, and what is claimed is
added to it: that is more than anybody stored since, but for what runs made, which is seen at most
`COUNTED_S` later. It is counted anew when the sum would pass the quota, or the count is old.

Of several who store at once, in any process, those that come last see all the others, so that
together they never keep more than the quota. Whoever counts says so first, and who ends under another
count than they claimed under counts again: what they stored may be missing in it.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import uuid4

from mlaas4hep.core import keys, sealed
from mlaas4hep.errors import ConflictError, DamagedError, NotFoundError
from mlaas4hep.ports import Services

COUNTED_S = 60.0  #: a count is believed for so long
_BEING_COUNTED = 2**62  #: bytes, more than any quota
_TRIES = 20  #: against others who claim at once; then it is counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What an owner has at most."""

    name: str  #: no other count is called so
    at: float  #: seconds since the epoch
    bytes: int  #: those that were counted, and all that were claimed since


def claim(owner: str, more_bytes: int, most_bytes: int, services: Services) -> Count:
    """Return what the owner has at most with `more_bytes`, which are claimed if they fit.

    Args:
        owner: who stores something.
        more_bytes: what they store.
        most_bytes: their quota.
        services: with the buckets.
    """
    for _ in range(_TRIES):
        count, etag = _to_change(owner, services)
        if count is None or count.bytes + more_bytes > most_bytes:
            break
        claimed = replace(count, bytes=count.bytes + more_bytes)
        with suppress(ConflictError):
            services.models.put_if(_key(owner), _dumped(owner, claimed), etag)
            return claimed
    return _counted(owner, more_bytes, most_bytes, services)


def after(owner: str, claimed: Count, most_bytes: int, services: Services) -> Count:
    """Return what the owner has at most when all that was claimed under `claimed` is stored."""
    now, _ = _to_change(owner, services)
    if now is not None and now.name == claimed.name and now.bytes <= most_bytes:
        return now
    return _counted(owner, 0, most_bytes, services)


def used_bytes(owner: str, services: Services) -> dict[str, int]:
    """Return the bytes that an owner has in each bucket; lists all of them."""
    return {
        name: sum(info.size_bytes for info in bucket.list(f"{owner}/"))
        for name, bucket in services.buckets.items()
    }


def _counted(owner: str, more_bytes: int, most_bytes: int, services: Services) -> Count:
    """Count anew, under a name that is told before: who stores meanwhile counts again, too."""
    begun = Count(name=uuid4().hex, at=services.clock(), bytes=_BEING_COUNTED)
    services.models.put(_key(owner), _dumped(owner, begun))
    _, etag = _to_change(owner, services, begun.name)
    used = sum(used_bytes(owner, services).values())
    count = replace(begun, bytes=used + more_bytes)
    if etag:  # nobody else has begun to count since
        kept = count if count.bytes <= most_bytes else replace(begun, bytes=used)
        with suppress(ConflictError):
            services.models.put_if(_key(owner), _dumped(owner, kept), etag)
    return count


def _to_change(owner: str, services: Services, name: str = "") -> tuple[Count | None, str]:
    """Return the count that is believed, of this name if it is given, and the etag to change it."""
    info = services.models.info(_key(owner))
    if info is None:
        return None, ""
    try:
        count = sealed.load(Count, services.models.get(_key(owner)), _key(owner))
    except (NotFoundError, DamagedError):
        return None, ""
    is_new = 0 <= services.clock() - count.at < COUNTED_S  # less than 0: the clock was put back
    return (count, info.etag) if is_new and name in ("", count.name) else (None, "")


def _dumped(owner: str, count: Count) -> bytes:
    return sealed.dump(count, _key(owner))


def _key(owner: str) -> str:
    return keys.stored_bytes(owner)
