"""The losses of PyTorch by what they compare: the shape of labels, and what makes scores."""

from dataclasses import dataclass
from typing import Any, Literal

import torch

from mlaas4hep.adapters.native.torch import Activation
from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.torch.checks import Head
from mlaas4hep.core.requests.task import Task

LabelShape = Literal["column", "number", "one_hot"]  #: (n, 1) floats, (n,) classes, (n, k) floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a loss compares."""

    labels: LabelShape
    activation: Activation = "none"  #: that makes scores of outputs
    task: Task = "other"


_CLASSES: dict[str, Comparison] = {
    "CrossEntropyLoss": Comparison(labels="number", activation="softmax", task="multiclass"),
    "MultiMarginLoss": Comparison(labels="number", activation="softmax", task="multiclass"),
    "NLLLoss": Comparison(labels="number", activation="exp", task="multiclass"),
}
_ONE_OUTPUT: dict[str, Comparison] = {
    "BCEWithLogitsLoss": Comparison(labels="column", activation="sigmoid", task="binary"),
    "BCELoss": Comparison(labels="column", task="binary"),
    "SoftMarginLoss": Comparison(labels="column", activation="signed", task="binary"),
}
_SEVERAL_OUTPUTS: dict[str, Comparison] = {
    "BCEWithLogitsLoss": Comparison(labels="one_hot", activation="sigmoid", task="multiclass"),
    "BCELoss": Comparison(labels="one_hot", task="multiclass"),
    "MSELoss": Comparison(labels="one_hot", task="multiclass"),
    "L1Loss": Comparison(labels="one_hot", task="multiclass"),
    "SmoothL1Loss": Comparison(labels="one_hot", task="multiclass"),
    "HuberLoss": Comparison(labels="one_hot", task="multiclass"),
    "MultiLabelSoftMarginLoss": Comparison(
        labels="one_hot", activation="sigmoid", task="multiclass"
    ),
}
_SHOWN = {
    "logits": "any numbers",
    "probabilities": "probabilities already",
    "independent": "probabilities already",
    "log_probabilities": "logarithms of probabilities",
}
_PROBABILITIES = ("probabilities", "independent")
_NO_SIGMOID = "leave the last Sigmoid away, or loss = torch.nn.BCELoss()"
_WRONG_OUTPUTS: dict[str, tuple[tuple[str, ...], str]] = {
    "BCEWithLogitsLoss": (_PROBABILITIES, _NO_SIGMOID),
    "SoftMarginLoss": (_PROBABILITIES, "leave the last Sigmoid away"),
    "MultiLabelSoftMarginLoss": (_PROBABILITIES, _NO_SIGMOID),
    "CrossEntropyLoss": (_PROBABILITIES, "leave the last Softmax away, or leave `loss` away"),
    "NLLLoss": (("logits", *_PROBABILITIES), "end with LogSoftmax(1), or leave `loss` away"),
    "BCELoss": (
        ("logits", "log_probabilities"),
        "end with Sigmoid(), or loss = torch.nn.BCEWithLogitsLoss()",
    ),
}  #: which outputs a loss is not for, and the cure
_NUMBERS = ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss")


def comparison(loss: Any, width: int) -> Comparison | None:
    """Return what a loss of PyTorch compares with `width` outputs; None: one of somebody's own."""
    name = type(loss).__name__
    if not is_of_torch(loss):
        return None
    if name in _CLASSES:
        return _CLASSES[name]
    if name == "PoissonNLLLoss":
        return Comparison(
            labels="column", activation="exp" if loss.log_input else "none", task="regression"
        )
    if width > 1:
        return _SEVERAL_OUTPUTS.get(name)
    if name in _NUMBERS:
        return Comparison(labels="column", task="regression")
    return _ONE_OUTPUT.get(name)


def by_column(loss: Any) -> Comparison | None:
    """Return what a loss of PyTorch compares with a number for each label; None: somebody's own."""
    if type(loss).__name__ == "MultiLabelSoftMarginLoss":
        return Comparison(labels="column", activation="sigmoid", task="binary")
    return comparison(loss, 1)


def wants_several(loss: Any) -> bool:
    """Tell whether a loss can learn nothing from one output."""
    return type(loss).__name__ in _CLASSES


def of_two(head: Head) -> Any:
    """Return the loss of numbers that each tell two classes apart."""
    is_logit = head.kind in ("logits", "log_probabilities")
    return torch.nn.BCEWithLogitsLoss() if is_logit else torch.nn.BCELoss()


def is_of_torch(loss: Any) -> bool:
    """Tell whether PyTorch brings the loss."""
    return type(loss).__module__.startswith("torch.")


def check_outputs(loss: Any, head: Head) -> None:
    """Refuse a loss that wants logits of a module that gives probabilities, and the other way.

    Raises:
        TrainingError: says which of the two to change.
    """
    wrong, cure = _WRONG_OUTPUTS.get(type(loss).__name__, ((), ""))
    if is_of_torch(loss) and head.varies and head.kind in wrong:
        raise TrainingError(
            f"{MODEL_FILE}: {type(loss).__name__} does not fit outputs that are {_SHOWN[head.kind]}",
            cure,
        )


class LogOfProbabilities(torch.nn.Module):  # type: ignore[misc]  # mypy has no PyTorch
    """Cross-entropy of outputs that are probabilities already."""

    def __init__(self) -> None:
        super().__init__()
        self.reduction = "mean"

    def forward(self, outputs: Any, labels: Any) -> Any:
        """Return the loss."""
        logarithms = outputs.clamp_min(1e-7).log()
        return torch.nn.functional.nll_loss(logarithms, labels, reduction=self.reduction)
