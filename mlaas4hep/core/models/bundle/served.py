"""Which files of a bundle answer: those of its one model, or those of the models of all folds."""

from mlaas4hep.core.models.bundle import folding, kinds
from mlaas4hep.core.models.record import ModelRecord


def served_file(record: ModelRecord) -> tuple[str, kinds.ModelKind] | None:
    """Return the file that is served, and its kind; None if there is none.

    Of several models it is the first one's, of a kind that all of them have.
    """
    if not record.folds:
        return kinds.served_file(record.files, record.file)
    return kinds.served_file(folding.common(record.files, record.folds))


def served_files(record: ModelRecord) -> tuple[str, ...]:
    """Return the file that is served, of each model if there are several; () if there is none."""
    found = served_file(record)
    if found is None:
        return ()
    file, _ = found
    return tuple(folding.alike(file, fold) for fold in range(record.folds)) or (file,)
