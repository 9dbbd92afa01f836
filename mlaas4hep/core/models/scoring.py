"""What scoring files with a trained model needs to know, and what comes out of it."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mlaas4hep.core.data.columns import Array, Columns
from mlaas4hep.core.data.planning.plan import EntryRange
from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.models.entries.schema import Schema
from mlaas4hep.core.models.transform import NetworkInput
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.requests.request import InputFile
from mlaas4hep.core.selection.gaps import check_lengths
from mlaas4hep.core.selection.openedfiles import OpenedFile
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import InvalidRequestError

Format = Literal["parquet", "root", "arrow", "csv", "jsonl", "avro", "npz", "h5"]  #: its suffix
Table = Mapping[str, Array]  #: columns of equal length, by name


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringRequest:
    """Which files a model is to score; stored as JSON with the run."""

    owner: str
    run: str  #: "luca_1_score_1"
    folder: str  #: "luca_1_score"
    model_owner: str
    model: str
    version: str
    files: tuple[InputFile, ...]
    format: Format = "parquet"
    title: str = ""
    upload_folder: str = ""  #: the tarball that holds files, if one does
    upload: str = ""  #: its sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringPlan:
    """What opening the files found."""

    files: tuple[OpenedFile, ...]
    ranges: tuple[EntryRange, ...]
    reads: tuple[str, ...]  #: branches
    identifiers: tuple[str, ...]  #: of them, those that go into the table as they are


def choose_reads(schema: Schema, trees: Mapping[str, TreeInfo]) -> tuple[set[str], set[str]]:
    """Return the branches to read, and which identifiers all files have.

    Raises:
        InvalidRequestError: a file lacks a branch that the model needs, or has it as another kind.
    """
    identifiers = set(schema.identifiers)
    for file, tree in trees.items():
        kinds = {branch.name: branch.jagged for branch in tree.branches}
        texts = {branch.name for branch in tree.branches if branch.is_text}
        fills = schema.filled - dict(tree.unreadable).keys()
        for name in sorted(schema.required - (fills - kinds.keys())):
            if name not in kinds:
                raise InvalidRequestError(
                    f"{file!r} has no branch {name!r}, which the model needs",
                    file=file,
                    branch=name,
                    hint=nearest(name, kinds),
                )
            if name not in schema.either and kinds[name] != (name in schema.jagged):
                was = "rows" if name in schema.jagged else "one value an entry"
                raise InvalidRequestError(
                    f"branch {name!r} of {file!r} had {was} when the model was trained",
                    file=file,
                    branch=name,
                )
            if name not in schema.either and (name in texts) != (name in schema.texts):
                was = "text" if name in schema.texts else "numbers"
                raise InvalidRequestError(
                    f"branch {name!r} of {file!r} was {was} when the model was trained",
                    file=file,
                    branch=name,
                )
        identifiers &= {name for name, jagged in kinds.items() if not jagged} - texts
    return set(schema.required) | identifiers, identifiers


def opened(
    file: InputFile, tree: TreeInfo, schema: Schema, preproc: Preproc, reads: AbstractSet[str]
) -> OpenedFile:
    """Return a file to score, with what stands in the place of branches that it lacks.

    Raises:
        InvalidRequestError: preproc.json makes no sense with that.
    """
    likes = schema.row_lengths.filled_by(tree.names)
    found = OpenedFile.of(
        file,
        tree,
        tuple(gap.branch for gap in schema.gaps if gap.name in likes),
        tuple((name, like) for name, like in likes.items() if like),
    )
    check_lengths(found, tree, preproc, reads)
    return found


def table(
    prepared: NetworkInput,
    outputs: Array,
    columns: Columns,
    identifiers: tuple[str, ...],
    names: tuple[str, ...],
) -> dict[str, Array]:
    """Return one row for each entry: identifiers, scores, and what is odd about it.

    Args:
        outputs: of the network, one row for each entry that passes the cuts.
        names: of the outputs; one name is just `score`.
    """
    rows = outputs.reshape(len(outputs), -1) if outputs.size else np.empty((0, len(names)))
    scores = np.full((columns.entries, len(names)), np.nan, np.float32)
    scores[prepared.passed] = rows
    return {
        **{name: columns.flat[name] for name in identifiers},
        **{
            "score" if len(names) == 1 else f"score_{name}": np.ascontiguousarray(scores[:, place])
            for place, name in enumerate(names)
        },
        "passed": prepared.passed,
        "outside": np.array([len(found) for found in prepared.outside], np.int32),
        "truncated": np.array([len(found) for found in prepared.truncated], np.int32),
    }


def output_names(outputs: int, classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of so many outputs: of classes, if there is one for each, else numbers."""
    return classes if len(classes) == outputs else tuple(map(str, range(outputs)))
