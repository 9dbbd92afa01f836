"""What a dry run warns of, the report of the run says too, over HTTP."""

import numpy as np
import pytest

from mlaas4hep.core.runs.run import Status
from tests.acceptance.right_or_refused.oddmodels import NET
from tests.acceptance.right_or_refused.samples import IS_SIGNAL, SORTED, packed, root_file

pytestmark = pytest.mark.filterwarnings("ignore")
TO_SEVEN = {"y": 7 * np.random.default_rng(5).random(len(IS_SIGNAL))}
SPARSE = {"y": np.arange(len(IS_SIGNAL)) % 3 * 2.0}
SIX = NET.replace('1, activation="sigmoid"', '6, activation="softmax"').replace(
    "binary_cross", "sparse_categorical_cross"
)
#: branches, model.py, and what is said
CASES = {
    "reach": (TO_SEVEN, NET.replace("binary_crossentropy", "mse"), "'sigmoid', which never gives"),
    "gaps": (SPARSE, SIX, "6 outputs, one for each class, and no"),
}


@pytest.fixture(scope="module")
def warned(alice):
    """Return what dry run and report say of each case; the runs are under way at the same time."""
    dry, names = {}, {}
    for name, (branches, model, _) in CASES.items():
        file = {"a.root": root_file(SORTED, **branches)}
        alice.upload(packed(file, labels="y\n", model=model, epochs=2), name=name)
        dry[name] = alice.dry_run(name).warnings
        names[name] = alice.submit(name).name
    reports = {name: alice.wait(run) for name, run in names.items()}
    assert {each.status for each in reports.values()} == {Status.DONE}
    return {name: (dry[name], report.warnings) for name, report in reports.items()}


@pytest.mark.parametrize("case", CASES)
def test_dry_run_and_report_warn_alike(warned, case):
    for told in warned[case]:
        assert [CASES[case][2] in text for text in told].count(True) == 1, told
