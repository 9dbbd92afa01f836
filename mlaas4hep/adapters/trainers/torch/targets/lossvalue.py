"""The value of a loss for a batch, weighted as its entries are."""

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import torch

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError, kind_of

_HINT = "def loss(outputs, labels): one number, or one for each entry, computed with PyTorch"


def value(loss: Any, outputs: Any, labels: Any, weights: Any = None, columns: Any = None) -> Any:
    """Return the loss of a batch as one number.

    Args:
        loss: of PyTorch, or somebody's own.
        outputs: of all entries, or those of each head in a list or dict.
        labels: as the loss compares them.
        weights: of entries, shape (n,).
        columns: of `loss_columns`, shape (n, columns), for a loss that takes them.

    Raises:
        TrainingError: it gives no tensor, or entries have weights and it takes none.
    """
    more = {"columns": columns} if columns is not None and takes_columns(loss) else {}
    if weights is None and _needs(loss, "weights"):
        weights = _ones(outputs)
    if weights is None:
        return _tensor(loss(outputs, labels, **more)).mean()
    if takes_weights(loss):
        return _tensor(loss(outputs, labels, weights=weights, **more)).mean()
    weighted = _each(loss, outputs, labels, weights, more) * weights
    return weighted.sum() if _is_sum(loss) else weighted.mean()


def takes_weights(loss: Any) -> bool:
    """Tell whether it is a function of weights, too."""
    return "weights" in _more(loss)


def takes_columns(loss: Any) -> bool:
    """Tell whether it is a function of `loss_columns`, too."""
    return "columns" in _more(loss)


def needs_columns(loss: Any) -> bool:
    """Tell whether it cannot do without them."""
    return _needs(loss, "columns")


def counts_each_entry(loss: Any) -> bool:
    """Tell whether it is a mean over entries, which is the same for batches of any size.

    What somebody's own function gives may depend on the batch, as do sums, and means that
    classes or labels weigh.
    """
    if not type(loss).__module__.startswith(("torch.", "mlaas4hep.")) or _is_sum(loss):
        return False
    of_classes = type(loss).__name__ in ("CrossEntropyLoss", "NLLLoss")
    return not of_classes or (loss.weight is None and loss.ignore_index < 0)


def compares_all_pairs(loss: Callable[[Any, Any], Any], width: int) -> bool:
    """Tell whether a loss compares each of `width` outputs with the labels of all entries.

    Shapes (n,) and (n, 1) become (n, n) without a word.
    """
    outputs = torch.tensor([[0.2], [0.5], [0.7]]).repeat(1, width)
    labels = torch.tensor([[0.0], [1.0], [1.0]])
    each = range(len(outputs))

    def of(first: Any, second: Any) -> float:
        return float(loss(outputs[first], labels[second]))

    try:
        whole = of(each, each)
        table = torch.tensor([[of([one], [other]) for other in each] for one in each])
    except Exception:  # noqa: BLE001 - somebody's program, which may want more than one entry
        return False
    is_of_pairs = abs(whole - float(table.mean())) < 1e-5  # noqa: PLR2004 - float32
    return is_of_pairs and abs(whole - float(table.diagonal().mean())) > 1e-4  # noqa: PLR2004


def _each(loss: Any, outputs: Any, labels: Any, weights: Any, more: Mapping[str, Any]) -> Any:
    """Return the losses of entries, shape (n,)."""
    values = _tensor(_unreduced(loss, outputs, labels, more))
    if values.shape[:1] != weights.shape:
        raise TrainingError(
            f"{MODEL_FILE}: entries have weights, but `loss` gives one number for a batch",
            "def loss(outputs, labels, weights): …, or return one number for each entry",
        )
    flat = values.reshape(len(values), -1)
    return flat.sum(dim=1) if _is_sum(loss) else flat.mean(dim=1)


def _unreduced(loss: Any, outputs: Any, labels: Any, more: Mapping[str, Any]) -> Any:
    if not isinstance(loss, torch.nn.Module) or not hasattr(loss, "reduction"):
        return loss(outputs, labels, **more)
    kept = loss.reduction
    loss.reduction = "none"
    try:
        return loss(outputs, labels, **more)
    finally:
        loss.reduction = kept


def _is_sum(loss: Any) -> bool:
    return getattr(loss, "reduction", None) == "sum"


def _tensor(given: Any) -> Any:
    if not isinstance(given, torch.Tensor):
        raise TrainingError(f"{MODEL_FILE}: `loss` gives {kind_of(given)}, not a tensor", _HINT)
    return given


def _ones(outputs: Any) -> Any:
    """Return the weight 1 for each entry."""
    while not isinstance(outputs, torch.Tensor):
        outputs = next(iter(outputs.values() if isinstance(outputs, dict) else outputs))
    return torch.ones_like(outputs[:, 0])


def _needs(loss: Any, name: str) -> bool:
    parameter = _more(loss).get(name)
    return parameter is not None and parameter.default is inspect.Parameter.empty


def _more(loss: Any) -> Mapping[str, inspect.Parameter]:
    """Return what it takes beside outputs and labels, as far as it tells."""
    with suppress(TypeError, ValueError):  # a function of C++
        function = loss.forward if isinstance(loss, torch.nn.Module) else loss
        return dict([*inspect.signature(function).parameters.items()][2:])
    return {}
