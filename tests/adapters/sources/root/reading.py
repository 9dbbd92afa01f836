"""What is read of a file, as a test compares it."""

from tests import oracle


def entries_read(source, path, tree, names, start=0, stop=None):  # noqa: PLR0917
    """Return the entries [start, stop) of a tree, as plain values by name."""
    stop = source.describe(path, tree).entries if stop is None else stop
    entries = []
    for block in source.read(source.survey(path, tree, names), names, start, stop):
        entries += oracle.entries_of(block)
    return entries
