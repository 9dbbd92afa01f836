"""The reader of HDF5: a confined process a file; this one never imports libhdf5."""

from functools import partial
from importlib.util import find_spec

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.columnar.reader import TableReader
from mlaas4hep.adapters.sources.confined.table import OPEN_TABLES, confined, trees

_MODULE = "hdf5.table"


def reader(kept: KeptBlocks) -> TableReader:
    """Return the reader of this format; ModuleNotFoundError: there is no h5py."""
    if find_spec("h5py") is None:
        raise ModuleNotFoundError("No module named 'h5py'", name="h5py")
    return TableReader(
        "HDF5",
        confined(_MODULE),
        kept,
        list_trees=partial(trees, _MODULE),
        open_tables=OPEN_TABLES,
    )
