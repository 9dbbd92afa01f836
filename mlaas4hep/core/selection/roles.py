"""What branches are for, as their names suggest: a person decides, this only guesses.

The one table of names: `mlaas4hep init` leaves out what it finds, dry run and report warn of it. Names
are those of CMS (NanoAOD), ATLAS (also its open data) and LHCb (DecayTreeTuple, DaVinci).
"""

import re
from typing import Literal

Role = Literal["identifier", "weight", "truth", "label", "feature"]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

#: whole names, without case and underscores
_IDENTIFIERS = frozenset(
    [
        "bcid",
        "bunchcrossing",
        "bunchcrossingid",
        "bx",
        "candidate",
        "channelnumber",
        "dsid",
        "entry",
        "entryno",
        "entrynumber",
        "ev",
        "event",
        "eventid",
        "eventindex",
        "eventno",
        "eventnr",
        "eventnum",
        "eventnumber",
        "evt",
        "evtid",
        "evtno",
        "evtnr",
        "evtnum",
        "evtnumber",
        "fileid",
        "fileindex",
        "gpstime",
        "guid",
        "index",
        "lbn",
        "ls",
        "lumi",
        "lumiblock",
        "lumiblocknumber",
        "luminosityblock",
        "lumisec",
        "lumisection",
        "mcchannelnumber",
        "ncandidate",
        "odintck",
        "orbit",
        "orbitnumber",
        "processid",
        "randomlumiblocknumber",
        "randomrunnumber",
        "randumrunnumber",
        "run",
        "runid",
        "runno",
        "runnr",
        "runnumber",
        "sampleid",
        "timestamp",
        "totcandidates",
        "uniqueid",
        "uuid",
    ]
)
#: the same, of tables; a member such as `Muon.id` may be anything
_ROWS = frozenset(["id", "idx", "rowid", "rownumber", "uid", "unnamed0"])
_LABELS = frozenset(
    [
        "class",
        "isbackground",
        "isbkg",
        "issig",
        "issignal",
        "label",
        "sig",
        "signal",
        "target",
        "targetlabel",
        "y",
    ]
)

#: parts of a name, without case and underscores
_WEIGHTS = re.compile(
    r"weight|wgt|xsec|xsection|crosssection|scalefactor|scale1fb|kfactor|kfac$|filt(er)?eff|sumw|prefir"
)
#: words of a name, without case
_OF_WEIGHTS = frozenset(
    [
        "sf",
        "sfs",
        "sw",
        "sws",
        "wt",
        "wts",
        "xs",
        "evtwt",
        "evwt",
        "puw",
        "puwt",
        "genw",
        "mcw",
        "totw",
        "lumiw",
    ]
)
#: words that make a `w` before them a weight: the W boson has others
_WEIGHED = frozenset(
    [
        "all",
        "btag",
        "corr",
        "e",
        "event",
        "evt",
        "ele",
        "gen",
        "iso",
        "jvt",
        "kin",
        "lep",
        "lepton",
        "lumi",
        "mc",
        "mu",
        "muon",
        "nom",
        "nominal",
        "norm",
        "pdf",
        "pid",
        "pileup",
        "prefire",
        "pu",
        "qcd",
        "reco",
        "scale",
        "sel",
        "sf",
        "tot",
        "total",
        "trig",
        "trigger",
        "up",
        "down",
        "xs",
        "zpt",
    ]
)
_TRUTH = frozenset(
    [
        "bkgcat",
        "gen",
        "generator",
        "genflav",
        "genflavour",
        "genflavor",
        "genjet",
        "genjets",
        "genlep",
        "genlepton",
        "genmatch",
        "genmet",
        "genpart",
        "genparticle",
        "genparticles",
        "genpt",
        "hepmc",
        "htxs",
        "isdata",
        "lhe",
        "lhepart",
        "mc",
        "mcmatch",
        "mctruth",
        "montecarlo",
        "partflav",
        "pdgid",
        "sim",
        "trueflav",
        "trueid",
        "truep",
        "truept",
        "truetau",
        "truth",
        "truthmatch",
        "true",
    ]
)
_FLAVOURS = re.compile(r"(parton|hadron|jet|true|gen)flavou?r$|pdgid")
_SAME_FLAVOUR = frozenset(["is", "os", "n", "same"])  #: `isSF` tells two leptons alike


def role(name: str) -> Role:
    """Return what a branch of this name is usually for.

    >>> [role(name) for name in ("eventNumber", "mcEventWeight", "Jet_genJetIdx", "Muon_pt")]
    ['identifier', 'weight', 'truth', 'feature']
    """
    last = name.rpartition(".")[2]
    words = [word.lower() for word in _WORD.findall(last)]
    joined = "".join(words)
    if _weighs(joined, words):
        return "weight"
    if _identifies(joined, words) or (joined in _ROWS and last == name):
        return "identifier"
    if joined in _LABELS:
        return "label"
    return "truth" if _is_truth(name, joined) else "feature"


def _identifies(joined: str, words: list[str]) -> bool:
    if joined in _IDENTIFIERS:
        return True
    ends = {words[0], words[-1]} if words else set()
    return "run" in ends or words[:1] in (["lumi"], ["orbit"]) or joined.endswith("eventnumber")


def _weighs(joined: str, words: list[str]) -> bool:
    if joined == "w" or _WEIGHTS.search(joined):
        return True
    if words[:1] == ["w"] and _WEIGHED.intersection(words[1:]):
        return True
    is_pair = bool(_SAME_FLAVOUR.intersection(words))
    return bool(_OF_WEIGHTS.intersection(words) - ({"sf"} if is_pair else set()))


def _is_truth(name: str, joined: str) -> bool:
    words = _WORD.findall(name)
    return bool(
        name.startswith(("MC", "Pileup_"))
        or any(word.startswith("TRUE") for word in words)
        or _FLAVOURS.search(joined)
        or _TRUTH.intersection(word.lower() for word in words)
    )
