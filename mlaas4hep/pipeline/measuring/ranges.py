"""The specs of ranges: those that lie in the store, and those that must be measured."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.data.values.treatments import treated
from mlaas4hep.core.runs.events import Event
from mlaas4hep.core.selection.ranges import MeasuredRange, measure_blocks
from mlaas4hep.core.selection.values import Weigher
from mlaas4hep.errors import DamagedError, NotFoundError
from mlaas4hep.pipeline.attention import AttentiveSource
from mlaas4hep.pipeline.inputs import Inputs
from mlaas4hep.pipeline.opentrees import AT_ONCE, errors_about
from mlaas4hep.pipeline.surveys import load_survey
from mlaas4hep.ports import Services

log = logging.getLogger(__name__)


def stored_range(key: str, services: Services) -> MeasuredRange | None:
    """Return what is stored under `key`, or None if it is not there or is damaged."""
    try:
        return sealed.load(MeasuredRange, services.specs.get(key), key)
    except NotFoundError:
        return None
    except DamagedError as error:
        log.warning("%s is damaged: %s", key, error)
        return None


def measured_range(event: Event, index: int, inputs: Inputs, services: Services) -> MeasuredRange:
    """Read and measure range `index` of the event's run.

    Raises:
        MlaasError: the file cannot be read, or is another one now.
    """
    branches, preproc = inputs.opened.branches, inputs.preproc
    part, request = inputs.opened.ranges[index], inputs.request
    weigher = None
    if request.params.weighting.is_measured:
        weigher = Weigher(request=request, file=part.file)
    needed = measured_names(inputs)
    file = inputs.opened.files[part.file]
    survey = load_survey(event, file, branches.reads, services)
    with errors_about(file):
        source = AttentiveSource(event, services)
        blocks = source.read(survey, file.has(needed), part.start, part.stop)
        return measure_blocks(
            (file.filled(block, needed) for block in blocks),
            preproc,
            branches.features,
            part.start,
            entries=part.stop - part.start,
            rules=request.params.rules,
            keep=branches.about_entries if weigher else (),
            weigher=weigher,
        )


def measured_names(inputs: Inputs) -> frozenset[str]:
    """Return the branches that are read to measure a range."""
    branches = inputs.opened.branches
    names = inputs.preproc.reads | set(branches.features)
    if inputs.request.params.weighting.is_measured:
        names |= branches.about_entries
    return names & set(branches.reads)


def all_ranges(event: Event, inputs: Inputs, services: Services) -> list[MeasuredRange]:
    """Return all ranges of the event's run in order; one that was lost is measured again.

    Raises:
        MlaasError: it was lost, and its file cannot be read.
        OverdueError: the step's time is over; what was measured again lies in the store.
    """

    def fetch(index: int) -> MeasuredRange:
        services.stopping.check()
        content = inputs.opened.range_content(inputs.request, index)
        key = keys.range_specs(event.owner, content)
        found = stored_range(key, services)
        if found is None:
            log.warning("%s is not there any more; measuring it again", key)
            found = measured_range(event, index, inputs, services)
            services.specs.put(key, sealed.dump(found, key))
        return found

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="merge") as pool:
        return list(pool.map(fetch, range(len(inputs.opened.ranges))))


def load_specs(event: Event, key: str, inputs: Inputs, services: Services) -> Specs:
    """Return the merged specs of the event's run; if they are damaged or gone, merged again.

    Raises:
        MlaasError: a range was lost, too, and its file cannot be read.
    """
    try:
        return services.recent.parsed(services.specs.get(key), sealed.Reader(Specs, key))
    except (DamagedError, NotFoundError) as error:
        log.warning("%s is merged again: %s", key, error)
    specs = services.recent.find(("merged again", key))
    if specs is None:
        specs = merge(inputs, all_ranges(event, inputs, services))
        services.recent.keep(("merged again", key), specs, len(sealed.dump(specs)))
    return cast(Specs, specs)


def merge(inputs: Inputs, parts: Sequence[MeasuredRange]) -> Specs:
    """Return the specs of all ranges together, with the treatment that the request asks for."""
    return treated(inputs.opened.merged(parts), inputs.request.params.rules)
