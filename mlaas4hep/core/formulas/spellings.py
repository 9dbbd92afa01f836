"""How ROOT, C++ and Python write what expressions know under another name."""

import re

#: what stands before a name in other languages and says nothing here
_PREFIXES = ("TMath::", "ROOT::VecOps::", "VecOps::", "ROOT::Math::", "std::", "numpy.", "np.")
_MORE_PREFIXES = ("math.", "ak.", "awkward.")

_SAME = {
    "Sum$": "sum",
    "Max$": "max",
    "Min$": "min",
    "Length$": "count",
    "Alt$": "fill",
    "MinIf$": "min",
    "MaxIf$": "max",
    "Abs": "abs",
    "Sqrt": "sqrt",
    "Sq": "square",
    "Power": "power",
    "pow": "power",
    "Exp": "exp",
    "Log": "log",
    "Log10": "log10",
    "Log2": "log2",
    "Sin": "sin",
    "Cos": "cos",
    "Tan": "tan",
    "ASin": "asin",
    "ACos": "acos",
    "ATan": "atan",
    "ATan2": "atan2",
    "SinH": "sinh",
    "CosH": "cosh",
    "TanH": "tanh",
    "ASinH": "asinh",
    "ACosH": "acosh",
    "ATanH": "atanh",
    "Hypot": "hypot",
    "Floor": "floor",
    "Ceil": "ceil",
    "Nint": "rint",
    "Erf": "erf",
    "Erfc": "erfc",
    "Gamma": "gamma",
    "LnGamma": "lgamma",
    "Factorial": "factorial",
    "IsNaN": "isnan",
    "Finite": "isfinite",
    "Sum": "sum",
    "Product": "prod",
    "Mean": "mean",
    "Max": "max",
    "Min": "min",
    "Any": "any",
    "All": "all",
    "ArgMax": "argmax",
    "ArgMin": "argmin",
    "Argsort": "argsort",
    "Sort": "sort",
    "Reverse": "reverse",
    "Take": "take",
    "Where": "where",
    "InvariantMass": "invMass",
    "InvariantMasses": "invMass",
    "Median": "median",
    "firsts": "first",
    "len": "count",
    "num": "count",
    "local_index": "index",
    "fill_none": "fill",
    "flip": "reverse",
    "float_power": "power",
    "rad2deg": "degrees",
    "deg2rad": "radians",
}
NUMBERS = {
    "Pi": 3.141592653589793,
    "TwoPi": 6.283185307179586,
    "PiOver2": 1.5707963267948966,
    "PiOver4": 0.7853981633974483,
    "E": 2.718281828459045,
    "Ln10": 2.302585092994046,
    "Sqrt2": 1.4142135623730951,
    "DegToRad": 0.017453292519943295,
    "RadToDeg": 57.29577951308232,
}
_ENTRY = (
    "an entry's number in its file is nothing to learn from and is not known at prediction; "
    "nevts in params.json limits how many entries are used"
)
_ABSENT = "isnan(x) tells where nothing is, fill(x, 0) puts a number in its place"
_TRUNCATED = (
    "trunc(x) drops what is behind the point, floor(x) rounds down; a / b has decimals anyway"
)
_WHOLE_TEXTS = 'texts are compared as wholes: HLT == "Mu50", or HLT in ["Mu50", "Mu24"]'
_METHODS = frozenset(
    [
        "all",
        "any",
        "argmax",
        "argmin",
        "count",
        "max",
        "mean",
        "median",
        "min",
        "prod",
        "sort",
        "std",
        "sum",
        "var",
    ]
)
TYPES = frozenset(["int", "long", "float", "double", "Int_t", "Long64_t", "Float_t", "Double_t"])
_OTHERS = {  #: what has our name and means something else
    "std::round": "round(x) rounds halves to even numbers; floor(x + 0.5) rounds them up"
}
_ANSWERS = {
    **dict.fromkeys(("nan", "NaN", "NAN", "None", "null"), _ABSENT),
    **dict.fromkeys(("inf", "Inf", "INFINITY", "infinity"), "isinf(x), isfinite(x); 1/0 is inf"),
    "size": "the length of a row is count(Jet_pt)",
    "Entry$": _ENTRY,
    "LocalEntry$": _ENTRY,
    "Entries$": _ENTRY,
    "LocalEntries$": _ENTRY,
    "Iteration$": "the place of each value inside its row is index(Jet_pt)",
    "Length$": "the length of a row is count(Jet_pt)",
    "Sign": "copysign(a, b) gives a the sign of b, sign(a) the sign of a alone",
    "StdDev": "ROOT divides by n - 1; std(x) divides by n",
    "Var": "ROOT divides by n - 1; var(x) divides by n",
    "RMS": "sqrt(mean(x**2)), or std(x) around the mean",
    "Nonzero": "x[x != 0] keeps the values, index(x)[x != 0] their places",
    "Filter": "rows are filtered by a condition: Jet_pt[Jet_pt > 25]",
    "Map": "functions apply to every value of a row: sqrt(Jet_pt)",
    "Concatenate": "rows stay apart; define a new branch for each",
    "Combinations": "pairs are written out: invMass(Muon[0], Muon[1])",
    "combinations": "pairs are written out: invMass(Muon[0], Muon[1])",
    "TLorentzVector": "invMass, deltaR and deltaPhi take objects: invMass(Muon[0], Muon[1])",
    "PtEtaPhiMVector": "invMass, deltaR and deltaPhi take objects: invMass(Muon[0], Muon[1])",
    "dR": "deltaR(Jet, Muon[0]), or minDeltaR(Jet, Muon) for the nearest muon of each jet",
    "mT": "transverseMass(Muon[0], MET)",
    "cumsum": "rows can be summed, sorted and masked; there is no running sum",
    "isin": "run in [1, 2]",
    "flatten": "each entry keeps its row; sum(Jet_pt), max(Jet_pt) and others make one value of it",
    **dict.fromkeys((*TYPES, "astype"), _TRUNCATED),
    **dict.fromkeys(
        ("strstr", "strcmp", "startswith", "endswith", "contains", "Contains"), _WHOLE_TEXTS
    ),
    **dict.fromkeys(("TVector2::Phi_mpi_pi", "Phi_mpi_pi"), "deltaPhi(phi1, phi2)"),
    "TVector2::Phi_0_2pi": "phi % (2 * pi)",
    "if": "a choice is written where(condition, yes, no)",
}


def bare(name: str) -> str:
    """Return a name without the namespace that it may have elsewhere."""
    for prefix in (*_PREFIXES, *_MORE_PREFIXES):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def ours(name: str) -> str:
    """Return our name of a function; the same name if it is ours, or unknown.

    >>> ours("TMath::ATan2"), ours("Sum$"), ours("sqrt")
    ('atan2', 'sum', 'sqrt')
    """
    return _SAME.get(bare(name), bare(name)) if name not in _OTHERS else name


def unquoted(name: str, expression: str) -> str:
    """Return what to write for what is no branch and compared with a name; "" if it is not.

    >>> unquoted("Mu50", "HLT == Mu50")
    'a text stands in quotes: "Mu50"'
    """
    word, other = re.escape(name), r"[A-Za-z_][\w.]*"
    compared = re.search(
        rf"{other}\s*[=!]=\s*{word}(?![\w.(])|(?<![\w.]){word}\s*[=!]=\s*{other}", expression
    )
    return f'a text stands in quotes: "{name}"' if compared else ""


def answer(name: str) -> str:
    """Return what to write in place of something that ROOT or Python knows; "" if unknown."""
    whole, _, method = name.rpartition(".")
    if whole and method in _METHODS and bare(name) != method:
        return f"functions are written around what they are of: {method}({whole})"
    return _OTHERS.get(name) or _ANSWERS.get(bare(name)) or _ANSWERS.get(method, "")
