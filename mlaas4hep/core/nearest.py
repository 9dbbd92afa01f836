"""Hints for typos: which known name did the person mean?"""

from collections.abc import Iterable
from difflib import get_close_matches

_FEW = 12  #: so many names can be listed in full
_LONGEST = 256  #: letters of a name that may be a typo; comparing takes their square


def nearest(name: str, names: Iterable[str]) -> str:
    """Return "did you mean 'x'?", or the known names when none is close and they are few."""
    known = sorted(set(names))
    folded: dict[str, str] = {}
    for candidate in known:
        folded.setdefault(candidate.lower(), candidate)
    close = []
    if len(name) <= _LONGEST:
        close = get_close_matches(name.lower(), folded, n=3, cutoff=0.6)
    if close:
        quoted = [repr(folded[match]) for match in close]
        return f"did you mean {' or '.join(quoted)}?"
    if 0 < len(known) <= _FEW:
        return f"known: {', '.join(known)}"
    return ""
