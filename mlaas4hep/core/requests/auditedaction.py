"""Who did what to which run or model: one line of the audit log, without any content."""

from dataclasses import dataclass

_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedAction:
    """Something that a person changed."""

    at: float  #: seconds since the epoch, UTC
    owner: str  #: whose things were changed, as keys begin
    person: str  #: the token's subject
    function: str  #: the door: workflow or predict
    action: str  #: the operation, by its name in openapi.yaml
    target: str = ""  #: what it was about: a run, model, upload
    made: str = ""  #: the run or model that came of it


def short(text: object) -> str:
    """Return what may stand in a log of somebody's text: its beginning, printable."""
    shown = text if isinstance(text, str) else ""
    return ascii(shown[:_LONGEST])[1:-1]
