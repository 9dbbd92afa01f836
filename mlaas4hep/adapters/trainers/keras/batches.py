"""Do loss and metrics of a model depend on the batches in which entries are compared?

Keras's own are means over entries: they may be compared some thousand at a time. A function of
model.py gives one number for a batch, or a sum; `fit` tests in batches of `batch_size`, and only
in these do such numbers compare with those of the training.
"""

from collections.abc import Iterator
from typing import Any

from mlaas4hep.adapters.trainers.keras.losses import is_of_keras
from mlaas4hep.adapters.trainers.keras.older.keras2 import is_keras2
from mlaas4hep.adapters.trainers.keras.own.methods import is_own
from mlaas4hep.adapters.trainers.keras.targets import Targets

_OWN = ("compute_loss", "compute_metrics", "test_step")
_MEANS = (None, "sum_over_batch_size")  #: reductions


def counts_each_entry(model: Any, targets: Targets) -> bool:
    """Tell whether loss and metrics are the same for any batches; metrics must be built."""
    if is_keras2(model) or any(is_own(model, method) for method in _OWN):
        return False
    if any(getattr(layer, "_losses", ()) for layer in model._flatten_layers()):  # noqa: SLF001 - add_loss
        return False
    losses = all(each.is_known for each in targets.each) and all(map(_is_mean, _flat(model.loss)))
    return losses and all(map(_is_of_keras, _metrics(model.metrics)))


def _flat(given: Any) -> Iterator[Any]:
    if isinstance(given, dict | list | tuple):
        for each in given.values() if isinstance(given, dict) else given:
            yield from _flat(each)
    else:
        yield given


def _is_mean(loss: Any) -> bool:
    is_all = getattr(loss, "ignore_class", None) is None
    return is_of_keras(loss) and getattr(loss, "reduction", None) in _MEANS and is_all


def _metrics(given: Any) -> Iterator[Any]:
    """Yield metrics, and those that others hold."""
    for metric in given:
        yield metric
        yield from _metrics(getattr(metric, "metrics", ()))


def _is_of_keras(metric: Any) -> bool:
    function = getattr(metric, "_fn", metric)
    home = getattr(function, "__module__", type(function).__module__)
    return type(metric).__module__.startswith("keras.") and home.startswith("keras.")
