"""Weights of entries: measured with the specs, normalised, and stored with the chunks."""

import json

import numpy as np
import pytest
import uproot

from mlaas4hep.core.data.planning.splitting import Splitting
from mlaas4hep.core.data.weighting import PerFile, Weighting
from mlaas4hep.core.data.weights import of_loss
from mlaas4hep.core.requests.inputs.weighing import weighed
from mlaas4hep.core.requests.labelling import labels_of_expressions, with_loss_columns
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import InputFile, Params
from mlaas4hep.core.runs.events import RunSubmitted
from mlaas4hep.core.runs.run import Status
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.pipeline.inputs import load_inputs
from mlaas4hep.testing import pipeline
from tests import oracle

ENTRIES = 60


@pytest.fixture
def services():
    return pipeline.make_services(range_entries=25)


@pytest.fixture
def files(tmp_path):
    made = []
    for number in range(3):
        random = np.random.default_rng(number)
        path = tmp_path / f"{'ab'[number > 0]}{number}.root"
        weight = random.normal(1, 1, ENTRIES).astype(np.float32)
        oracle.write_tree(
            path,
            "t",
            {
                "x": random.normal(size=ENTRIES).astype(np.float32),
                "w": weight,
                "bad": np.where(np.arange(ENTRIES) == 7, np.nan, weight).astype(np.float32),
            },
        )
        made.append(path)
    return made


def weights_of(services, done):
    chunks = pipeline.chunks_of(services, done, done.chunks.total)
    labels = np.concatenate([chunk.y for chunk in chunks])
    return labels, np.concatenate([chunk.weights for chunk in chunks])


def _read(path, name):
    with uproot.open(path) as file:
        return file["t"][name].array(library="np")


LABELS = Labels(values=(1.0, 0.0, 0.0))
CUT = json.dumps({"flat_cut": {"x": {"cut": "x > 0", "remove": "False"}}})


def test_weights_ride_along_and_are_no_feature(services, files):
    done = pipeline.run(
        services, files, labels=LABELS, preproc=CUT, chunk_size=20,
        weighting=Weighting(expression="2 * w"), exclude_branches=("bad",),
    )  # fmt: skip

    labels, weights = weights_of(services, done)
    expected = [2 * _read(path, "w")[_read(path, "x") > 0] for path in files]
    assert done.columns == 1
    assert weights.sum() == pytest.approx(np.concatenate(expected).sum(), rel=1e-5)
    np.testing.assert_allclose(weights[labels == 1], expected[0], rtol=1e-6)


@pytest.mark.parametrize(("negative", "is_told"), [("keep", True), ("abs", False), ("drop", False)])
def test_a_class_that_counts_for_less_than_nothing_is_told(services, files, negative, is_told):
    done = pipeline.run(
        services, files, labels=LABELS, exclude_branches=("bad",),
        weighting=Weighting(expression="w - 2.5", negative=negative),
    )  # fmt: skip

    told = [each for each in done.warnings if "sum up to -" in each]
    assert [each.partition(" sum")[0] for each in told] == (
        ["the weights of class 0", "the weights of class 1"] if is_told else []
    )


def test_without_weights_chunks_keep_their_keys_and_bytes(services, files):
    pipeline.run(services, files, labels=LABELS, exclude_branches=("w", "bad"))
    before = {one.key: services.chunks.get(one.key) for one in services.chunks.list("")}

    pipeline.run(
        services, files, labels=LABELS, exclude_branches=("w", "bad"), number=2,
        weighting=Weighting(balance="classes"),
    )  # fmt: skip

    assert {one.key: services.chunks.get(one.key) for one in services.chunks.list("")} == before


def test_before_cuts_each_sample_sums_up_to_cross_section_times_luminosity(services, files):
    xsec = (("a0*", 3.0), ("b*", 50.0))
    weighting = Weighting(
        expression="w",
        xsec=PerFile(by_name=xsec),
        norm="xsec",
        luminosity=10.0,
    )
    named, params = weighed(
        [
            InputFile(name=path.name, url=str(path), tree="t", line=i)
            for i, path in enumerate(files)
        ],
        Params(weighting=weighting, exclude_branches=("bad",), chunk_size=20),
    )
    done = pipeline.run(
        services, files, labels=LABELS, preproc=CUT, inputs=named,
        **{name: getattr(params, name) for name in ("weighting", "exclude_branches", "chunk_size")},
    )  # fmt: skip

    labels, weights = weights_of(services, done)
    w, kept = [_read(path, "w") for path in files], [_read(path, "x") > 0 for path in files]
    scale = 50.0 * 10 / (w[1].sum() + w[2].sum())
    assert weights[labels == 1].sum() == pytest.approx(30 * w[0][kept[0]].sum() / w[0].sum(), 1e-5)
    passing = w[1][kept[1]].sum() + w[2][kept[2]].sum()
    assert weights[labels == 0].sum() == pytest.approx(scale * passing, 1e-5)
    event = RunSubmitted(owner="o", run=done.name)
    told = load_inputs(event, services).training_weights(pipeline.specs_of(services, done))
    assert told.scale * weights.sum() == pytest.approx(len(weights), 1e-5)


@pytest.mark.parametrize("negative", ["abs", "drop"])
def test_normalised_weights_are_one_on_average_in_the_loss_of_those_that_count(
    services, files, negative
):
    done = pipeline.run(
        services, files, labels=LABELS, exclude_branches=("bad",),
        inputs=[InputFile(name=path.name, url=str(path), tree="t", line=i, xsec=2.0 + i, sample=str(i))
                for i, path in enumerate(files)],
        weighting=Weighting(expression="w - 1", norm="xsec", negative=negative),
    )  # fmt: skip

    specs = pipeline.specs_of(services, done)
    told = load_inputs(RunSubmitted(owner="o", run=done.name), services).training_weights(specs)
    labels, stored = weights_of(services, done)
    counts = stored > 0 if negative == "drop" else stored != 0
    assert 0.02 < (stored < 0).mean() < 0.98
    assert of_loss(told, stored, labels, learns=True)[counts].mean() == pytest.approx(1, rel=1e-5)


def test_balanced_classes_have_the_same_sum(services, files):
    done = pipeline.run(
        services, files, labels=LABELS, exclude_branches=("bad",),
        weighting=Weighting(expression="w", balance="classes", negative="abs"),
    )  # fmt: skip

    event = RunSubmitted(owner="o", run=done.name)
    told = load_inputs(event, services).training_weights(pipeline.specs_of(services, done))
    labels, stored = weights_of(services, done)
    weights = of_loss(told, stored, labels, learns=True)
    assert weights[labels == 0].sum() == pytest.approx(weights[labels == 1].sum(), rel=1e-5)
    assert weights.sum() == pytest.approx(np.abs(stored).sum(), rel=1e-5)


@pytest.mark.parametrize(
    ("class_weight", "measures", "learned"),
    [
        ((("0", 1.0), ("1.0", 20.0)), False, ((0.0, 1.0), (1.0, 20.0))),
        ("balanced", True, ((0.0, 0.75), (1.0, 1.5))),
    ],
)
def test_class_weight_counts_in_what_is_learned_from(
    services, files, class_weight, measures, learned
):
    done = pipeline.run(
        services, files, labels=LABELS, exclude_branches=("w", "bad"),
        weighting=Weighting(class_weight=class_weight),
    )  # fmt: skip

    event, specs = RunSubmitted(owner="o", run=done.name), pipeline.specs_of(services, done)
    told = load_inputs(event, services).training_weights(specs)
    assert bool(specs.weights) == measures
    assert np.array(told.learned) == pytest.approx(np.array(learned))
    assert of_loss(told, None, np.array([0.0, 1.0]), learns=False).tolist() == [1.0, 1.0]


def test_label_columns_lie_beside_each_other_and_what_the_loss_sees_behind_them(services, files):
    outputs = (("flavour", ("x > 0",)), ("size", ("2 * x", "w")))
    labels = with_loss_columns(labels_of_expressions(outputs), ("bad > 0",))

    done = pipeline.run(services, files, labels=labels, inputs=_with_other(files), chunk_size=20)

    chunks = pipeline.chunks_of(services, done, done.chunks.total)
    found = np.concatenate([chunk.y for chunk in chunks])
    x, w, bad = (
        np.concatenate([_read(path, name) for path in files]) for name in ("x", "w", "bad")
    )
    expected = np.stack((x > 0, 2 * x, w, bad > 0), axis=1).astype(np.float32)
    assert labels.columns.names == ("flavour", "2 * x", "w")
    assert done.columns == 1  # other alone is a feature
    np.testing.assert_array_equal(found[np.lexsort(found.T)], expected[np.lexsort(expected.T)])


def _with_other(files):
    """Add the branch `other`, which is no label."""
    for path in files:
        old = {name: _read(path, name) for name in ("x", "w", "bad")}
        oracle.write_tree(path, "t", {**old, "other": np.arange(ENTRIES, dtype=np.float32)})
    return [InputFile(name=path.name, url=str(path), tree="t") for path in files]


@pytest.mark.parametrize(
    ("weighting", "says"),
    [
        (Weighting(expression="bad"), "'bad' is NaN or infinite in 1 entries"),
        (Weighting(expression="w * 0"), "is 0 in every entry"),
        (Weighting(expression="abs(w) * 1e39"), "e+39 on average: numbers of single precision"),
        (Weighting(expression="abs(w) * 1e-40"), "e-40 on average: numbers of single precision"),
        (Weighting(expression="wgt"), "'wgt' is no branch"),
        (Weighting(expression="0 * w - 1", balance="classes"), "class 0 sum up to -120"),
    ],
)
def test_weights_that_cannot_be_used_are_refused(services, files, weighting, says):
    done = pipeline.run(services, files, labels=LABELS, weighting=weighting)

    assert done.status is Status.FAILED
    assert says in done.problem.message
    assert done.problem.hint


@pytest.mark.parametrize("numbers", [(1.0,), (1.0, 2.0, 3.0, 4.0)])
def test_there_is_one_number_for_each_line(files, numbers):
    listed = [InputFile(name=str(i), url="u", tree="t", line=i) for i in range(3)]

    with pytest.raises(InvalidRequestError, match="has 3 lines"):
        weighed(listed, Params(weighting=Weighting(numbers=PerFile(by_line=numbers))))


def test_an_expression_says_who_validates_and_chunks_carry_it(services, files):
    done = pipeline.run(
        services, files, labels=LABELS, exclude_branches=("w", "bad"), chunk_size=20,
        splitting=Splitting(validation="w > 1"),
    )  # fmt: skip

    chunks = pipeline.chunks_of(services, done, done.chunks.total)
    labels = np.concatenate([chunk.y for chunk in chunks])
    told = np.concatenate([chunk.parts for chunk in chunks])
    assert told[labels == 1].tolist() == (_read(files[0], "w") > 1).astype(int).tolist()
    assert done.columns == 1
