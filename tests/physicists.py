"""What physicists write, beside what awkward, TTree::Draw and RDataFrame give for the same."""

import awkward as ak
import numpy as np

from mlaas4hep.core.data.columns import Columns, Jagged

COUNTS = [3, 0, 1, 2, 4]
FLAT = {"MET_pt": [30.5, 12.0, 88.0, 5.5, 61.0], "MET_phi": [0.5, -3.0, 3.1, 2.0, -1.0]}
WHOLE = {"best": [1, 0, 0, 3, 2], "run": [1, 1, 2, 2, 3]}
JAGGED = {
    "Muon_pt": [40.0, 25.5, 10.0, 33.0, 18.0, 55.0, 61.0, 7.5, 22.0, 22.0],
    "Muon_eta": [0.5, -1.5, 2.25, 0.0, -0.75, 1.25, 2.0, -2.4, 0.1, 0.3],
    "Muon_phi": [3.0, -3.0, 0.25, 1.5, -1.5, 2.75, 0.1, -0.1, 3.1, -3.1],
    "Muon_mass": [0.1057] * 10,
}
SIGNS = {"Muon_charge": [1, -1, 1, -1, 1, -1, -1, 1, 1, -1]}
FLAGS = {"Muon_tightId": [True, False, True, True, False, True, True, True, False, True]}
OFFSETS = np.concatenate(([0], np.cumsum(COUNTS)))

COLUMNS = Columns(
    entries=len(COUNTS),
    flat={name: np.array(values) for name, values in (FLAT | WHOLE).items()},
    jagged={
        name: Jagged(content=np.array(values), offsets=OFFSETS)
        for name, values in (JAGGED | SIGNS | FLAGS).items()
    },
)
SCOPE = {
    "ak": ak,
    "np": np,
    **{name: ak.Array(values) for name, values in (FLAT | WHOLE).items()},
    **{
        name: ak.unflatten(ak.Array(values), COUNTS)
        for name, values in (JAGGED | SIGNS | FLAGS).items()
    },
}

#: ours; the same in awkward ("" where ROOT alone is asked), TTree::Draw and RDataFrame
TABLE = [
    ("Muon_pt[0]", "ak.firsts(Muon_pt)", "Muon_pt[0]", ""),
    ("Muon_pt[1]", "ak.pad_none(Muon_pt, 2)[:, 1]", "Muon_pt[1]", ""),
    ("Muon_pt[-1]", "ak.firsts(Muon_pt[:, ::-1])", "", ""),
    ("Muon_pt[best]", "", "Muon_pt[best]", ""),
    ("Muon_pt[:2]", "Muon_pt[:, :2]", "", "Take(Muon_pt, std::min(2, (int)Muon_pt.size()))"),
    ("Muon_pt[1:]", "Muon_pt[:, 1:]", "", ""),
    ("Muon_pt[-2:]", "Muon_pt[:, -2:]", "", "Take(Muon_pt, -std::min(2, (int)Muon_pt.size()))"),
    ("Muon_pt[::-1]", "Muon_pt[:, ::-1]", "", "Reverse(Muon_pt)"),
    ("Muon_pt[::2]", "Muon_pt[:, ::2]", "", ""),
    ("Muon_pt[Muon_pt > 20]", "Muon_pt[Muon_pt > 20]", "", "Muon_pt[Muon_pt > 20]"),
    (
        "Muon_pt[Muon_tightId && Muon_pt > 20]",
        "Muon_pt[Muon_tightId & (Muon_pt > 20)]",
        "",
        "Muon_pt[Muon_tightId && Muon_pt > 20]",
    ),
    ("Muon_eta[Muon_tightId]", "Muon_eta[Muon_tightId]", "", "Muon_eta[Muon_tightId]"),
    ("Muon_pt[abs(Muon_eta) < 2 && MET_pt > 20][0]", "", "", ""),
    ("sort(Muon_pt)", "ak.sort(Muon_pt, axis=1)", "", "Sort(Muon_pt)"),
    ("argsort(Muon_pt)", "ak.argsort(Muon_pt, axis=1)", "", ""),
    ("argsort(-Muon_pt)", "ak.argsort(-Muon_pt, axis=1)", "", ""),
    (
        "Muon_eta[argsort(-Muon_pt)][:2]",
        "Muon_eta[ak.argsort(Muon_pt, axis=1, ascending=False)][:, :2]",
        "",
        "",
    ),
    ("take(Muon_eta, argsort(Muon_pt))", "Muon_eta[ak.argsort(Muon_pt, axis=1)]", "", ""),
    ("reverse(sort(Muon_pt))", "ak.sort(Muon_pt, axis=1, ascending=False)", "", ""),
    ("argmax(Muon_pt)", "ak.argmax(Muon_pt, axis=1)", "", ""),
    ("argmin(Muon_eta)", "ak.argmin(Muon_eta, axis=1)", "", ""),
    (
        "Muon_eta[argmax(Muon_pt)]",
        "ak.firsts(Muon_eta[ak.argmax(Muon_pt, axis=1, keepdims=True)])",
        "",
        'Muon_pt.empty() ? std::nan("") : Muon_eta[ArgMax(Muon_pt)]',
    ),
    (
        "sum(Muon_pt[Muon_pt > 20])",
        "ak.sum(Muon_pt[Muon_pt > 20], axis=1)",
        "",
        "Sum(Muon_pt[Muon_pt > 20])",
    ),
    (
        "count(Muon_pt[Muon_pt > 20])",
        "ak.num(Muon_pt[Muon_pt > 20], axis=1)",
        "Sum$(Muon_pt > 20)",
        "",
    ),
    ("std(Muon_pt)", "ak.std(Muon_pt, axis=1)", "", ""),
    ("var(Muon_pt)", "ak.var(Muon_pt, axis=1)", "", ""),
    ("prod(Muon_eta)", "ak.prod(Muon_eta, axis=1)", "", "Product(Muon_eta)"),
    ("prod(Muon_charge)", "ak.prod(Muon_charge, axis=1)", "", ""),
    ("index(Muon_pt)", "ak.local_index(Muon_pt)", "Iteration$ + 0*Muon_pt", ""),
    ("Sum$(Muon_pt)", "ak.sum(Muon_pt, axis=1)", "Sum$(Muon_pt)", ""),
    ("Max$(Muon_pt)", "ak.max(Muon_pt, axis=1)", "", ""),
    ("Min$(abs(Muon_eta))", "ak.min(abs(Muon_eta), axis=1)", "", ""),
    ("Length$(Muon_pt)", "ak.num(Muon_pt)", "Length$(Muon_pt)", ""),
    (
        "Alt$(Muon_pt[1], -1)",
        "ak.fill_none(ak.pad_none(Muon_pt, 2)[:, 1], -1)",
        "Alt$(Muon_pt[1], -1)",
        "",
    ),
    ("MaxIf$(Muon_pt, Muon_eta > 0)", "ak.max(Muon_pt[Muon_eta > 0], axis=1)", "", ""),
    ("TMath::Sqrt(TMath::Power(MET_pt, 2))", "MET_pt", "TMath::Sqrt(TMath::Power(MET_pt, 2))", ""),
    (
        "TMath::ATan2(MET_pt, TMath::Pi())",
        "np.arctan2(MET_pt, np.pi)",
        "TMath::ATan2(MET_pt, TMath::Pi())",
        "TMath::ATan2(MET_pt, TMath::Pi())",
    ),
    (
        "MET_pt > 20 ? MET_phi : -1",
        "np.where(MET_pt > 20, MET_phi, -1)",
        "MET_pt > 20 ? MET_phi : -1",
        "MET_pt > 20 ? MET_phi : -1",
    ),
    (
        "!(MET_pt > 20) || best == 1 && run < 2",
        "",
        "!(MET_pt > 20) || best == 1 && run < 2",
        "!(MET_pt > 20) || best == 1 && run < 2",
    ),
    (
        "pow(MET_pt, 2) + std::abs(MET_phi)",
        "MET_pt**2 + abs(MET_phi)",
        "pow(MET_pt, 2) + abs(MET_phi)",
        "pow(MET_pt, 2) + std::abs(MET_phi)",
    ),
    ("np.log(MET_pt)", "np.log(MET_pt)", "log(MET_pt)", "log(MET_pt)"),
    ("Muon_pt.size()", "ak.num(Muon_pt)", "", "Muon_pt.size()"),
    ("Any(Muon_pt > 50)", "ak.any(Muon_pt > 50, axis=1)", "", "Any(Muon_pt > 50)"),
    (
        "deltaPhi(Muon_phi[0], MET_phi)",
        "(ak.firsts(Muon_phi) - MET_phi + np.pi) % (2*np.pi) - np.pi",
        "",
        'Muon_pt.empty() ? std::nan("") : ROOT::VecOps::DeltaPhi(MET_phi, Muon_phi[0])',
    ),
    ("DeltaPhi(Muon_phi, MET_phi)", "", "", "DeltaPhi(Muon_phi, MET_phi)"),
    (
        "deltaR(Muon[0], Muon[1])",
        "",
        "",
        'Muon_pt.size() < 2 ? std::nan("") : ROOT::VecOps::DeltaR(Muon_eta[0], Muon_eta[1], Muon_phi[0], Muon_phi[1])',
    ),
    (
        "DeltaR(Muon_eta[0], Muon_eta[1], Muon_phi[0], Muon_phi[1])",
        "",
        "",
        'Muon_pt.size() < 2 ? std::nan("") : ROOT::VecOps::DeltaR(Muon_eta[0], Muon_eta[1], Muon_phi[0], Muon_phi[1])',
    ),
    (
        "invMass(Muon_pt, Muon_eta, Muon_phi, Muon_mass)",
        "",
        "",
        'Muon_pt.empty() ? std::nan("") : InvariantMass(Muon_pt, Muon_eta, Muon_phi, Muon_mass)',
    ),
    (
        "invMass(Muon[0], Muon[1])",
        "",
        "",
        'Muon_pt.size() < 2 ? std::nan("") : InvariantMass(Take(Muon_pt, 2), Take(Muon_eta, 2), Take(Muon_phi, 2), Take(Muon_mass, 2))',
    ),
    (
        "invMass(Muon[Muon_charge > 0])",
        "",
        "",
        'Any(Muon_charge > 0) ? InvariantMass(Muon_pt[Muon_charge > 0], Muon_eta[Muon_charge > 0], Muon_phi[Muon_charge > 0], Muon_mass[Muon_charge > 0]) : std::nan("")',
    ),
    (
        "Muon_pt[Muon_pt > 20][Muon_eta[Muon_pt > 20] > 0]",
        "Muon_pt[Muon_pt > 20][Muon_eta[Muon_pt > 20] > 0]",
        "",
        "Muon_pt[Muon_pt > 20 && Muon_eta > 0]",
    ),
    (
        "Muon_pt[0] if count(Muon_pt) > 0 else -1",
        "ak.fill_none(ak.firsts(Muon_pt), -1)",
        "",
        "Muon_pt.empty() ? -1. : Muon_pt[0]",
    ),
    (
        "Muon_pt if Muon_tightId else 0",
        "ak.where(Muon_tightId, Muon_pt, 0)",
        "",
        "Where(Muon_tightId, Muon_pt, 0. * Muon_pt)",
    ),
    ("run in [1, 3]", "(run == 1) | (run == 3)", "run == 1 || run == 3", ""),
    ("best + 1 not in (1, 4)", "(best != 0) & (best != 3)", "best != 0 && best != 3", ""),
    (
        "max(MET_pt, 20, best * 30)",
        "np.maximum(np.maximum(MET_pt, 20), best * 30)",
        "",
        "std::max({MET_pt, 20., best * 30.})",
    ),
    ("min([MET_pt, 40])", "np.minimum(MET_pt, 40)", "min(MET_pt, 40)", "std::min(MET_pt, 40.)"),
    ("clip(Muon_pt, 20, 40)", "np.minimum(np.maximum(Muon_pt, 20), 40)", "", ""),
    ("first(Muon_pt)", "ak.firsts(Muon_pt)", "", ""),
    ("last(Muon_pt)", "ak.firsts(Muon_pt[:, ::-1])", "", ""),
    ("Muon_pt[:, 1:]", "Muon_pt[:, 1:]", "", ""),
    ("Muon_pt[:, 0]", "ak.firsts(Muon_pt[:, :1])", "", ""),
    (
        "transverseMass(Muon[0], MET)",
        "np.sqrt(2 * ak.firsts(Muon_pt) * MET_pt * (1 - np.cos(ak.firsts(Muon_phi) - MET_phi)))",
        "",
        'Muon_pt.empty() ? std::nan("") : sqrt(2 * Muon_pt[0] * MET_pt * (1 - cos(Muon_phi[0] - MET_phi)))',
    ),
]
