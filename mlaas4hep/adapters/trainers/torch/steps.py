"""Optimizer and scheduler: those of model.py, else the usual ones."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.framework import RoundMetrics

_EACH_BATCH = (torch.optim.lr_scheduler.OneCycleLR, torch.optim.lr_scheduler.CyclicLR)


class Steps:
    """Moves the weights of a module."""

    def __init__(self, module: Any, defined: Mapping[str, Any]) -> None:
        """Call `optimizer(parameters)` and `scheduler(optimizer)`, where model.py defines them.

        Raises:
            TrainingError: they give something else.
        """
        parameters = [each for each in module.parameters() if each.requires_grad]
        make = defined.get("optimizer")
        self.optimizer = make(parameters) if make else torch.optim.Adam(parameters, lr=1e-3)
        _check("optimizer", self.optimizer, torch.optim.Optimizer, "torch.optim.Adam(parameters)")
        make = defined.get("scheduler")
        self.scheduler = make(self.optimizer) if make else None
        if self.scheduler is not None:
            kinds = (
                torch.optim.lr_scheduler.LRScheduler,
                torch.optim.lr_scheduler.ReduceLROnPlateau,
            )
            _check("scheduler", self.scheduler, kinds, "StepLR(optimizer, 5)")

    def step(self, loss: Callable[[], Any]) -> Any:
        """Do one step down the gradient of what `loss` returns, and return that."""

        def with_gradient() -> Any:
            self.optimizer.zero_grad(set_to_none=True)
            value = loss()
            value.backward()
            return value

        value = self.optimizer.step(with_gradient)
        if isinstance(self.scheduler, _EACH_BATCH):
            self.scheduler.step()
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


def _check(name: str, found: Any, kinds: Any, example: str) -> None:
    if not isinstance(found, kinds):
        what = found.__name__ if inspect.isclass(found) else type(found).__name__
        raise TrainingError(f"{MODEL_FILE}: `{name}` gives a {what}", f"return {example}")
