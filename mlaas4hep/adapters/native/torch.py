"""A PyTorch module with what makes scores of its outputs."""

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from mlaas4hep.adapters.native.nativemodel import Floats, NativeModel

Activation = Literal["none", "sigmoid", "softmax", "exp", "signed"]
ROWS = 4096  #: at a time

_ACTIVATIONS: dict[Activation, Callable[[Any], Any]] = {
    "none": lambda outputs: outputs,
    "sigmoid": torch.sigmoid,
    "softmax": lambda outputs: torch.softmax(outputs, dim=1),
    "exp": torch.exp,
    "signed": lambda outputs: torch.tanh(outputs / 2),  # 2p - 1: labels are -1 and 1
}


class Scores(torch.nn.Module):  # type: ignore[misc]  # mypy has no PyTorch
    """Gives scores, shape (n, outputs): probabilities where the module gives logits."""

    parts: tuple[tuple[Activation, int], ...] = ()  #: of several labels: for how many numbers each
    columns = 0  #: that it learned from, once it is written

    def __init__(
        self, module: Any, activation: Activation, parts: tuple[tuple[Activation, int], ...] = ()
    ) -> None:
        super().__init__()
        self.module = module
        self.activation = activation
        self.parts = parts

    def forward(self, rows: Any) -> Any:
        """Return the scores, float32, of `rows`, shape (n, columns)."""
        outputs = outputs_of(self.module, rows.to(element_type(self.module)))
        if not self.parts:
            return _ACTIVATIONS[self.activation](outputs).float()
        pieces = torch.split(outputs, [width for _, width in self.parts], dim=1)
        named = zip(self.parts, pieces, strict=True)
        return torch.cat([_ACTIVATIONS[kind](piece) for (kind, _), piece in named], dim=1).float()


def outputs_of(module: Any, rows: Any) -> Any:
    """Return the numbers that a module gives for rows, shape (n, numbers).

    Several tensors in a list or dict stand behind each other. One of shape (n,) is a column, also
    where n is 1 and the module squeezed that away.
    """
    given = module(rows)
    if isinstance(given, dict | list | tuple):
        several = given.values() if isinstance(given, dict) else given
        return torch.cat([each.reshape(rows.shape[0], -1) for each in several], dim=1)
    return given.reshape(rows.shape[0], -1)


def element_type(module: Any) -> Any:
    """Return the type of numbers that a module computes with."""
    kinds = (each.dtype for each in module.parameters() if each.dtype.is_floating_point)
    return next(kinds, torch.float32)


def place_of(module: Any) -> Any:
    """Return the device that a module lies on."""
    return next((each.device for each in module.parameters()), torch.device("cpu"))


@contextmanager
def at_rest(module: Any) -> Iterator[None]:
    """Let a module compute as it will be served, and go on learning afterwards if it did."""
    was_training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(was_training)


def scores(model: Scores, rows: Floats) -> Floats:
    """Return the scores of some rows, which it gets copied; it forgets and learns nothing."""
    place = place_of(model)
    with at_rest(model), torch.no_grad():
        parts = [
            model(torch.tensor(rows[start : start + ROWS], device=place)).cpu()
            for start in range(0, len(rows), ROWS)
        ]
    return torch.cat(parts).numpy() if parts else np.empty((0, 1), np.float32)


def load(path: Path) -> NativeModel:
    """Return what the pickled module computes; only a confined process may read a pickle."""
    model = pickle.loads(path.read_bytes())  # noqa: S301 - see above
    return NativeModel(
        scores=lambda rows: scores(model, rows), columns=getattr(model, "columns", 0)
    )
