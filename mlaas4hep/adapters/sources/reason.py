"""What the error of a library says, in one line."""

from mlaas4hep.core.harmless import harmless

LONGEST = 500  #: letters


def first_line(error: BaseException | str) -> str:
    """Return the first line of its text, or its kind: some libraries add whole listings.

    A server or a file may have had a hand in it: nothing in it speaks to a terminal.
    """
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return harmless(line if len(line) <= LONGEST else f"{line[:LONGEST]}…")
