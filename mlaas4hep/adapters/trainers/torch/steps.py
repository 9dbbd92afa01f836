"""Optimizer and scheduler: those of model.py, else the usual ones."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError, explained, kind_of
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
    """Moves the weights of a module.

    Gradients are there before the optimizer's `step`, so that its hooks, and a `step` of one's own,
    may clip them; only what asks for it (LBFGS) gets the function that computes them.
    """

    def __init__(self, module: Any, defined: Mapping[str, Any]) -> None:
        """Call `optimizer(parameters)` and `scheduler(optimizer)`, where model.py defines them.

        Raises:
            TrainingError: they give something else.
        """
        parameters = [each for each in module.parameters() if each.requires_grad]
        usual = partial(torch.optim.Adam, lr=1e-3)
        make = defined.get("optimizer") or usual
        self.optimizer = _result("optimizer", make, parameters, torch.optim.Optimizer)
        make = defined.get("scheduler")
        self.scheduler = _result("scheduler", make, self.optimizer, _SCHEDULERS) if make else None
        _check_direction(self.scheduler)
        self.warnings = still(module, self.optimizer)
        self._computes_gradients = _wants_function(self.optimizer)

    def step(self, loss: Callable[[], Any], gather: Callable[[], None]) -> Any:
        """Do one step down the gradient of what `loss` returns, and return that.

        Args:
            loss: computes it.
            gather: completes the gradients, after each of them.
        """

        def with_gradient() -> Any:
            self.optimizer.zero_grad(set_to_none=True)
            value = loss()
            value.backward()
            gather()
            return value

        if self._computes_gradients:
            value = self.optimizer.step(with_gradient)
        else:
            value = with_gradient()
            self.optimizer.step()
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


def still(module: Any, optimizer: Any) -> tuple[str, ...]:
    """Return what is told of weights that the optimizer does not move.

    Raises:
        TrainingError: it moves none of the module's.
    """
    moved = {id(each) for group in optimizer.param_groups for each in group["params"]}
    able = {name: each for name, each in module.named_parameters() if each.requires_grad}
    left = [name for name, each in able.items() if id(each) not in moved]
    if len(left) == len(able):
        raise TrainingError(
            f"{MODEL_FILE}: `optimizer` moves no weight of the module that `model` returns",
            f"{_EXAMPLES['optimizer']}: `parameters` are those of the module",
        )
    if not left:
        return ()
    named = f"{', '.join(left[:5])}{' …' if len(left) > 5 else ''}"  # noqa: PLR2004
    return (f"`optimizer` of {MODEL_FILE} leaves {named} as they are",)


def _wants_function(optimizer: Any) -> bool:
    """Tell whether `step` cannot do without a function that computes the gradients."""
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    return closure is not None and closure.default is inspect.Parameter.empty


def _check_direction(scheduler: Any) -> None:
    """Refuse a scheduler that takes a falling loss for something that gets worse.

    Raises:
        TrainingError: it does.
    """
    if getattr(scheduler, "mode", "") == "max" and isinstance(
        scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau
    ):
        raise TrainingError(
            f"{MODEL_FILE}: ReduceLROnPlateau(mode='max') looks at `val_loss`, of which less is better",
            "leave mode away; or ReduceLROnPlateau in `callbacks` of params.json, with the figure "
            "as monitor",
        )


def _end_batch(scheduler: Any) -> None:
    try:
        scheduler.step()
    except ValueError as error:  # OneCycleLR is over
        raise TrainingError(
            f"{MODEL_FILE}: `scheduler` ends before the training: {error}",
            "total_steps: at least epochs times batches, which are the entries that are learned "
            "from over batch_size",
        ) from error


def _result(name: str, make: Any, argument: Any, kinds: Any) -> Any:
    """Return what a function of model.py makes of parameters, or of an optimizer."""
    example = _EXAMPLES[name]
    if not callable(make):
        raise TrainingError(f"{MODEL_FILE}: `{name}` is {kind_of(make)}, not a function", example)
    with explained(f"`{name}`", example, "torch"):
        found = make(argument)
    if not isinstance(found, kinds):
        raise TrainingError(f"{MODEL_FILE}: `{name}` gives {kind_of(found)}", example)
    return found
