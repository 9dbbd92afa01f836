"""What the measured sums of weights mean: whether they can be used, and how they are scaled."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.data.weighting import BALANCED, Negative, TrainingWeights
from mlaas4hep.core.data.weights import MOST_LABELS, WeightSum
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.selection.values import not_numbers
from mlaas4hep.errors import PermanentError

_SMALLEST, _LARGEST = 1e-30, 1e30  #: means of weights: the sums of millions stay within float32


def check_weights(request: Request, specs: Specs) -> tuple[str, ...]:
    """Refuse weights that nothing can be learned with; return what is odd about them.

    Raises:
        PermanentError: some are no numbers, all are 0, too small or too large, a sample cannot be
            normalised, or a class cannot be balanced.
    """
    weighting = request.params.weighting
    if not weighting.is_measured:
        return ()
    name = weighting.expression or "1"
    for number, file in enumerate(request.files):
        counts = [found.invalid for found in specs.weights if found.file == number]
        if any(counts):  # those before cuts, if they were looked at, hold all others
            raise not_numbers(name, max(counts[0], sum(counts[1:]))).located(file=file.name)
    passing = [found for found in specs.weights if found.label is not None]
    _check_some_weigh(name, passing, weighting.negative)
    _check_size(name, passing, factors(request, specs, (), ()))
    training_weights(request, specs, (), ())
    return (*_odd(request, passing), *_upside_down(request, specs))


def _check_some_weigh(name: str, passing: Iterable[WeightSum], negative: Negative) -> None:
    """Refuse weights of which none is left that counts."""
    are_dropped = negative == "drop"
    if any(found.positive or (found.negative and not are_dropped) for found in passing):
        return
    text, hint = "is 0 in every entry", "choose another weight in params.json"
    if are_dropped and any(found.negative for found in passing):
        text = 'is 0 or negative in every entry, and "negative_weights" drops those'
        hint = f'{hint}, or "negative_weights": "abs"'
    raise PermanentError(
        f"the weight {name!r} {text}: nothing can be learned",
        file="params.json",
        branch=name,
        hint=hint,
    )


def _check_size(name: str, passing: Iterable[WeightSum], scales: Sequence[float]) -> None:
    """Refuse weights of which chunks, and losses that sum them up, hold no more than 0 or infinity."""
    each = [((one.positive - one.negative) * scales[one.file], one.entries) for one in passing]
    mean = sum(size for size, _ in each) / sum(entries for _, entries in each)
    if not _SMALLEST <= mean <= _LARGEST:
        raise PermanentError(
            f"the weight {name!r} is {mean:g} on average: numbers of single precision, in which models"
            f" learn, do not hold sums of such (from {_SMALLEST:g} to {_LARGEST:g} they do)",
            file="params.json",
            branch=name,
            hint="only ratios of weights count: multiply the weight, or the luminosity, by a number",
        )


def _upside_down(request: Request, specs: Specs) -> Iterable[str]:
    """Yield which of two or more classes counts for less than nothing."""
    sums = ClassSums.of(request, specs, (), ()).by_label
    if not 1 < len(sums) <= MOST_LABELS:
        return
    for label, value in sums:
        if value <= 0:
            yield (
                f"the weights of class {_named(label, request.labels)} sum up to {value:g}: losses"
                f" and figures mean nothing; {_cure(specs, label)} in params.json"
            )


def _cure(specs: Specs, label: float) -> str:
    """Return what to write for a class that counts for nothing, or less."""
    negative = any(found.negative for found in specs.weights if found.label == label)
    return '"negative_weights": "abs" or "drop"' if negative else "another weight"


def _odd(request: Request, passing: Iterable[WeightSum]) -> Iterable[str]:
    weighting = request.params.weighting
    positive = sum(found.positive for found in passing)
    negative = -sum(found.negative for found in passing)
    if negative and weighting.negative == "keep":
        yield (
            f"negative weights are kept: {negative / (positive + negative):.1%} of the sum of"
            ' |weight|; "negative_weights": "abs" or "drop" in params.json changes that'
        )
    if weighting.norm == "xsec" and request.params.nevts > 0:
        yield "weight_norm: with nevts, sums of weights are those of the entries that are read"


def factors(
    request: Request, specs: Specs, passed: Sequence[int], used: Sequence[int]
) -> tuple[float, ...]:
    """Return what the weights of each file are multiplied by.

    Args:
        request: says cross sections and luminosity.
        specs: with the sums of all entries that were read, before cuts.
        passed: how many of them pass, of each file; empty: as many as are used.
        used: how many of these go into chunks, of each file.

    Raises:
        PermanentError: the weights of a sample do not have a positive sum.
    """
    weighting = request.params.weighting
    if weighting.norm == "none":
        return (1.0,) * len(request.files)
    sums: dict[str, float] = {}
    lost: dict[str, tuple[int, int]] = {}
    every = {found.file: found for found in specs.weights if found.label is None}
    for number, file in enumerate(request.files):
        total = every[number].total(weighting.negative) if number in every else 0.0
        sums[file.sample] = sums.get(file.sample, 0.0) + total
        if passed:
            before = lost.get(file.sample, (0, 0))
            lost[file.sample] = before[0] + passed[number], before[1] + used[number]
    _check_sums(request, sums)
    found = []
    for file in request.files:
        there, taken = lost.get(file.sample, (1, 1))
        norm = (file.xsec or 0.0) * weighting.luminosity / sums[file.sample]
        found.append(norm * there / max(taken, 1) if there else norm)
    return tuple(found)


def _check_sums(request: Request, sums: dict[str, float]) -> None:
    for file in request.files:
        if not sums[file.sample] > 0:
            raise PermanentError(
                f"the weights of {file.name!r} (sample {file.sample!r}) sum up to"
                f" {sums[file.sample]:g}: they cannot be normalised to a cross section",
                file=file.name,
                branch=request.params.weighting.expression,
                hint="take files with entries and positive weights, or weight_norm away",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassSums:
    """Sums of weights by label, over the entries that are learned from."""

    by_label: tuple[tuple[float, float], ...]
    entries: int

    @classmethod
    def of(
        cls, request: Request, specs: Specs, passed: Sequence[int], used: Sequence[int]
    ) -> "ClassSums":
        """Return the sums, normalised as in the chunks."""
        scales, negative = factors(request, specs, passed, used), request.params.weighting.negative
        sums: dict[float, float] = {}
        entries = 0
        for found in specs.weights:
            if found.label is not None:
                scaled = found.total(negative) * scales[found.file]
                sums[found.label] = sums.get(found.label, 0.0) + scaled
                entries += found.counted(negative)
        return cls(by_label=tuple(sorted(sums.items())), entries=entries)


def training_weights(
    request: Request, specs: Specs, passed: Sequence[int], used: Sequence[int]
) -> TrainingWeights:
    """Return what the training makes of the weights in its chunks.

    Raises:
        PermanentError: a class cannot be balanced.
    """
    weighting, labels = request.params.weighting, request.labels
    if not weighting.is_used:
        return TrainingWeights()
    learned = tuple(
        (labels.number_of(name, "class_weight"), factor)
        for name, factor in weighting.factors_of_classes
    )
    if not weighting.is_measured:
        return TrainingWeights(is_used=True, learned=learned)
    sums = ClassSums.of(request, specs, passed, used)
    total = sum(value for _, value in sums.by_label)
    balanced = partial(_balanced, request, specs, sums)
    is_scaled = weighting.norm == "xsec" and total > 0
    return TrainingWeights(
        is_used=True,
        negative=weighting.negative,
        scale=sums.entries / total if is_scaled else 1.0,
        classes=balanced("balance") if weighting.balance == "classes" else (),
        learned=balanced("class_weight") if weighting.class_weight == BALANCED else learned,
    )


def _balanced(
    request: Request, specs: Specs, sums: ClassSums, key: str
) -> tuple[tuple[float, float], ...]:
    """Return the factors that give all classes the same sum; `key` of params.json asks for them."""
    if len(sums.by_label) < 2 or len(sums.by_label) > MOST_LABELS:  # noqa: PLR2004 - two classes
        raise PermanentError(
            f"{key}: the labels are no classes, so there is nothing to balance",
            file="params.json",
            hint=f'leave "{key}" away for a regression',
        )
    for label, value in sums.by_label:
        if not value > 0:
            raise PermanentError(
                f"{key}: the weights of class {_named(label, request.labels)} sum up to {value:g}",
                file="params.json",
                branch=request.params.weighting.expression,
                hint=f"{_cure(specs, label)}, or more entries of it",
            )
    share = sum(value for _, value in sums.by_label) / len(sums.by_label)
    return tuple((label, share / value) for label, value in sums.by_label)


def _named(label: float, labels: Labels) -> str:
    """Return the name of a class, or its number."""
    is_class = label.is_integer() and 0 <= label < len(labels.classes)
    return labels.classes[int(label)] if is_class else f"{label:g}"
