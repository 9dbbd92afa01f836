"""With whom a model may be shared; every list of models reads what is said here."""

from collections.abc import Sequence

from mlaas4hep.errors import InvalidRequestError

MAX_GROUPS, MAX_LETTERS = 100, 256  #: of one model, and of a group's name


def checked_groups(groups: Sequence[str]) -> tuple[str, ...]:
    """Return the names of groups.

    Raises:
        InvalidRequestError: they are more, or longer, than anybody needs, or no names.
    """
    if len(groups) > MAX_GROUPS:
        raise InvalidRequestError(f"groups has {len(groups)} texts, more than {MAX_GROUPS}")
    for group in groups:
        if len(group) > MAX_LETTERS:
            raise InvalidRequestError(
                f"groups has a name of {len(group)} characters, more than {MAX_LETTERS}"
            )
        if not group.strip() or not group.isprintable():
            raise InvalidRequestError(f"groups has {group!r}, which is no name of a group")
    return tuple(groups)
