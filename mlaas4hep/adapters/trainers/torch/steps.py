"""Optimizer and scheduler: those of model.py, else the usual ones."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError, explained
from mlaas4hep.adapters.trainers.framework import RoundMetrics

_SCHEDULERS = (
    torch.optim.lr_scheduler.LRScheduler,
    torch.optim.lr_scheduler.ReduceLROnPlateau,
)
_EXAMPLES = {
    "optimizer": "def optimizer(parameters): return torch.optim.Adam(parameters)",
    "scheduler": "def scheduler(optimizer): return torch.optim.lr_scheduler.StepLR(optimizer, 5)",
}
_EACH_BATCH = (torch.optim.lr_scheduler.OneCycleLR, torch.optim.lr_scheduler.CyclicLR)


class Steps:
    """Moves the weights of a module."""

    def __init__(self, module: Any, defined: Mapping[str, Any]) -> None:
        """Call `optimizer(parameters)` and `scheduler(optimizer)`, where model.py defines them.

        Raises:
            TrainingError: they give something else.
        """
        parameters = [each for each in module.parameters() if each.requires_grad]
        usual = partial(torch.optim.Adam, lr=1e-3)
        make = defined.get("optimizer") or usual
        self.optimizer = _made("optimizer", make, parameters, torch.optim.Optimizer)
        make = defined.get("scheduler")
        self.scheduler = _made("scheduler", make, self.optimizer, _SCHEDULERS) if make else None

    def step(self, loss: Callable[[], Any]) -> Any:
        """Do one step down the gradient of what `loss` returns, and return that."""

        def with_gradient() -> Any:
            self.optimizer.zero_grad(set_to_none=True)
            value = loss()
            value.backward()
            return value

        value = self.optimizer.step(with_gradient)
        if isinstance(self.scheduler, _EACH_BATCH):
            _end_batch(self.scheduler)
        return value

    def end_round(self, metrics: RoundMetrics) -> None:
        """Let the scheduler see the validation loss, or else the loss."""
        scheduler = self.scheduler
        if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            scheduler.step(metrics.get("val_loss", metrics["loss"]))
        elif scheduler is not None and not isinstance(scheduler, _EACH_BATCH):
            scheduler.step()

    def state(self) -> dict[str, Any]:
        """Return what both remember."""
        return {
            "optimizer": self.optimizer.state_dict(),
            "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take it."""
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])


def _end_batch(scheduler: Any) -> None:
    try:
        scheduler.step()
    except ValueError as error:  # OneCycleLR is over
        raise TrainingError(
            f"{MODEL_FILE}: `scheduler` ends before the training: {error}",
            "total_steps: at least epochs times batches, which are the entries that are learned "
            "from over batch_size",
        ) from error


def _made(name: str, make: Any, argument: Any, kinds: Any) -> Any:
    """Return what a function of model.py makes of parameters, or of an optimizer."""
    example = _EXAMPLES[name]
    if not callable(make):
        raise TrainingError(
            f"{MODEL_FILE}: `{name}` is a {type(make).__name__}, not a function", example
        )
    with explained(f"`{name}`", example, "torch"):
        found = make(argument)
    if not isinstance(found, kinds):
        what = found.__name__ if inspect.isclass(found) else type(found).__name__
        raise TrainingError(f"{MODEL_FILE}: `{name}` gives a {what}", example)
    return found
