"""What the activations of the last layers let a model give, and whether losses can use it."""

from collections.abc import Iterable, Sequence
from typing import Any

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.keras.losses import Target
from mlaas4hep.adapters.trainers.outputs import refuse_ones
from mlaas4hep.core.models.outputrange import OutputRange

_PROBABILITIES = ("sigmoid", "hard_sigmoid", "softmax")
_POSITIVE = ("relu", "softplus", "exponential")
_SIGNED = ("tanh", "softsign")
_ANY = ("linear", "leaky_relu", "elu", "selu", "gelu", "silu", "swish")
_RANGES: dict[str, tuple[float, float | None]] = (
    dict.fromkeys(_PROBABILITIES, (0.0, 1.0))
    | dict.fromkeys(_SIGNED, (-1.0, 1.0))
    | dict.fromkeys(_POSITIVE, (0.0, None))
)
_LAYERS = {"Softmax": "softmax", "ReLU": "relu", "LeakyReLU": "leaky_relu"}  #: without `activation`


def activations(made: Any, outputs: int) -> tuple[str, ...]:
    """Return the activation of the layer that gives each of `outputs`; "" where it does not show."""
    given = getattr(made, "outputs", None) or ()
    if len(given) != outputs:  # a model of its own kind
        return ("",) * outputs
    return tuple(_activation(getattr(each, "_keras_history", (None,))[0]) for each in given)


def _activation(layer: Any) -> str:
    layers = getattr(layer, "layers", None)  # of a model inside the model
    if layers:
        return _activation(layers[-1]) if len(layer.outputs) == 1 else ""
    kind = type(layer).__name__
    function = getattr(layer, "activation", None)
    return _LAYERS.get(kind) or str(getattr(function, "__name__", ""))


def check_softmax(made: Any, widths: Sequence[int]) -> None:
    """Refuse an output that is the same whatever is learned.

    Raises:
        TrainingError: it is softmax over one number.
    """
    if ("softmax", 1) in zip(activations(made, len(widths)), widths, strict=True):
        refuse_ones()


def check_reach(target: Target, labels: Iterable[float]) -> None:
    """Refuse labels of files that a value with such an activation never comes near.

    Raises:
        TrainingError: names the first one.
    """
    found = reach(target)
    far = next((label for label in labels if not found.has(label)), None) if found else None
    if found and far is not None:
        raise TrainingError(
            f"{MODEL_FILE}: {found.why}, which never gives label {far:g}",
            "several classes: one output for each, softmax and loss='sparse_categorical_crossentropy';"
            " values: a last layer without activation",
        )


def reach(target: Target) -> OutputRange | None:
    """Return what the output of a regression gives; None: any value, or nobody can tell."""
    if target.task != "regression" or target.is_inputs or target.is_own:
        return None
    if target.activation not in _RANGES:
        return None
    low, high = _RANGES[target.activation]
    return OutputRange(
        first=target.first,
        labels=target.labels,
        low=low,
        high=high,
        why=f"the last layer has the activation {target.activation!r}",
    )


def doubts(target: Target) -> tuple[str, ...]:
    """Return what a loss of classes makes of outputs that it does not expect."""
    if not target.is_of_classes:
        return ()
    usual = "sigmoid" if target.width == target.labels else "softmax"
    if target.logits and target.activation in _PROBABILITIES:
        told = "takes any numbers (from_logits=True), and the last layer gives probabilities"
        cure = "leave one of the two away"
    elif not target.logits and target.activation in (*_POSITIVE, *_SIGNED, *_ANY):
        told = "takes probabilities, and the last layer gives other numbers"
        cure = f"activation={usual!r} or from_logits=True, or it learns badly"
    else:
        return ()
    return (f"loss {target.loss!r}: it {told} ({target.activation}): {cure}",)
