"""A label that only the last entries of a sample have: refused with its file and entry, over HTTP."""

import numpy as np
import pytest

from mlaas4hep.core.runs.run import Status
from tests.acceptance.right_or_refused.samples import IS_SIGNAL, SORTED, packed, root_file

pytestmark = pytest.mark.filterwarnings("ignore")
ENTRY = len(IS_SIGNAL) - 10  #: of the second file
SAYS = {
    7.0: ("train", "label 7 does not fit loss 'binary_crossentropy'"),
    np.nan: ("chunk-preprocess", "the label 's' is not a number in every entry: it is nan"),
}


@pytest.fixture(scope="module")
def reports(alice):
    """Return the report of a run for each late label; both are under way at the same time."""
    names = {}
    for label in SAYS:
        late = np.where(np.arange(len(IS_SIGNAL)) == ENTRY, label, IS_SIGNAL)
        files = {"a.root": root_file(SORTED, s=IS_SIGNAL), "b.root": root_file(SORTED, s=late)}
        folder = f"late-{label:g}"
        sent = packed(files, labels="s\n", training="chunked", chunk_size=5000, epochs=2)
        alice.upload(sent, name=folder)
        names[label] = alice.submit(folder).name
    return {label: alice.wait(name) for label, name in names.items()}


@pytest.mark.parametrize("label", SAYS)
def test_it_is_refused_with_file_entry_and_branch_before_anything_is_learned(reports, label):
    report, (stage, says) = reports[label], SAYS[label]

    problem = report.problem
    assert report.status is Status.FAILED
    assert says in problem.message
    assert f"entry {ENTRY}" in problem.message
    assert (problem.stage, problem.file, problem.branch) == (stage, "b.root", "s")
    assert problem.hint
    assert report.stages[-1].done == 0  # rounds
