"""Good bytes made bad: a few changes at random, all from one seed."""

import struct
from random import Random

_OF_TEXT = 0.4  #: of all changes
_ODD = (0, 1, 0x7F, 0x80, 0xFF)
_NUMBERS = ("0", "-1", "1e999", "NaN", "9" * 400, "0.1e-400", "1_0", "0x10", "٣", "-0")
_TEXTS = (
    *(r"\ud800", "\x00", "\u202e", "é" * 300, "..", "../", "%2e%2e", "a" * 5000, "\r\n", "{}"),
    *("[]", "null", "true", '""', "[" * 500, '{"a":' * 500, "(" * 500, "$", "`", "'", "\\"),
)


def mutated(data: bytes, dice: Random, words: tuple[bytes, ...] = ()) -> bytes:
    """Return `data` with one to five changes; `words` are pieces that mean something there."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 5))):
        _change(changed, dice, words)
    return bytes(changed)


def _change(data: bytearray, dice: Random, words: tuple[bytes, ...]) -> None:
    if dice.random() < _OF_TEXT:
        _change_text(data, dice, words)
    elif data:
        _change_bytes(data, dice)


def _change_bytes(data: bytearray, dice: Random) -> None:
    at = dice.randrange(len(data))
    match dice.randrange(6):
        case 0:
            data[at] ^= 1 << dice.randrange(8)
        case 1:
            data[at] = dice.choice(_ODD)
        case 2:
            width = dice.choice((2, 4, 8))
            data[at : at + width] = bytes([dice.choice(_ODD)]) * width
        case 3:
            number = dice.getrandbits(31) >> dice.randrange(31)
            data[at : at + 4] = struct.pack(dice.choice(("<I", ">I")), number)
        case 4:
            start, size = dice.randrange(len(data) + 1), dice.randrange(1, 64)
            data[at:at] = data[start : start + size]
        case _:
            del data[at : at + dice.randrange(1, 40)]


def _change_text(data: bytearray, dice: Random, words: tuple[bytes, ...]) -> None:
    at = dice.randrange(len(data) + 1)
    match dice.randrange(3):
        case 0:
            data[at:at] = dice.choice(_NUMBERS + _TEXTS).encode("utf-8", "surrogatepass")
        case 1 if words:
            data[at:at] = dice.choice(words)
        case _:
            end = at + dice.randrange(1, 12)
            data[at:end] = dice.choice(_NUMBERS).encode()
