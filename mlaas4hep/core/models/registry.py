"""Versions of a model: where each came from, what they are called, and which one is served."""

import re
from dataclasses import dataclass
from html import escape

from mlaas4hep.core.models.bundle.conversion import NotMade


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a version came from, as its contract says."""

    trained_as: str = ""  #: name of the run, and of the model that it made
    task: str = ""
    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    entries: int = 0  #: that passed the cuts
    inputs: tuple[tuple[str, str], ...] = ()  #: (file as written, identity)
    preproc: str = ""
    specs_digest: str = ""  #: the same for the same data, cuts and rules
    code: str = ""  #: SHA-256 of model.py and of the files that it may import and read
    versions: tuple[tuple[str, str], ...] = ()  #: (package, version) that trained it
    metrics: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """One version of a model."""

    version: str
    served: bool
    aliases: tuple[str, ...]
    stored_at: str  #: UTC
    description: str
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What somebody should know before they use a version of a model."""

    model: str
    owner: str
    version: ModelVersion
    files: tuple[str, ...]
    not_made: tuple[NotMade, ...] = ()  #: files that its framework might have written, and why not


def markdown(card: ModelCard) -> str:
    """Return a card as text, to which nobody adds HTML, or a line outside the description."""
    one = card.version
    origin = one.provenance
    return "\n".join(
        (
            f"# {card.model}, version {one.version}",
            "",
            escape(one.description, quote=False),
            "",
            f"- stored at {one.stored_at}{', served' if one.served else ''}",
            f"- aliases: {_listed(one.aliases) or 'none'}",
            (
                f"- trained as {_line(origin.trained_as) or 'it was uploaded'}; "
                f"task: {_line(origin.task) or 'unknown'}"
            ),
            f"- classes: {_listed(origin.classes) or 'none are named'}",
            f"- made of {origin.entries} entries (learned from, validating, held out) in {len(origin.columns)} columns",
            f"- columns: {_listed(origin.columns)}",
            "",
            "## Figures",
            "",
            *(f"- {_line(name)}: {value:.6g}" for name, value in origin.metrics),
            "",
            "## Data",
            "",
            *(f"- {_line(name)} ({_line(identity)})" for name, identity in origin.inputs),
            *((f"- specs {_line(origin.specs_digest)}",) if origin.specs_digest else ()),
            *(("", "preproc.json:", "", *_fenced(origin.preproc)) if origin.preproc else ()),
            "",
            "## Software",
            "",
            *((f"- model.py {_line(origin.code)}",) if origin.code else ()),
            *(f"- {_line(name)} {_line(version)}" for name, version in origin.versions),
            "",
            "## Files",
            "",
            *(f"- {_line(file)}" for file in card.files),
            *(f"- no {_line(each.file)}: {_line(each.reason)}" for each in card.not_made),
            "",
        )
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(_line, names))


def _line(text: str) -> str:
    """Return a name as one line that is no HTML, and no link or image of Markdown's either."""
    plain = escape(" ".join(text.split()), quote=False)
    return plain.replace("\\", "\\\\").replace("[", "\\[")


def _fenced(code: str) -> tuple[str, str, str]:
    """Return code between fences that are longer than any in it."""
    fence = "`" * (max(map(len, re.findall("`+", code)), default=0) + 1)
    fence = fence.rjust(3, "`")
    return f"{fence}json", code, fence
