"""Does a module fit the data, and what are the numbers that it gives?"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import torch

from mlaas4hep.adapters.native.torch import at_rest, element_type, place_of
from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError, kind_of
from mlaas4hep.adapters.trainers.outputs import Outputs
from mlaas4hep.adapters.trainers.torch.constant import check_constant

Kind = Literal["logits", "probabilities", "log_probabilities", "independent"]
_PROBED = 256  #: rows
_NEAR = 1e-4
_SCALES = (1.0, 100.0)  #: of their values: outputs that are no probabilities show it for large ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One tensor that a module gives."""

    width: int
    kind: Kind  #: as its values show; logits are any numbers, independent ones lie in [0, 1]
    varies: bool = True  #: with inputs, so that its values show something

    @property
    def is_bounded(self) -> bool:
        """Tell whether its numbers lie between 0 and 1, as a last sigmoid or softmax makes them."""
        return self.varies and self.kind in ("probabilities", "independent")


def heads(module: Any, columns: int) -> tuple[Outputs, tuple[Head, ...]]:
    """Return what the module gives, and what its values show; nothing it remembers changes.

    Raises:
        TrainingError: it does not take rows of `columns` numbers, gives something else than
            rows of numbers for each, has nothing that can learn, or is always 1.
    """
    with at_rest(module), torch.random.fork_rng(devices=[]), torch.no_grad():
        given = _given(module, columns)
    form = _form(given[0])
    parts = [form.parts(each) for each in given]
    values = [
        torch.cat([_rows(part, _PROBED) for part in same]) for same in zip(*parts, strict=True)
    ]
    if not any(each.requires_grad for each in module.parameters()):
        raise TrainingError(
            f"{MODEL_FILE}: the module has no parameters that can learn",
            "keep its layers as attributes: self.layer = torch.nn.Linear(idim, 1)",
        )
    check_constant(module, columns, form, values)
    found = tuple(
        Head(width=each.shape[1], kind=_kind(each), varies=bool((each != each[0]).any()))
        for each in values
    )
    return replace(form, widths=tuple(each.width for each in found)), found


def _given(module: Any, columns: int) -> list[Any]:
    """Return what it gives for rows of any numbers; where these are looked up, of data as scaled."""
    random = torch.Generator().manual_seed(0)
    rows = torch.randn(_PROBED, columns, generator=random)
    try:
        return [_tried(module, scale * rows) for scale in _SCALES]
    except TrainingError as error:
        if not isinstance(error.__cause__, IndexError):  # of an Embedding
            raise
    return [_tried(module, torch.rand(_PROBED, columns, generator=random))]


def _tried(module: Any, rows: Any) -> Any:
    columns = rows.shape[1]
    try:
        return module(rows.to(place_of(module), element_type(module)))
    except Exception as error:
        raise TrainingError(
            f"{MODEL_FILE}: the module does not take rows of {columns} numbers: "
            f"{str(error).splitlines()[0] if str(error) else type(error).__name__}",
            "columns lie between 0 and 1, unless params.json scales them otherwise"
            if isinstance(error, IndexError)
            else f"use the argument of model(idim), here {columns}, as the number of inputs",
        ) from error


def _form(given: Any) -> Outputs:
    """Return the names of outputs; a dict has its own."""
    if isinstance(given, dict | list | tuple) and not given:
        raise TrainingError(
            f"{MODEL_FILE}: the module gives an empty {type(given).__name__}",
            "return a tensor of shape (entries, outputs) from forward",
        )
    if isinstance(given, dict):
        names, keys = tuple(map(str, given)), tuple(given)
        return Outputs(names=names, widths=(), keys=keys)
    if isinstance(given, list | tuple):
        names = tuple(f"output_{place}" for place in range(len(given)))
        return Outputs(names=names, widths=(), in_list=True)
    return Outputs(names=("output",), widths=())


def _rows(given: Any, entries: int) -> Any:
    if not isinstance(given, torch.Tensor):
        raise TrainingError(
            f"{MODEL_FILE}: the module gives {kind_of(given)}, not a tensor",
            "return a tensor of shape (entries, outputs) from forward, or a tuple or dict of them",
        )
    shape = tuple(given.shape)
    if len(shape) not in (1, 2) or shape[0] != entries or 0 in shape:
        raise TrainingError(
            f"{MODEL_FILE}: the module gives shape {shape} for {entries} entries, not a row of "
            "numbers for each",
            "return a tensor of shape (entries, outputs) from forward",
        )
    if not given.is_floating_point():
        raise TrainingError(
            f"{MODEL_FILE}: the module gives numbers of type {given.dtype}, through which it cannot "
            "learn",
            "return what the last layer gives: whether it is above a threshold is decided later",
        )
    return given.reshape(entries, -1).double()


def _kind(values: Any) -> Kind:
    if not torch.isfinite(values).all():
        return "logits"
    if _lie_between_0_and_1(values):
        return "probabilities" if _add_up_to_1(values) else "independent"
    if values.shape[1] > 1 and (values <= 0).all() and _add_up_to_1(values.exp()):
        return "log_probabilities"
    return "logits"


def _lie_between_0_and_1(values: Any) -> bool:
    """Tell whether all do, and not all on the ends, as those of a layer of zeros would."""
    return bool((values >= 0).all() and (values <= 1).all() and ((values > 0) & (values < 1)).any())


def _add_up_to_1(values: Any) -> bool:
    """Tell whether those of each entry do; one alone is a probability by itself."""
    return values.shape[1] == 1 or bool(((values.sum(dim=1) - 1).abs() < _NEAR).all())
