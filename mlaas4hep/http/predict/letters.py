"""Looking through JSON texts for single letters: of long ones in a tenth of the time of words."""

import numpy as np

_SHORT = 16 * 1024  #: bytes that are looked through as fast in any way
_TRIES = 64  #: letters that begin nothing; where there are more, they say little
#: of each word the letter that other texts have least often, and how far inside it is
_TRUTHS = ((b"true", b"u", 2), (b"false", b"f", 0))


def count(text: bytes, letter: bytes) -> int:
    """Return how often a letter is in a text."""
    if len(text) <= _SHORT:
        return text.count(letter)
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == letter[0]))


def may_hold_truths(text: bytes) -> bool:
    """Tell whether true or false may be in a text; most hold neither."""
    if len(text) <= _SHORT:
        return b"true" in text or b"false" in text
    return any(_holds(text, *each) for each in _TRUTHS)


def _holds(text: bytes, word: bytes, letter: bytes, inside: int) -> bool:
    place = -1
    for _ in range(_TRIES):
        place = text.find(letter, place + 1)
        if place < 0:
            return False
        if place >= inside and text.startswith(word, place - inside):
            return True
    return text.find(word, place) >= 0  # the letter at this place is none of a word
