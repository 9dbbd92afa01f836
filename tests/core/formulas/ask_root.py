"""Ask ROOT what the expressions of `tests/physicists.py` give, and write it beside this file.

    .venv/bin/python tests/core/formulas/ask_root.py /path/to/python-that-imports-ROOT

PyPI's `ROOT` wheel in an environment of its own is enough. The answers are kept, so that tests
need no ROOT; ask again when the table changes.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

sys.path.insert(0, str(Path(__file__).parents[3]))
from tests.physicists import COUNTS, FLAGS, FLAT, JAGGED, SIGNS, TABLE, WHOLE

ANSWERS = Path(__file__).with_name("root_answers.json")
CHILD = """
import json, sys, math
import ROOT
path, asked = sys.argv[1], json.load(open(sys.argv[2]))
file = ROOT.TFile.Open(path)
tree = file.Get("t")
def draw(formula):
    found = []
    for entry in range(tree.GetEntries()):
        count = tree.Draw(formula, "", "goff", 1, entry)
        found.append([tree.GetV1()[i] for i in range(max(count, 0))])
    return found
frame = ROOT.RDataFrame("t", path)
def rdf(formula):
    column = frame.Define("answer", formula).AsNumpy(["answer"])["answer"]
    return [list(map(float, row)) if hasattr(row, "__len__") else [float(row)] for row in column]
answers = {}
for formula, way in asked:
    values = (draw if way == "draw" else rdf)(formula)
    answers[way + ": " + formula] = [[x for x in row if not math.isnan(x)] for row in values]
json.dump({"ROOT": str(ROOT.gROOT.GetVersion()), "answers": answers}, open(sys.argv[3], "w"))
"""


def main() -> None:
    """Write the data with uproot, and what ROOT says about them as JSON."""
    asked = [(draw, "draw") for *_, draw, _ in TABLE if draw]
    asked += [(rdf, "rdf") for *_, rdf in TABLE if rdf]
    with tempfile.TemporaryDirectory() as folder:
        data, questions, answers = (Path(folder, n) for n in ("data.root", "asked", "answers"))
        _write(data)
        questions.write_text(json.dumps(asked))
        subprocess.run([sys.argv[1], "-c", CHILD, data, questions, answers], check=True)
        found = json.loads(answers.read_text())
    lines = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in sorted(found["answers"].items())
    )
    ANSWERS.write_text(f'{{"ROOT": "{found["ROOT"]}", "answers": {{\n{lines}\n}}}}\n')


def _write(path: Path) -> None:
    with uproot.recreate(path) as file:
        jagged = JAGGED | SIGNS | FLAGS
        kinds = {name: f"var * {np.array(values).dtype}" for name, values in jagged.items()}
        flat = {name: np.array(values) for name, values in (FLAT | WHOLE).items()}
        tree = file.mktree(
            "t",
            {name: values.dtype for name, values in flat.items()} | kinds,
            counter_name=lambda _branch: "nMuon",
        )
        rows = {name: ak.unflatten(np.array(values), COUNTS) for name, values in jagged.items()}
        tree.extend(flat | rows)


if __name__ == "__main__":
    main()
