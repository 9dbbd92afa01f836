"""What branches are for, as their names suggest: a person decides, this only guesses."""

import re
from typing import Literal

Role = Literal["identifier", "weight", "truth", "label", "feature"]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_IDENTIFIERS = frozenset(
    [
        "bunchcrossing",
        "bx",
        "channelnumber",
        "dsid",
        "entry",
        "eventid",
        "event",
        "eventno",
        "eventnr",
        "eventnumber",
        "evt",
        "evtno",
        "evtnumber",
        "fileid",
        "index",
        "lumi",
        "lumiblock",
        "luminosityblock",
        "lumisection",
        "ls",
        "orbit",
        "orbitnumber",
        "randomrunnumber",
        "randumrunnumber",
        "run",
        "runid",
        "runno",
        "runnr",
        "runnumber",
        "uniqueid",
    ]
)
_LABELS = frozenset(["class", "issignal", "label", "signal", "target", "y"])
_WEIGHTS = ("weight", "wgt", "xsec", "crosssection", "scalefactor")
_TRUTH = frozenset(["gen", "generator", "hepmc", "lhe", "mc", "true", "truth"])


def role(name: str) -> Role:
    """Return what a branch of this name is usually for.

    >>> [role(name) for name in ("eventNumber", "mcEventWeight", "Jet_genJetIdx", "Muon_pt")]
    ['identifier', 'weight', 'truth', 'feature']
    """
    words = [word.lower() for word in _WORD.findall(name)]
    joined = "".join(words)
    if joined in _IDENTIFIERS:
        return "identifier"
    if any(part in joined for part in _WEIGHTS):
        return "weight"
    if joined in _LABELS:
        return "label"
    if _TRUTH & set(words) or name.startswith("MC"):
        return "truth"
    return "feature"
