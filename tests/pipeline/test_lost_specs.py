"""What specs has stored and lost in mid-run is made again, or refused."""

from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.recentvalues import RecentValues
from mlaas4hep.core import sealed, wire
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.runs.events import RangeMeasured, RangePlanned
from mlaas4hep.core.selection.openedfiles import OpenedFiles
from mlaas4hep.errors import OverdueError, PermanentError, StoppingError
from mlaas4hep.pipeline.specs import measure_range, merge_ranges
from mlaas4hep.testing import pipeline
from tests import oracle
from tests.pipeline.rootfiles import two_files


@pytest.mark.parametrize("harm", ["damaged", "swapped", "gone"])
def test_a_measurement_that_is_lost_in_mid_run_is_made_again(tmp_path, services, harm):
    files = two_files(tmp_path)
    whole = pipeline.specs_of(services, pipeline.run(services, files))
    pipeline.submit(services, files, number=2)
    only = (pipeline.RunSubmitted, RangePlanned)
    pipeline.drain(services, {kind: pipeline.REACTIONS[kind] for kind in only})
    first, second = (info.key for info in services.specs.list("o/ranges/"))
    if harm == "gone":
        services.specs.delete(first)
    elif harm == "swapped":
        services.specs.put(first, services.specs.get(second))
    else:
        services.specs.put(first, services.specs.get(first)[:-40])
    event = RangeMeasured(owner="o", run="r_2", index=0, key=first, entries=1, passed=1)

    *_, ready = merge_ranges(event, services)

    assert wire.load(Specs, services.specs.get(ready.key)) == whole


@pytest.mark.parametrize(("left_s", "error"), [(0.0, OverdueError), (1.0, StoppingError)])
def test_ranges_are_not_merged_when_nobody_is_to_wait_any_longer(tmp_path, services, left_s, error):
    pipeline.submit(services, two_files(tmp_path))
    only = (pipeline.RunSubmitted, RangePlanned)
    pipeline.drain(services, {kind: pipeline.REACTIONS[kind] for kind in only})
    first, *_ = (info.key for info in services.specs.list("o/ranges/"))
    event = RangeMeasured(owner="o", run="r_1", index=0, key=first, entries=1, passed=1)
    stopping = services.stopping.within(left_s, lambda: 0.0)
    if left_s:
        stopping.ask()

    with pytest.raises(error):
        merge_ranges(event, replace(services, stopping=stopping))


@pytest.mark.parametrize("harm", ["flipped", "cut", "gone"])
def test_what_opening_the_files_found_is_found_again_when_it_is_lost(tmp_path, services, harm):
    files = two_files(tmp_path)
    whole = pipeline.specs_of(services, pipeline.run(services, files))
    pipeline.submit(services, files, number=2)
    pipeline.drain(services, {pipeline.RunSubmitted: pipeline.REACTIONS[pipeline.RunSubmitted]})
    where = "o/r_2/opened-1.json"
    good = services.runs_files.get(where)
    event = RangePlanned(owner="o", run="r_2", **planned_first(services))
    if harm == "gone":
        services.runs_files.delete(where)
    else:
        bad = good[:-9] if harm == "cut" else good.replace(b'"entries":', b'"entries":1', 1)
        services.runs_files.put(where, bad)

    (measured,) = measure_range(event, services)

    assert services.runs_files.get(where) == good
    assert (measured.index, measured.entries > 0, whole.entries > 0) == (0, True, True)


def test_files_that_changed_after_what_was_found_in_them_is_lost_are_refused(tmp_path, services):
    files = two_files(tmp_path)
    pipeline.submit(services, files)
    pipeline.drain(services, {pipeline.RunSubmitted: pipeline.REACTIONS[pipeline.RunSubmitted]})
    event = RangePlanned(owner="o", run="r_1", **planned_first(services, "r_1"))
    services.runs_files.delete("o/r_1/opened-1.json")
    changed = {"x": np.arange(3, dtype=np.float32), "k": np.arange(3, dtype=np.int16)}
    oracle.write_tree(files[0], "t", changed | {"event": np.arange(3)})

    with pytest.raises(PermanentError, match="lost"):
        measure_range(event, services)


def planned_first(services, run="r_2"):
    """Return the first range of a run, as its event says it."""
    key = f"o/{run}/opened-1.json"
    opened = sealed.load(OpenedFiles, services.runs_files.get(key), key)
    part = opened.ranges[0]
    return {"index": 0, "file": part.file, "start": part.start, "stop": part.stop}


def test_a_survey_in_the_place_of_another_files_is_made_again(tmp_path, services):
    files = two_files(tmp_path)
    undisturbed = pipeline.make_services()
    whole = pipeline.run(undisturbed, files)
    pipeline.submit(services, files)
    only = (pipeline.RunSubmitted, RangePlanned)
    pipeline.drain(services, {kind: pipeline.REACTIONS[kind] for kind in only})
    store = services.runs_files
    first, second = (info.key for info in store.list("o/r_1/surveys/"))
    good = store.get(first), store.get(second)
    store.put(first, good[1])
    store.put(second, good[0])
    measured = RangeMeasured(owner="o", run="r_1", index=0, key="", entries=1, passed=1)
    services.bus.publish([measured], again="once more")

    pipeline.drain(replace(services, recent=RecentValues()), pipeline.REACTIONS)

    assert (store.get(first), store.get(second)) == good
    assert services.runs.get("o", "r_1").chunks.done == whole.chunks.done
    for info in undisturbed.chunks.list(""):
        assert services.chunks.get(info.key) == undisturbed.chunks.get(info.key)
