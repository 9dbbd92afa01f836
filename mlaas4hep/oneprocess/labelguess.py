"""What a first run may learn: the label that names of branches, their values or the files point to."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlaas4hep.core.data.columns import Array, Jagged
from mlaas4hep.core.data.tree import BranchInfo, TreeInfo
from mlaas4hep.core.data.values.texts import is_text
from mlaas4hep.core.formulas.named import entry_expression
from mlaas4hep.core.selection.roles import role
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.oneprocess.modeltext import Kind
from mlaas4hep.ports import DataSource

_LOOK = 10_000  #: entries of each file from which the kind of label is told
_MOST_CLASSES = 20
_SHOWN = 20  #: branches that a refusal names
_FEW = 5  #: texts that a refusal quotes
_NUMBER = re.compile(r"[-_.]?\d+$")  #: of one file among those of a sample
_SIGNAL = re.compile(r"(^|[^a-z])(sig|signal)([^a-z]|$)", re.IGNORECASE)


def label_branch(shared: Mapping[str, BranchInfo]) -> str:
    """Return the one branch whose name says that it is the label; empty if there is none, or several."""
    found = [name for name, b in shared.items() if role(name) == "label" and not b.jagged]
    return found[0] if len(found) == 1 else ""


def no_label(shared: Mapping[str, BranchInfo]) -> InvalidRequestError:
    """Return the refusal of one file without such a branch; it names the branches that may be meant."""
    flags = [name for name, b in shared.items() if not b.jagged and b.dtype[0] in "bui"]
    likely = [name for name in flags if role(name) in ("feature", "label")]
    return InvalidRequestError(
        f"one file, and no branch that is clearly the label; it may be one of:"
        f" {', '.join(likely[:_SHOWN]) or 'none of its whole numbers'}",
        hint="say --label BRANCH (or an expression, such as 'njets > 2'), or give a file a class",
    )


def by_file(names: Sequence[str]) -> tuple[Kind, str]:
    """Return one label for each file: 1 and 0 for signal and background, else names of classes.

    Files that are numbered, `qcd_1.root` and `qcd_2.root`, are one class, unless all would be one.
    """
    samples = [_NUMBER.sub("", Path(name).name.split(".", 1)[0]) for name in names]
    if len(set(samples)) == 1:
        samples = [Path(name).name.split(".", 1)[0] for name in names]
    if len(set(samples)) == 2:  # noqa: PLR2004 - signal and background
        signal = next(filter(_SIGNAL.search, samples), samples[0])
        return Kind(task="binary"), "\n".join(str(int(sample == signal)) for sample in samples)
    classes = [re.sub(r"\W+", "_", sample) for sample in samples]
    classes = [f"c{text}" if text[:1].isdigit() else text for text in classes]
    return Kind(task="multiclass", outputs=len(set(classes))), "\n".join(classes)


def by_branch(source: DataSource, trees: Sequence[TreeInfo], label: str) -> tuple[Kind, str]:
    """Return what the values of a branch or an expression are, as far as one look tells.

    Raises:
        InvalidRequestError: they are all alike, or rows, or texts that are no classes.
    """
    values = [block for tree in trees for block in _values(source, tree, label)]
    if any(map(is_text, values)):
        return _by_text(label, values)
    distinct = np.unique(np.concatenate([each.astype(np.float64) for each in values]))
    if len(distinct) < 2:  # noqa: PLR2004 - one value cannot be learnt
        raise InvalidRequestError(
            f"the label {label!r} is {distinct.tolist()} in all entries that were looked at",
            branch=label,
        )
    if set(distinct.tolist()) <= {0.0, 1.0}:
        return Kind(task="binary"), label
    whole = np.array_equal(distinct, np.arange(len(distinct)))
    if whole and len(distinct) <= _MOST_CLASSES:
        return Kind(task="multiclass", outputs=len(distinct)), label
    return Kind(task="regression"), label


def _by_text(label: str, values: Sequence[Array]) -> tuple[Kind, str]:
    """Return classes that texts name, numbered by an expression; another text has no number."""
    names = sorted({each for block in values for each in np.unique(block).tolist() if each})
    if not 1 < len(names) <= _MOST_CLASSES:
        raise InvalidRequestError(
            f"the label {label!r} is text with {len(names)} different values in the entries that"
            f" were looked at, not 2 to {_MOST_CLASSES}: {', '.join(names[:_FEW])}",
            branch=label,
            hint=f"say which are what, such as --label '{label} == \"signal\"'",
        )
    if len(names) == 2 and _SIGNAL.search(names[0]):  # noqa: PLR2004 - it is 1, as of two files
        names.reverse()
    branch = label if label.isidentifier() else f"get({json.dumps(label)})"
    text = "0/0"
    for number in reversed(range(len(names))):
        text = f"where({branch} == {json.dumps(names[number])}, {number}, {text})"
    kind = Kind(task="binary") if len(names) == 2 else Kind(task="multiclass", outputs=len(names))  # noqa: PLR2004
    return replace(kind, classes=tuple(names)), text


def _values(source: DataSource, tree: TreeInfo, label: str) -> list[Array]:
    known = [branch.name for branch in tree.branches]
    expression = entry_expression(label, known)
    missing = sorted(expression.names - set(known))
    if missing:
        raise InvalidRequestError(
            f"the label needs {missing[0]!r}, which is no branch of {tree.url!r}", branch=missing[0]
        )
    reads = sorted(expression.names)
    survey = source.survey(tree.url, tree.tree, reads)
    blocks = source.read(survey, reads, 0, min(tree.entries, _LOOK))
    values = [expression.evaluate(columns) for columns in blocks]
    found = [each for each in values if not isinstance(each, Jagged)]
    if len(found) < len(values):
        raise InvalidRequestError(
            f"the label {label!r} is a row of values, not one number an entry",
            hint="sum, min, max, mean, count, any and all give one value for each row",
        )
    return found or [np.zeros(0)]
