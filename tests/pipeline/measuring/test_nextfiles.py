"""Files that are measured next are expected, where one process measures all ranges in order."""

import functools
import threading

import numpy as np
import pytest

from mlaas4hep.core.runs.events import RangePlanned, RunSubmitted
from mlaas4hep.pipeline.inputs import load_inputs
from mlaas4hep.pipeline.measuring.nextfiles import RANGES
from mlaas4hep.pipeline.sourcearound import SourceAround
from mlaas4hep.pipeline.specs import measure_range, open_files
from mlaas4hep.testing import pipeline
from tests import oracle
from tests.dataservers import RangeHandler, web_server

FILES = RANGES + 3
WAIT_S = 60


class _Expecting(SourceAround):
    """Notes what is expected; whoever reads waits until so many ranges are."""

    def __init__(self, source):
        super().__init__(source)
        self.expected = []
        self.waits_for = 0
        self._changed = threading.Condition()

    def expect(self, survey, branches, start, stop):
        with self._changed:
            self.expected.append((survey.url[-6:], sorted(branches), start, stop))
            self._changed.notify_all()
        super().expect(survey, branches, start, stop)

    def read(self, survey, branches, start, stop):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.expected) >= self.waits_for, WAIT_S)
        return super().read(survey, branches, start, stop)


@pytest.fixture
def far(tmp_path):
    rng = np.random.default_rng(1)
    for number in range(FILES):
        oracle.write_tree(tmp_path / f"{number}.root", "t", {"x": rng.normal(size=20)}, basket=10)
    with web_server(functools.partial(RangeHandler, directory=str(tmp_path))) as prefix:
        yield [f"{prefix}/{number}.root" for number in range(FILES)]


def _opened(files):
    """Return services, and the ranges of a run whose files are open."""
    services = pipeline.make_services()
    services = pipeline.with_source(services, _Expecting(services.source))
    request = pipeline.submit(services, files)
    submitted = RunSubmitted(owner="o", run=request.run)
    open_files(submitted, services)
    return services, [
        RangePlanned(owner="o", run=request.run, index=i, file=r.file, start=r.start, stop=r.stop)
        for i, r in enumerate(load_inputs(submitted, services).opened.ranges)
    ]


def _measured(services, events, waits_for=0):
    services.source.waits_for = waits_for
    for event in events:
        measure_range(event, services)
    return [url for url, *_ in services.source.expected]


def test_the_next_files_are_expected_while_one_is_measured_and_each_once(far):
    services, ranges = _opened(far)

    first = _measured(services, ranges[:1], RANGES)
    assert first == [f"{number}.root" for number in range(1, RANGES + 1)]
    assert services.source.expected[0] == ("1.root", ["x"], 0, 20)
    assert _measured(services, ranges[1:2], RANGES + 1)[RANGES:] == [f"{RANGES + 1}.root"]


def test_who_measures_only_some_ranges_expects_none(far):
    """Others measure those between, and would ask for the same bytes."""
    services, ranges = _opened(far)

    assert _measured(services, ranges[1::2]) == []


def test_files_that_are_here_are_not_expected(tmp_path):
    files = [
        oracle.write_tree(tmp_path / f"{n}.root", "t", {"x": np.arange(9.0)}, basket=9)
        for n in range(3)
    ]
    services, ranges = _opened(files)

    assert _measured(services, ranges) == []
