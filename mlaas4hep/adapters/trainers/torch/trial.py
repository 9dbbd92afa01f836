"""The trial of a loss on a few entries that are none, so that mistakes in model.py show at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from mlaas4hep.adapters.native.torch import at_rest, element_type, outputs_of, place_of
from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError, explained
from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.adapters.trainers.outputs import Outputs
from mlaas4hep.adapters.trainers.torch.targets.joint import Learned
from mlaas4hep.core.models.training import TrainingJob

_LABELS = (0.0, 1.0)
_LOSS = "def loss(outputs, labels): outputs are of shape (entries, outputs)"
_NO_DETOUR = "compute it with PyTorch, without .detach(), .item() and NumPy"


def chosen(tried: Sequence[Learned], module: Any, form: Outputs, job: TrainingJob) -> Learned:
    """Return the first of what a loss may mean that can compare outputs with labels.

    Raises:
        TrainingError: none can; it says what the last one does not take.
    """
    for each in tried[:-1]:
        try:
            _compare(each, module, form, job)
        except TrainingError:  # it may want other labels
            continue
        return each
    _compare(tried[-1], module, form, job)
    return tried[-1]


def figures(learned: Learned, form: Outputs, job: TrainingJob) -> tuple[str, ...]:
    """Return the names of what a round tells."""
    outputs = np.zeros((len(_LABELS), sum(form.widths)), np.float32)
    return "loss", *learned.right(outputs, _labels(job, len(_LABELS)))


def _compare(learned: Learned, module: Any, form: Outputs, job: TrainingJob) -> None:
    kind, place = element_type(module), place_of(module)
    entries = sum(form.widths) + job.label_columns.width + 2  # unlike any width
    with torch.random.fork_rng(devices=[]), at_rest(module), explained("the loss", _LOSS, "torch"):
        rows = torch.zeros((entries, job.columns), dtype=kind, device=place)
        labels = learned.shaped(_labels(job, entries), kind, place)
        weights = torch.ones_like(rows[:, 0]) if job.weights.is_used else None
        outputs = outputs_of(module, rows)
        value = learned(outputs, labels, weights, _beside(job, rows))
        if not _follows(value, outputs):
            raise TrainingError(f"{MODEL_FILE}: `loss` does not depend on outputs", _NO_DETOUR)
        if learned.compares_all_pairs:
            raise TrainingError(
                f"{MODEL_FILE}: `loss` compares each output with the labels of all entries",
                "labels have shape (entries, 1): compare outputs[:, :1], or squeeze both",
            )


def _follows(value: Any, outputs: Any) -> bool:
    """Tell whether a loss changes with outputs."""
    if not value.requires_grad or not outputs.requires_grad:
        return False
    (slope,) = torch.autograd.grad(value, outputs, retain_graph=True, allow_unused=True)
    return slope is not None


def _beside(job: TrainingJob, rows: Any) -> Any:
    """Return values of `loss_columns`, if there are some."""
    columns = len(job.label_columns.beside)
    return torch.rand_like(rows[:, :1]).repeat(1, columns) if columns else None


def _labels(job: TrainingJob, entries: int) -> Floats:
    labels = np.resize(np.array(_LABELS, np.float32), entries)
    columns = job.label_columns
    return np.tile(labels[:, None], (1, columns.labels)) if columns.names else labels
