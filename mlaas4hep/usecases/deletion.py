"""Deleting what lies under a prefix."""

from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.ports import ObjectStore


def delete_below(store: ObjectStore, prefix: str) -> int:
    """Delete every object under a prefix; return how many."""
    if prefix.count("/") < 1 or prefix.startswith("/"):
        raise InvalidRequestError(f"{prefix!r} is not a prefix of one owner")
    found = [info.key for info in store.list(prefix)]
    for key in found:
        store.delete(key)
    return len(found)
