"""The files that a run is usually made of, and what to do where one is not there."""

from collections.abc import Iterable

from mlaas4hep.core.nearest import nearest

_SAY = {
    "files.txt": "the data files, one a line",
    "labels.txt": "a label for each line of files.txt, or the name of a branch",
    "params.json": "which tree, which branches, how long; {} is enough",
    "model.py": "`def model(idim)`, which returns the model",
    "preproc.json": "new branches, cuts and collections",
}


def absent_hint(path: str, there: Iterable[str]) -> str:
    """Return what may be meant by a file that is not there, or what it would say.

    Args:
        path: of the file, in a folder or tarball.
        there: paths of those that are there.
    """
    there, says = list(there), _SAY.get(path.rpartition("/")[2])
    if says is None:
        return nearest(path, there)
    found = nearest(path, (each for each in there if each.rpartition("/")[2] not in _SAY))
    if found.startswith("did you mean"):
        return found
    return f"it says {says}; `mlaas4hep init DATA_FILES` writes a first one"
