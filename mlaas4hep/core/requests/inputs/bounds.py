"""How much a files.txt may say: what its lines mean is found out soon, whatever they are."""

import re
from collections.abc import Iterable, Iterator

from mlaas4hep.core.requests.inputs.filelist import Line
from mlaas4hep.core.requests.inputs.globs import is_pattern, without_query
from mlaas4hep.core.requests.inputs.secrets import without_secrets
from mlaas4hep.errors import InvalidRequestError

MAX_PATTERNS = 500  #: each is compared with every file of the tarball, or asks a server
MAX_PATTERN_LETTERS = 100_000  #: of all patterns together, which are compiled: a second
MAX_PLACES = 20  #: of one file
MAX_PACKED = 100  #: places in the tarball beside other ones: near names are looked for, for each
_ALTERNATIVE = re.compile(r"(?<=\s)\|(?=\s)")


def bounded(said: Iterable[Line]) -> Iterator[Line]:
    """Yield lines as long as what they mean is found out soon, whatever they say.

    Raises:
        InvalidRequestError: there are too many patterns, or places of a file.
    """
    patterns, letters, packed = 0, 0, 0
    for line in said:
        if is_pattern(line.text):
            patterns += 1
            letters += len(without_query(line.text))
        if patterns > MAX_PATTERNS or letters > MAX_PATTERN_LETTERS:
            raise _too_many_patterns(patterns)
        places = alternatives(line.text)
        if len(places) > 1:
            packed += sum("://" not in place and place[:1] not in "/~" for place in places)
        if len(places) > MAX_PLACES:
            raise wrong_line(line, f"has more than {MAX_PLACES} places")
        if packed > MAX_PACKED:
            raise wrong_line(line, "has too many places")
        yield line


def _too_many_patterns(patterns: int) -> InvalidRequestError:
    few = patterns <= MAX_PATTERNS
    what = f"{MAX_PATTERN_LETTERS} characters of patterns" if few else f"{MAX_PATTERNS} patterns"
    return InvalidRequestError(
        f"files.txt has more than {what}", hint="one may match more: data/**/*.root"
    )


def alternatives(line: str) -> list[str]:
    """Return the places of one file that a line names.

    >>> alternatives("a.root | root://host//a.root")
    ['a.root', 'root://host//a.root']
    """
    return [place.strip() for place in _ALTERNATIVE.split(line)]


def wrong_line(line: Line, what: str) -> InvalidRequestError:
    """Return the refusal of a line that stands for too much."""
    shown = without_secrets(line.text)
    return InvalidRequestError(
        f"{shown!r} {what}", file=shown, hint="write a line for each file, or each pattern"
    )
