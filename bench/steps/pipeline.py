"""The steps up to chunks on stores in a folder, as the functions run them."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from bench.steps.inputs import IDENTIFIERS, SELECTED, Inputs
from mlaas4hep import bootstrap
from mlaas4hep.core import wire
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import InputFile, Params, Request
from mlaas4hep.core.runs.events import (
    ChunkPlanned,
    Event,
    FilesOpened,
    RangeMeasured,
    RangePlanned,
    RunSubmitted,
)
from mlaas4hep.core.runs.files import REQUEST
from mlaas4hep.pipeline.reactions import Batch, News
from mlaas4hep.pipeline.records import new_run, store_run
from mlaas4hep.pipeline.specs import measure_range, merge_ranges, open_files
from mlaas4hep.settings import Settings

Given = TypeVar("Given")
Made = TypeVar("Made")
RUN = {"owner": "bench", "run": "bench_1"}


class Pipeline:
    """The steps up to chunks on stores in a folder, one event after the other."""

    def __init__(self, state: Path, urls: list[str], inputs: Inputs, chunk_size: int) -> None:
        self.services = bootstrap.services(
            Settings(store=state.as_uri(), remote_networks="*", plain_http=1, data_s3="env:")
        )
        request = Request(
            owner=RUN["owner"],
            run=RUN["run"],
            folder="bench",
            upload="",
            files=tuple(InputFile(name=url, url=url, tree="events") for url in urls),
            labels=Labels(values=tuple(float(i % 2) for i in range(len(urls)))),
            params=Params(
                chunk_size=chunk_size,
                identifier=IDENTIFIERS,
                selected_branches=SELECTED if inputs.kind == "nano" else (),
            ),
            model_sha256="",
        )
        store_run(new_run(request, 1, 0), {REQUEST: wire.dump(request)}, self.services)
        self.entries = 0

    def specs(self, share: int = 0, shares: int = 1, at_once: int = 1) -> list[ChunkPlanned]:
        """Do the specs function's work and return the planned chunks; some events `at_once`.

        With more than one share, only one part of the ranges is measured and nothing merged.
        """
        opened, *planned = self.tell(
            open_files(RunSubmitted(owner=RUN["owner"], run=RUN["run"]), self.services)
        )
        assert isinstance(opened, FilesOpened)
        self.entries = opened.entries
        measured = list(side_by_side(self._measured, planned[share::shares], at_once))
        if shares > 1:
            return []
        news = self.tell(merge_ranges(measured[-1], self.services))
        return [event for event in news if isinstance(event, ChunkPlanned)]

    def _measured(self, event: Event) -> RangeMeasured:
        assert isinstance(event, RangePlanned)
        (measured,) = self.tell(measure_range(event, self.services))
        assert isinstance(measured, RangeMeasured)
        return measured

    def tell(self, news: Iterable[News]) -> list[Event]:
        """Write what a step told into the run, and return its events one by one."""
        events = [event for each in news for event in (each if isinstance(each, Batch) else [each])]
        self.services.runs.apply(events)
        return events


def side_by_side(
    work: Callable[[Given], Made], events: Iterable[Given], at_once: int
) -> Iterator[Made]:
    """Yield what each event gives in order; as many are worked on at once as functions do."""
    if at_once == 1:
        yield from map(work, events)
        return
    with ThreadPoolExecutor(at_once, "event") as pool:
        yield from pool.map(work, events)
