"""Pictures of a run."""

import struct

import pytest

from mlaas4hep.adapters.trainers.child.assessment import plots


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
