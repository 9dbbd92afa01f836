"""Which graphs are shown to be bounded."""

import pytest
from ai_edge_litert.interpreter import Interpreter

from mlaas4hep.adapters.runtimes.litert.bounded import (
    MAX_FILE_BYTES,
    Size,
    UnprovenError,
    _pairwise,
    bounds,
)


@pytest.fixture
def interpreter(serving_models, case_models):
    def load(kind):
        folder = next(each for each in (serving_models, case_models) if (each / kind).is_dir())
        return Interpreter(model_content=(folder / kind / "model.tflite").read_bytes())

    return load


@pytest.mark.parametrize("kind", ["net", "classes", "image", "int8"])
def test_networks_of_dense_layers_are_bounded(interpreter, kind):
    found = bounds(interpreter(kind), 10_000)

    assert found is not None
    assert 0 < found.cost < 20_000


@pytest.mark.parametrize("kind", ["loop", "bomb"])
def test_loops_and_sizes_that_depend_on_values_are_not(interpreter, kind):
    assert bounds(interpreter(kind), 10_000) is None


def test_large_files_are_not(interpreter):
    assert bounds(interpreter("net"), MAX_FILE_BYTES + 1) is None


def test_constants_that_are_not_in_the_file_are_not(interpreter):
    assert bounds(interpreter("net"), 3) is None


ROW = Size(elements=4, shape=(4,))


@pytest.mark.parametrize(
    ("other", "elements"),
    [
        (ROW, 4),
        (Size(elements=1, shape=(), is_fixed=True), 4),
        (Size(elements=4, shape=(1, 4), is_fixed=True), 4),
        (Size(elements=12, shape=(3, 1, 4), is_fixed=True), 48),  # grows by the constant
        (Size(elements=7, is_fixed=True), 28),
    ],
)
def test_broadcasting_is_followed(other, elements):
    assert _pairwise([ROW, other])[0].elements == elements
    assert _pairwise([other, ROW])[0].elements == elements


@pytest.mark.parametrize("other", [Size(elements=4), Size(elements=1, shape=(1,))])
def test_rows_against_rows_of_another_shape_are_not_shown(other):
    """They could grow as the square of the number of rows."""
    with pytest.raises(UnprovenError):
        _pairwise([ROW, other])
