"""Files that people uploaded: objects of bucket tarballs."""

import math
from contextlib import ExitStack

from mlaas4hep.adapters.sources.places.bytes import FileBytes
from mlaas4hep.adapters.sources.places.place import Bytes, Place, missing
from mlaas4hep.ports import ObjectStore


def in_tarball(url: str, tarballs: ObjectStore) -> Place:
    """Return the place of `tarball:KEY`; InvalidRequestError if there is none."""
    key = url.removeprefix("tarball:")
    info = tarballs.info(key)
    if info is None:
        raise missing(url)

    def copy(stack: ExitStack) -> Bytes:
        return FileBytes.at(stack.enter_context(tarballs.local(key)))

    return Place(
        url=url,
        version=info.etag,
        size_bytes=info.size_bytes,
        open=copy,
        holds_s=math.inf,  # keys of uploads hold the hash of their content
    )
