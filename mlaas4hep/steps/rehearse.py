"""A dry run: what a submission would do, found out without reading more than a sample."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from mlaas4hep.core import branches
from mlaas4hep.core.columns import Columns
from mlaas4hep.core.outlook import CutCount, FileOutlook, Outlook
from mlaas4hep.core.plan import ChunkPlan
from mlaas4hep.core.preproc import Preproc
from mlaas4hep.core.request import InputFile, Request
from mlaas4hep.core.tree import TreeInfo
from mlaas4hep.errors import MlaasError
from mlaas4hep.ports import Services

SAMPLE = 2000  #: entries of each file that cuts are tried on
MAX_SAMPLED = 10  #: files
_FLOAT_BYTES = 4


def rehearse(request: Request, services: Services) -> Outlook:
    """Return what a run of `request` would do.

    Raises:
        InvalidRequestError: it would fail; names file and branch.
        ServiceUnavailableError: a file's server does not answer.
    """
    preproc = Preproc.parse(request.preproc)
    trees = {file.name: _describe(file, services) for file in request.files}
    chosen = branches.choose(trees, request.params, preproc, request.labels)
    tried = [
        _try(file, trees[file.name], preproc, _sample(file, trees, chosen.reads, services))
        for file in request.files[:MAX_SAMPLED]
    ]
    files = [outlook for outlook, _ in tried]
    widths = _longest(longest for _, longest in tried)
    plan = _plan(request, trees, files)
    columns = sum(widths.get(name, 1) for name in chosen.features)
    largest = max((plan.size(index) for index in range(min(plan.chunks, 1000))), default=0)
    return Outlook(
        files=tuple(files),
        entries=sum(tree.entries for tree in trees.values()),
        selected_entries=plan.entries,
        features=chosen.features,
        identifiers=chosen.identifiers,
        label=chosen.label,
        columns=columns,
        chunks=plan.chunks,
        largest_chunk_entries=largest,
        chunk_bytes=largest * columns * _FLOAT_BYTES,
        warnings=chosen.warnings,
    )


def _describe(file: InputFile, services: Services) -> TreeInfo:
    try:
        return services.source.describe(file.url, file.tree)
    except MlaasError as error:
        raise error.located(stage="specs", file=file.name) from error.__cause__


def _sample(
    file: InputFile, trees: Mapping[str, TreeInfo], reads: tuple[str, ...], services: Services
) -> Iterator[Columns]:
    stop = min(SAMPLE, trees[file.name].entries)
    return services.source.read(file.url, file.tree, reads, 0, stop)


def _try(
    file: InputFile, tree: TreeInfo, preproc: Preproc, sample: Iterable[Columns]
) -> tuple[FileOutlook, dict[str, int]]:
    """Return what a sample of a file shows, and the longest row of each jagged branch."""
    sampled = passed = 0
    flow: Counter[str] = Counter()
    longest: dict[str, int] = {}
    for block in sample:
        sampled += block.entries
        flow.update(dict(preproc.cut_flow(block)))
        kept = preproc.apply(block)
        passed += kept.entries
        rows = {name: int(rows.counts.max(initial=0)) for name, rows in kept.jagged.items()}
        longest = _longest([longest, rows])
    outlook = FileOutlook(
        file=file.name,
        tree=file.tree,
        entries=tree.entries,
        sampled=sampled,
        passed=passed,
        cut_flow=tuple(CutCount(cut=cut, passed=left) for cut, left in flow.items()),
    )
    return outlook, longest


def _longest(found: Iterable[Mapping[str, int]]) -> dict[str, int]:
    widths: dict[str, int] = {}
    for rows in found:
        for name, width in rows.items():
            widths[name] = max(widths.get(name, 0), width)
    return widths


def _plan(request: Request, trees: Mapping[str, TreeInfo], files: list[FileOutlook]) -> ChunkPlan:
    """Return the chunks there would be if all entries pass as those of the sample do."""
    sampled, passed = sum(file.sampled for file in files), sum(file.passed for file in files)
    share = passed / sampled if sampled else 1.0
    nevts = request.params.nevts
    limits = (tree.entries if nevts < 0 else min(nevts, tree.entries) for tree in trees.values())
    counts = [round(entries * share) for entries in limits]
    return ChunkPlan.of(counts, nevts, request.params.chunk_size)
