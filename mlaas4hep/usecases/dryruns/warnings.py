"""What a dry run warns of, and why."""

from collections.abc import Iterator
from dataclasses import replace

from mlaas4hep.core.data.planning.plan import ChunkPlan
from mlaas4hep.core.data.specs.notices import notices, rounded
from mlaas4hep.core.data.weighting import Weighting
from mlaas4hep.core.models.sample.suspects import telling
from mlaas4hep.core.models.sample.untrainable import SampledEntries, of_first, untrainable
from mlaas4hep.core.models.training import ModelSummary
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.requests.roundorder import ordered
from mlaas4hep.core.selection.normalisation import check_weights
from mlaas4hep.core.selection.notices import of_computed
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import PermanentError
from mlaas4hep.usecases.dryruns.look import CHUNKS_LOOKED_AT, FirstLook
from mlaas4hep.usecases.dryruns.measuredsample import MeasuredSample

_DIFFERENT = 0.2  #: two chunks whose share of a class differs by more are not alike


def of_entries(look: FirstLook, model: ModelSummary | None) -> Iterator[str]:
    """Yield what is odd about values and labels of the sample.

    Raises:
        PermanentError: nothing can be learnt from them.
    """
    request = look.inputs.request
    if look.values:
        yield from _of_values(look.values, look.inputs.preproc, look.labels)
        yield from _of_weights(look, look.values)
    task = model.task if model else None
    yield from untrainable(look.labels, request, task, is_whole=look.is_whole)


def _of_values(
    sample: MeasuredSample, preproc: Preproc, sampled: list[SampledEntries]
) -> Iterator[str]:
    """Yield what is odd about the values of a sample of every file."""
    yield from notices(sample.specs, sample.rules)
    yield from of_computed(sample.specs, sample.rules, preproc)
    yield from rounded(sample.parts, sample.specs)
    labels = (each.labels for each in sampled)
    yield from telling(list(zip(sample.values, labels, strict=True)))


def _of_weights(look: FirstLook, sample: MeasuredSample) -> Iterator[str]:
    """Yield what a run would say of these weights once it has measured them.

    Raises:
        PermanentError: nothing can be learned with them.
    """
    request = look.inputs.request
    params = replace(request.params, weighting=_shown_by(look))
    request = replace(request, params=params, files=request.files[: len(look.files)])
    entries = sum(file.passed for file in look.files)
    try:
        told = check_weights(request, replace(sample.specs, weights=look.weights))
    except PermanentError as error:
        if look.is_whole:
            raise error.located(stage="specs")  # noqa: B904 - it is the same error
        told = (f"{error} ({error.problem.hint})",)
    yield from told if look.is_whole else (of_first(entries, each) for each in told)


def _shown_by(look: FirstLook) -> Weighting:
    """Return what the request says of weights; of one class, a sample does not show how classes differ."""
    weighting = look.inputs.request.params.weighting
    classes = {each.label for each in look.weights if each.label is not None}
    if look.is_whole or len(classes) > 1:
        return weighting
    return replace(weighting, balance="none", class_weight=())


def of_chunks(request: Request, plan: ChunkPlan) -> Iterator[str]:
    """Yield a warning if chunks that are trained on one by one differ in their classes."""
    labels = request.labels.values
    params, unasked = ordered(request.params, request.labels, plan)
    if unasked:
        yield unasked
    if params.training == "standard" or not labels or plan.chunks == 1:
        return
    shares: dict[float, list[float]] = {label: [] for label in labels}
    for index in {*range(min(plan.chunks, CHUNKS_LOOKED_AT)), plan.chunks - 1}:
        of_chunk = dict.fromkeys(shares, 0)
        for part in plan.slices(index):
            of_chunk[labels[part.file]] += part.entries
        for label, entries in of_chunk.items():
            shares[label].append(entries / max(plan.size(index), 1))
    if any(max(found) - min(found) > _DIFFERENT for found in shares.values()):
        yield (
            "chunks differ in their classes, and each is trained on by itself: the last ones"
            ' count most; "training": "standard" in params.json goes over all of them'
        )


def of_training(look: FirstLook, memory_bytes: int, model: ModelSummary | None) -> Iterator[str]:
    """Yield what may keep the training from its end, and what the model's framework warns of."""
    given_bytes = look.inputs.request.resources.memory_bytes
    if any(file.sampled for file in look.files) and not any(file.passed for file in look.files):
        yield "no entry of the sample passes the cuts"
    if memory_bytes > given_bytes:
        yield f"the training may need {memory_bytes} bytes, and {given_bytes} are given"
    if model is None:
        yield "model.py was parsed but not built: this function has no TensorFlow"
    else:
        yield from model.warnings
