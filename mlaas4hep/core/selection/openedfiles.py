"""What opening the files of a run found; every later step works from this record."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from mlaas4hep.core import keys, wire
from mlaas4hep.core.data.chunk import MAGIC
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.matrix import Layout
from mlaas4hep.core.data.planning.mixing import MixedPlan
from mlaas4hep.core.data.planning.plan import ChunkPlan, EntryRange, Plan, Recipe, used_of_files
from mlaas4hep.core.data.specs.sentinels import with_odd
from mlaas4hep.core.data.specs.specs import Specs, merged
from mlaas4hep.core.data.tree import BranchInfo, TreeInfo
from mlaas4hep.core.data.values.rules import Rules
from mlaas4hep.core.requests.request import InputFile, Request
from mlaas4hep.core.selection.branches import Branches
from mlaas4hep.core.selection.ranges import MeasuredRange
from mlaas4hep.errors import PermanentError

CODE_VERSION = 5  #: grows when the same files would give other specs or chunks
_WEIGHTS_VERSION = 2  #: the same for those with weights


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFile:
    """One input file as it was when the run began."""

    name: str  #: as the person wrote it
    url: str
    tree: str
    identity: str  #: `TreeInfo.identity`
    entries: int
    lacks: tuple[BranchInfo, ...] = ()  #: branches that are read of others, and filled for this one
    #: jagged ones of these, each with a branch that is there and whose rows are as long
    like: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(
        cls,
        file: InputFile,
        tree: TreeInfo,
        lacks: tuple[BranchInfo, ...] = (),
        like: tuple[tuple[str, str], ...] = (),
    ) -> "OpenedFile":
        """Return the record of a file that was just opened."""
        return cls(
            lacks=lacks,
            like=like,
            name=file.name,
            url=file.url,
            tree=file.tree,
            identity=tree.identity,
            entries=tree.entries,
        )

    def has(self, names: Iterable[str]) -> set[str]:
        """Return which of the names are read from this file."""
        return set(names) - {branch.name for branch in self.lacks}

    def filled(self, block: Columns, names: Collection[str]) -> Columns:
        """Return a block of this file with those of the names that it lacks."""
        lacks = [branch for branch in self.lacks if branch.name in names]
        if not lacks:
            return block
        like = dict(self.like)
        return block.with_gaps(
            [branch.name for branch in lacks if not branch.jagged and not branch.is_text],
            {branch.name: like.get(branch.name, "") for branch in lacks if branch.jagged},
            [branch.name for branch in lacks if branch.is_text],
        )

    def check(self, tree: TreeInfo) -> None:
        """Refuse a file that is another one now.

        Raises:
            PermanentError: it changed since the run began.
        """
        if tree.identity != self.identity:
            raise PermanentError(
                f"{self.name!r} changed since the run began",
                file=self.name,
                hint="restart the run, so that the file as it is now is measured",
            )


@dataclass(frozen=True, kw_only=True)
class OpenedFiles:
    """The files of a run, what is read of them, and the ranges that are measured."""

    files: tuple[OpenedFile, ...]
    branches: Branches
    ranges: tuple[EntryRange, ...]

    def __hash__(self) -> int:
        """Return a hash that is found once: every event asks, of thousands of files."""
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.files, self.branches, self.ranges))

    def range_content(self, request: Request, index: int) -> str:
        """Return the hash of everything that the specs of range `index` depend on."""
        rules = request.params.rules
        return _range_contents(self, request.preproc, rules, request.weighed_by)[index]

    def specs_content(self, request: Request) -> str:
        """Return the hash of everything that the merged specs depend on."""
        return _specs_content(self, request.preproc, request.params.rules, request.weighed_by)

    def chunk_content(self, request: Request, recipe: Recipe) -> str:
        """Return the hash of everything that a chunk depends on."""
        labels = request.labels
        return keys.digest(
            "chunk",
            CODE_VERSION,
            MAGIC.decode(),
            _specs_content(self, request.preproc, request.params.rules, ""),
            labels.expression or [labels.values[part.file] for part in recipe.slices],
            [(part.file, part.start, part.stop) for part in recipe.slices],
            None if recipe.mix is None else (recipe.mix.sizes, recipe.mix.place),
            [self.files[part.file].name for part in recipe.slices],
            *self._more_content(request),
        )

    def _more_content(self, request: Request) -> Iterator[object]:
        """Yield what further label columns, weights and parts depend on, if the chunk has them."""
        params, labels = request.params, request.labels
        if labels.others or labels.beside:
            yield from ("labels", labels.others, labels.beside)
        if params.weighting.is_stored:
            yield from ("weights", self.specs_content(request), params.weighting.norm)
            if params.weighting.norm == "xsec":  # what is used of each file scales the weights
                yield from (params.weighting.luminosity, params.weighting.negative, params.nevts)
                yield [(file.xsec, file.sample) for file in request.files]
        if self.branches.part_by:
            yield from ("parts", params.splitting.folds, self.branches.part_by)

    def merged(self, parts: Iterable[MeasuredRange]) -> Specs:
        """Return the specs of all ranges, given in order, with the sentinels of their branches."""
        parts_of_files = (
            replace(
                part.specs,
                ranges=tuple(replace(count, file=entry.file) for count in part.specs.ranges),
                weights=tuple(replace(found, file=entry.file) for found in part.specs.weights),
                cuts=tuple(replace(found, file=entry.file) for found in part.specs.cuts),
            )
            for entry, part in zip(self.ranges, parts, strict=True)
        )
        return with_odd(merged(parts_of_files))

    def plan(self, request: Request, specs: Specs) -> Plan:
        """Return which entries make which chunk.

        With `nevts`, only the first entries of each file are measured and used. Files share
        `nevts` in proportion to the entries they would give as a whole: with cuts, the measured
        share of passing entries is taken to hold for the rest of the file.

        Files with a label each are mixed as the ancestor does. Where labels come from branches,
        entries are mixed by chance: they may be sorted by label.
        """
        params = request.params
        passed, weights = self._passed(specs)
        if request.labels.expression:
            totals = used_of_files(passed, params.nevts, weights)
            if 0 < params.chunk_size < sum(totals):
                return MixedPlan.of(totals, params.chunk_size, _row_bytes(specs))
        return ChunkPlan.of(passed, params.nevts, params.chunk_size, weights)

    def used(self, request: Request, specs: Specs) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return how many entries of each file pass, and how many of these go into chunks."""
        passed, weights = self._passed(specs)
        return tuple(passed), used_of_files(passed, request.params.nevts, weights)

    def _passed(self, specs: Specs) -> tuple[list[int], list[float]]:
        """Return how many measured entries of each file pass, and would in the whole file."""
        passed = [0] * len(self.files)
        seen = [0] * len(self.files)
        for count in specs.ranges:
            passed[count.file] += count.passed
            seen[count.file] += count.stop - count.start
        return passed, [
            file.entries * good / all_ if all_ else 0.0
            for file, good, all_ in zip(self.files, passed, seen, strict=True)
        ]


def _row_bytes(specs: Specs) -> int:
    return 4 * (2 + Layout.of(specs).width)


@lru_cache(maxsize=4)
def _range_contents(
    opened: OpenedFiles, preproc: str, rules: Rules, weighed_by: str
) -> tuple[str, ...]:
    how = (CODE_VERSION, opened.branches.features, preproc, rules.missing)
    transform = keys.digest(*how, *((weighed_by, _WEIGHTS_VERSION) if weighed_by else ()))
    return tuple(
        keys.digest("range", transform, *_content_of(part, opened.files[part.file]))
        if not weighed_by  # numbers and labels may differ between files that are alike
        else keys.digest("range", transform, *_content_of(part, opened.files[part.file]), part.file)
        for part in opened.ranges
    )


def _content_of(part: EntryRange, file: OpenedFile) -> Iterator[object]:
    """Yield what entries of a file depend on: which they are, and how long filled rows are."""
    yield from (file.identity, (part.start, part.stop))
    if file.like:
        yield file.like


@lru_cache(maxsize=4)
def _specs_content(opened: OpenedFiles, preproc: str, rules: Rules, weighed_by: str) -> str:
    contents = _range_contents(opened, preproc, rules, weighed_by)
    parts = [(part.file, one) for part, one in zip(opened.ranges, contents, strict=True)]
    return keys.digest("specs", CODE_VERSION, parts, wire.dump(rules).decode())
