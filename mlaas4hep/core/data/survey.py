"""What reading some branches of a file needs to know, so that it is not opened again for that.

Opening a tree can cost more than reading a thousand entries of it: it is done once for a run, and
what it found travels to every process that reads.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """One tree of a file as it was when it was opened, and where some branches lie."""

    url: str
    tree: str
    format: str  #: which reader made it, and reads with it: a name of the table FORMATS
    uuid: str  #: tells this file from another one in its place
    size_bytes: int
    layout: str  #: where the values lie, in words that only its reader knows

    @property
    def weight(self) -> int:
        """Return roughly how many bytes of memory this takes."""
        return 500 + len(self.layout)
