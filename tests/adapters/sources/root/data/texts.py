"""Written with ROOT 6.40: `python texts.py texts.root`, `char[]` and `std::string` of 50 entries."""

import sys
from array import array

import ROOT

WORDS = ["muon", "", "électron", "x" * 300, "tau"]
file = ROOT.TFile(sys.argv[1], "RECREATE")
tree = ROOT.TTree("t", "t")
x, name, s = array("f", [0]), array("b", [0] * 600), ROOT.std.string()
tree.Branch("x", x, "x/F")
tree.Branch("name", name, "name/C")
tree.Branch("s", s)
for i in range(50):
    x[0] = i
    data = WORDS[i % 5].encode() + b"\0"
    for place, letter in enumerate(data):
        name[place] = letter if letter < 128 else letter - 256
    s.assign(WORDS[(i + 1) % 5] + str(i % 3))
    tree.Fill()
tree.Write()
file.Close()
