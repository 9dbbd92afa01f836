"""Whether each chunk is trained on by itself, or each epoch goes over all of them."""

from collections import Counter
from dataclasses import replace

from mlaas4hep.core.data.planning.plan import Plan
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import AUTO, Params

_RARE_SHARE = 0.02  #: a class that is rarer than that …
_FEW = 20  #: … and has fewer entries in a chunk on the average is forgotten by the next chunks


def ordered(params: Params, labels: Labels, plan: Plan) -> tuple[Params, str]:
    """Return parameters that say how to train, and a warning if that is not what one expects.

    Files with a label each are trained chunk by chunk, as the ancestor does, unless a class is
    so rare that chunks hold a few entries of it: the last of them would count more than all
    others. Where labels come from branches, entries may be sorted by them.
    """
    if labels.expression:
        return (replace(params, training="standard") if params.training == AUTO else params), ""
    rare = _rarest(labels, plan)
    if params.training != AUTO:
        return params, _forgotten(rare) if params.training == "chunked" else ""
    if not rare:
        return replace(params, training="chunked"), ""
    return replace(params, training="standard"), (
        f"a chunk holds {rare} on the average: each epoch goes over all chunks"
        ' ("training": "chunked" in params.json trains on each by itself, as MLaaS4HEP does)'
    )


def _forgotten(rare: str) -> str:
    return rare and (
        f"a chunk holds {rare} on the average, and each is trained on by itself: what is learned of"
        ' them is forgotten by the next ones; "training": "standard" in params.json goes over all'
    )


def _rarest(labels: Labels, plan: Plan) -> str:
    """Return how many entries of a rare class are in a chunk; empty if no class is rare."""
    if plan.chunks == 1:
        return ""
    counts: Counter[float] = Counter()
    for label, entries in zip(labels.values, plan.totals, strict=True):
        counts[label] += entries
    if not +counts:
        return ""
    label, entries = min((+counts).items(), key=lambda each: each[1])
    a_chunk = entries / plan.chunks
    if entries / plan.entries >= _RARE_SHARE or a_chunk >= _FEW:
        return ""
    name = labels.classes[int(label)] if labels.classes else f"{label:g}"
    return f"{a_chunk:.2g} entries of class {name}"
