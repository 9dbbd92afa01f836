"""Texts of strangers that are shown at a terminal: nothing in them is obeyed."""


def harmless(text: str) -> str:
    """Return lines of printable text.

    What a terminal would obey, or what would turn text round, is shown by its number.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(each if _is_harmless(each) else _shown(each) for each in text)


def as_record(text: str) -> str:
    """Return harmless text of which no line but the first can be taken for a record."""
    return harmless(text).replace("\n", "\n  ")


def _is_harmless(character: str) -> bool:
    return character.isprintable() or character in "\n\t"


def _shown(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
