"""What lies in an HDF5 file, by path; nothing that lies in other files is followed."""

from typing import Any

import h5py
from h5py import h5l

from mlaas4hep.adapters.sources.hdf5.pandas import is_index
from mlaas4hep.adapters.sources.reason import first_line

MAX_DEPTH = 8
MAX_OBJECTS = 100_000


class Walk:
    """The arrays of a file by path: its own, and those that soft links name."""

    def __init__(self, file: h5py.File) -> None:
        """Walk through a file.

        Raises:
            ValueError: it has too many groups, or they lie in each other.
        """
        self._file = file
        self._left = MAX_OBJECTS
        self.arrays: dict[str, Any] = {}
        self.linked: dict[str, Any] = {}  #: arrays at paths that are soft links
        self.left_out: dict[str, str] = {}  #: why, by path
        self._group(file, "", 0)

    def _group(self, group: Any, path: str, depth: int) -> None:
        for name in group:
            self._count(depth)
            whole, kind = f"{path}{name}", _kind(group, name)
            if kind == h5l.TYPE_SOFT:
                self._link(self._target(group, name, 0), whole)
            elif kind != h5l.TYPE_HARD:
                self.left_out[whole] = "a link"  # to any file of this machine, maybe
            elif not is_index(name, group):
                self._object(group[name], whole, depth)

    def _count(self, depth: int) -> None:
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise ValueError("it has too many groups")

    def _object(self, each: Any, path: str, depth: int) -> None:
        if isinstance(each, h5py.Group):
            self._group(each, f"{path}/", depth + 1)
        elif isinstance(each, h5py.Dataset):
            self._keep(self.arrays, path, each)

    def _keep(self, arrays: dict[str, Any], path: str, array: Any) -> None:
        if why := _unknown_type(array):
            self.left_out[path] = why
        else:
            arrays[path] = array

    def _link(self, target: Any, path: str) -> None:
        if isinstance(target, h5py.Dataset):
            self._keep(self.linked, path, target)
        elif isinstance(target, h5py.Group):
            self.left_out[path] = f"a link to the group {target.name}"
        else:
            self.left_out[path] = "a link to what is not in this file"

    def _target(self, group: Any, name: str, depth: int) -> Any:
        """Return where a soft link leads, or None.

        Step by step: libhdf5 would go on into other files where a step leads there.
        """
        stored = group.id.links.get_val(name.encode(errors="surrogateescape"))
        path = stored.decode(errors="surrogateescape")
        here = self._file if path.startswith("/") else group
        for part in (part for part in path.split("/") if part not in {"", "."}):
            self._count(depth)
            kind = _kind(here, part) if isinstance(here, h5py.Group) else None
            if kind == h5l.TYPE_SOFT and depth < MAX_DEPTH:
                here = self._target(here, part, depth + 1)
            else:
                here = here[part] if kind == h5l.TYPE_HARD else None
        return here


def _kind(group: Any, name: str) -> int | None:
    """Return the type of a link, or None if there is none; what it leads to is not touched."""
    links, stored = group.id.links, name.encode(errors="surrogateescape")
    return int(links.get_info(stored).type) if links.exists(stored) else None


def _unknown_type(array: Any) -> str:
    """Return what h5py says of a type that NumPy has not, such as integers of 24 bits."""
    try:
        return "" if array.dtype is not None else "no type"
    except TypeError as error:
        return f"a type that NumPy does not have: {first_line(error)}"
