"""What a dry run tells over HTTP of a run that has not begun, and what it refuses."""

from importlib.util import find_spec

import numpy as np
import pytest

from mlaas4hep.errors import MlaasError
from tests.acceptance.right_or_refused.oddmodels import MISFIT, NET
from tests.acceptance.right_or_refused.samples import (
    COMMON,
    FEW,
    RARE,
    SPOILT,
    packed,
    root_file,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(
        find_spec("tensorflow") is None, reason="the extra `train` is not installed"
    ),
]


def test_what_a_run_learns_is_told_by_the_dry_run(alice):
    told = {"genWeight": np.ones(1200), "MC_x": np.arange(1200.0), "lost": np.zeros(1200)}
    ids = {"run": np.arange(1200), "eventNumber": np.arange(1200)}
    is_signal = np.repeat([1.0, 0.0], 600)
    x = np.concatenate(list(FEW.values()))
    more = told | ids | {"answer": is_signal + 0.1, "s": is_signal}
    tarball = packed(
        {"a.root": root_file(x, **more)}, labels="s\n", exclude_branches="lost", training="chunked"
    )
    alice.upload(tarball, name="dry")

    dry = alice.dry_run("dry")

    left_out = {one.branch: one.reason for one in dry.left_out}
    warned = "\n".join(dry.warnings)
    assert {"x0", "x1", "x2", "genWeight", "answer"} <= set(dry.features)
    assert "exclude_branches" in left_out["lost"]
    assert {"run", "s"} <= left_out.keys()
    assert "look like identifiers: eventNumber" in warned
    assert "look like weights: genWeight" in warned
    assert "look like the truth of the simulation: MC_x" in warned
    assert "answer (1.000)" in warned


def test_sentinels_and_outliers_are_named_by_the_dry_run(alice):
    alice.upload(packed(SPOILT), name="spoilt")

    warned = "\n".join(alice.dry_run("spoilt").warnings)

    assert "which may mean missing: x0 (-999" in warned
    assert "x1" in warned


def test_chunks_that_forget_a_rare_class_are_told_by_the_dry_run(alice):
    alice.upload(packed({"s.root": RARE, "b.root": COMMON}, training="chunked"), name="forgets")

    warned = "\n".join(alice.dry_run("forgets").warnings)

    assert "a chunk holds 1 entries of class 1 on the average" in warned
    assert "is forgotten by the next ones" in warned


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({"model": MISFIT}, "cannot be called as Keras's is"),
        ({"labels": "1\n-1\n"}, "label -1 does not fit loss 'binary_crossentropy'"),
        ({"labels": "a\nb\n", "positive": "c"}, "positive is 'c', which is no label"),
        ({"labels": "1\n2\n"}, "label 2 does not fit loss 'binary_crossentropy'"),
        ({"labels": "1\n1\n", "training": "chunked"}, "all entries have label 1"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_read(alice, request_, says):
    alice.upload(packed(FEW, **request_), name="wrong")

    with pytest.raises(MlaasError) as caught:
        alice.dry_run("wrong")

    assert says in caught.value.problem.message
    assert caught.value.problem.hint


@pytest.mark.parametrize(
    ("label", "params", "says"),
    [
        ("five", {}, "label 3 does not fit loss 'sparse_categorical_crossentropy'"),
        ("one", {"training": "chunked"}, "all entries have label 1: there is nothing to tell"),
    ],
)
def test_labels_of_a_branch_that_outputs_are_not_for_are_refused_by_the_dry_run(
    alice, label, params, says
):
    x = np.concatenate([*FEW.values()])
    branches = {"five": np.arange(1200) % 6, "one": np.ones(1200)}
    softmax = NET.replace('1, activation="sigmoid"', '3, activation="softmax"')
    model = softmax.replace("binary_cross", "sparse_categorical_cross")
    file = {"a.root": root_file(x, **branches)}
    alice.upload(packed(file, model=model, labels=f"{label}\n", **params), name="outputs")

    with pytest.raises(MlaasError, match=says) as caught:
        alice.dry_run("outputs")

    assert caught.value.problem.hint
