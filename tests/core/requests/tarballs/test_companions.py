"""What goes with model.py: small files that are no inputs."""

import pytest

from mlaas4hep.core.requests.inputs.suffixes import SUFFIXES
from mlaas4hep.core.requests.tarballs import companions

SIZES = [(f"data{suffix}", 10) for suffixes in SUFFIXES.values() for suffix in suffixes]


def _chosen(*paths, listed=""):
    return companions.chosen([(path, 10) for path in paths], listed)


def test_only_data_of_formats_that_models_read_too_may_go_along_unnamed():
    kept = set(companions.chosen(SIZES, ""))

    assert {"data.npy", "data.npz", "data.h5", "data.json"} <= kept
    assert kept.isdisjoint({"data.root", "data.pq", "data.ipc", "data.arrows", "data.csv.gz"})


@pytest.mark.parametrize(
    "listed",
    [
        "\n".join(path for path, _ in SIZES),
        "./data.*",
        "\n".join(f"{path}:tree | root://host//{path}" for path, _ in SIZES),
        '[{"file": "*"}]',
    ],
)
def test_what_the_list_of_files_names_stays_out(listed):
    assert companions.chosen([*SIZES, (".hidden", 1)], listed) == (".hidden",)


def test_weights_beside_listed_data_of_the_same_format_go_along():
    assert _chosen("a.h5", "weights.h5", listed="a.h5:jets") == ("weights.h5",)


def test_a_list_that_others_refuse_keeps_nothing_back():
    assert _chosen("layers.py", listed='{"files": 1}') == ("layers.py",)


@pytest.mark.parametrize(
    "listed", ["**/" * 2000 + "*.py", "\n".join(f"**/{number}*.py" for number in range(200))]
)
def test_a_list_that_takes_minutes_to_compare_is_not_compared(listed):
    paths = {f"a/b/{number}.py" for number in range(10_000)}

    assert set(_chosen(*paths, listed=listed)) == paths
