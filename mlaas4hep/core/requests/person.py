"""Who calls, as the verified token says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A verified caller; everything that is stored belongs to one `owner`."""

    owner: str  #: `keys.owner(issuer, subject)`
    subject: str
    name: str = ""  #: preferred_username or email, for eyes only
    groups: tuple[str, ...] = ()
    is_admin: bool = False
