"""Files of this machine."""

import os
import stat
from pathlib import Path

from mlaas4hep.adapters.sources.places.bytes import FileBytes
from mlaas4hep.adapters.sources.places.place import Place, missing, shown
from mlaas4hep.errors import InvalidRequestError


def on_disk(url: str) -> Place:
    """Return the place of an absolute path; InvalidRequestError if it is no file to be read."""
    path = Path(url)
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise missing(url) from error
    except OSError as error:
        raise InvalidRequestError(f"{shown(url)} cannot be read: {error.strerror}") from error
    if stat.S_ISDIR(found.st_mode):
        raise InvalidRequestError(
            f"{shown(url)} is a folder", hint="name the files in it: folder/*.parquet"
        )
    if not stat.S_ISREG(found.st_mode) or not os.access(path, os.R_OK):
        raise InvalidRequestError(f"{shown(url)} is not a file that can be read")
    return Place(
        url=url,
        version=(found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size),
        size_bytes=found.st_size,
        open=lambda _stack: FileBytes.at(path),
    )
