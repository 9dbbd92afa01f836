"""Outputs of modules that are the same whatever is learned."""

from collections.abc import Sequence
from typing import Any

import torch

from mlaas4hep.adapters.native.torch import at_rest, element_type, place_of
from mlaas4hep.adapters.trainers.outputs import Outputs, refuse_ones

_ROWS = 8
_NEAR, _FLAT = 1e-5, 1e-4  #: softmax over one number may be 0.9999999


def check_constant(module: Any, columns: int, form: Outputs, values: Sequence[Any]) -> None:
    """Refuse an output that is 1 for all rows, and that no parameter changes.

    One that is 1 only as parameters begin, such as the exponential of zeros, may learn.

    Args:
        module: that gives it.
        columns: of a row.
        form: of what it gives.
        values: of its outputs for some rows, in order.

    Raises:
        TrainingError: it is softmax over one number, or something like it.
    """
    ones = [place for place, each in enumerate(values) if each.shape[1] == 1 and _are_ones(each)]
    if not ones:
        return
    random = torch.Generator().manual_seed(0)
    rows = torch.rand(_ROWS, columns, generator=random).to(place_of(module), element_type(module))
    learned = [each for each in module.parameters() if each.requires_grad]
    with at_rest(module), torch.random.fork_rng(devices=[]), torch.enable_grad():
        parts = form.parts(module(rows))
        for place in ones:
            part = parts[place]
            if _are_ones(part) and not _has_slope(part, learned):
                refuse_ones()


def _are_ones(values: Any) -> bool:
    return bool(((values - 1).abs() < _NEAR).all())


def _has_slope(part: Any, learned: Sequence[Any]) -> bool:
    if not part.requires_grad:
        return False
    slopes = torch.autograd.grad(part.sum(), learned, retain_graph=True, allow_unused=True)
    return any(each is not None and bool((each.abs() >= _FLAT).any()) for each in slopes)
