"""What a source reads of a file."""

from tests import oracle


def read(source, path, names, tree="Events", *, start=0, stop=None):
    entries = source.describe(str(path), tree).entries if stop is None else stop
    blocks = source.read(source.survey(str(path), tree, names), names, start, entries)
    return [entry for block in blocks for entry in oracle.entries_of(block)]
