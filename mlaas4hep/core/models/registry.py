"""Versions of a model: where each came from, what they are called, and which one is served."""

from dataclasses import dataclass


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


def markdown(card: ModelCard) -> str:
    """Return a card as text."""
    one = card.version
    origin = one.provenance
    return "\n".join(
        (
            f"# {card.model}, version {one.version}",
            "",
            one.description,
            "",
            f"- stored at {one.stored_at}{', served' if one.served else ''}",
            f"- aliases: {', '.join(one.aliases) or 'none'}",
            f"- trained as {origin.trained_as or 'it was uploaded'}; task: {origin.task or 'unknown'}",
            f"- classes: {', '.join(origin.classes) or 'none are named'}",
            f"- learned from {origin.entries} entries in {len(origin.columns)} columns",
            f"- columns: {', '.join(origin.columns)}",
            "",
            "## Figures",
            "",
            *(f"- {name}: {value:.6g}" for name, value in origin.metrics),
            "",
            "## Data",
            "",
            *(f"- {name} ({identity})" for name, identity in origin.inputs),
            *(
                ("", "preproc.json:", "", "```json", origin.preproc, "```")
                if origin.preproc
                else ()
            ),
            "",
            "## Software",
            "",
            *(f"- {name} {version}" for name, version in origin.versions),
            "",
            "## Files",
            "",
            *(f"- {file}" for file in card.files),
            "",
        )
    )
