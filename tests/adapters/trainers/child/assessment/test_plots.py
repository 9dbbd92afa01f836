"""Pictures of a run."""

import struct

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.assessment import plots
from mlaas4hep.adapters.trainers.child.assessment.histograms import Histogram


@pytest.mark.parametrize(("name", "width"), [("pt", 6.0), ("W" * 60, 9.0)])
def test_long_names_of_branches_make_the_picture_wider(tmp_path, name, width):
    found = {
        "held_out": "test",
        "branches": [{"branch": name, "drop": 0.1, "error": 0.01}],
    }

    plots.draw_checks(tmp_path, {"overtraining": None, "importance": found})

    header = (tmp_path / "importance.png").read_bytes()[:24]
    (columns,) = struct.unpack(">I", header[16:20])
    assert (columns > width * plots.DPI) == (len(name) > 2)


def histogram(name, counts, low=0.0, high=1.0):
    edges = np.linspace(low, high, len(counts) + 1)
    after = np.linspace(0, 1, len(counts) + 1)
    return Histogram(name=name, counts=np.array(counts), before=edges, after=after, by_class={})


def test_a_page_of_histograms_shows_what_it_is_given_last():
    page = plots.HistogramPage()
    page.show([histogram(f"x{number}", [number, 1]) for number in range(4)])
    page.show([histogram("pt", [3, 5, -1], 20, 200)])

    before, *others_before, after, _, _, _ = page.figure.axes
    others = [*others_before, *page.figure.axes[5:]]
    assert (before.get_title(), after.get_title()) == ("pt", "pt, normalised")
    np.testing.assert_allclose(before.get_xlim(), (11, 209))
    np.testing.assert_allclose(after.get_xlim(), (-0.05, 1.05))
    np.testing.assert_allclose(before.get_ylim(), (-1.05, 5.25))
    for axes in (before, after):
        np.testing.assert_array_equal(axes.patches[0].get_data().values, [3, 5, -1])
    assert not any(axes.get_visible() for axes in others)


@pytest.mark.parametrize("name", ["$p_T$ [GeV]", "a$\\unknown$", "$$", "x$_{b$"])
def test_names_with_dollars_are_no_mathematics(tmp_path, name):
    found = {"held_out": name, "branches": [{"branch": name, "drop": 0.1, "error": 0.01}]}
    counts = {"class": name, "train": [1, 2], "held_out": [2, 1], "p_value": 0.5}
    learned = {"held_out": "test", "edges": [0, 0.5, 1], "classes": [counts]}

    plots.draw_checks(tmp_path, {"overtraining": learned, "importance": found})
    plots.draw_histograms(tmp_path / "histograms.pdf", [histogram(name, [1, 0])] * 5)

    assert {path.name for path in tmp_path.iterdir()} == {
        "histograms.pdf",
        "importance.png",
        "overtraining.png",
    }
    assert (tmp_path / "histograms.pdf").read_bytes().count(b"/Type /Page ") == 2
