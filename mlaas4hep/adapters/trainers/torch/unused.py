"""What model.py says and PyTorch trainings do not use: refused, with what to write instead, or told."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import torch

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.onnxfile import say
from mlaas4hep.adapters.trainers.torch.targets import lossvalue

_OTHER_NAMES = {
    "criterion": "loss",
    "loss_fn": "loss",
    "loss_function": "loss",
    "optimiser": "optimizer",
}
_ORIGINAL = "_orig_mod"  #: of what `torch.compile(module)` returns
_CALLED = "_compiled_call_impl"  #: what `module.compile()` leaves
_STEPS = ("training_step", "configure_optimizers")  #: of Lightning


def check_unused(module: Any, defined: Mapping[str, Any]) -> None:
    """Refuse a training step of the module's own, and losses under another name.

    Raises:
        TrainingError: names what is not used.
    """
    for step in _STEPS:
        if callable(getattr(module, step, None)):
            raise TrainingError(
                f"{MODEL_FILE}: the module has a `{step}` of its own (Lightning's), which is not "
                "called here",
                "return a torch.nn.Module without it; `loss` and def optimizer(parameters) of "
                f"{MODEL_FILE} say how it learns",
            )
    if defined.get("callbacks"):
        raise TrainingError(
            f"{MODEL_FILE}: `callbacks` are Keras's, and a PyTorch training does not call them",
            '"callbacks": {"EarlyStopping": {"patience": 3}} in params.json',
        )
    for name, given in defined.items():
        due = "loss" if _is_loss(given) else _OTHER_NAMES.get(name, "")
        if due and not name.startswith("_") and callable(given) and defined.get(due) is None:
            _refuse(name, due)


def uncompiled(module: Any) -> Any:
    """Return a module of which nothing is compiled; the log says so if something was.

    Compiling starts other programs, which a confined training may not. Functions that model.py
    compiles are left alone by `TORCH_COMPILE_DISABLE` (`confinement/environment.py`); modules
    would neither become TorchScript then, nor have the names of weights that somebody expects.
    """
    found = _original(module)
    was_compiled = found is not module
    for each in found.modules():
        for name, part in [*each.named_children()]:
            if (inside := _original(part)) is not part:
                setattr(each, name, inside)
                was_compiled = True
    for each in found.modules():
        if getattr(each, _CALLED, None) is not None:
            setattr(each, _CALLED, None)
            was_compiled = True
    if was_compiled:
        say("torch.compile is left away: a training may start no compiler; results are the same")
    return found


def check_columns(losses: Sequence[Any], beside: Sequence[str]) -> None:
    """Refuse `loss_columns` that no loss takes, and a loss that takes some where there are none.

    Args:
        losses: of model.py, or those that follow from labels.
        beside: `loss_columns` of params.json.

    Raises:
        TrainingError: says what to write.
    """
    if beside and not any(map(lossvalue.takes_columns, losses)):
        raise TrainingError(
            f"{MODEL_FILE}: no `loss` takes the loss_columns of params.json ({', '.join(beside)})",
            f"def loss(outputs, labels, columns): …, columns of shape (entries, {len(beside)}); or "
            "leave loss_columns away",
        )
    if not beside and any(map(lossvalue.needs_columns, losses)):
        raise TrainingError(
            f"{MODEL_FILE}: `loss` takes columns, and params.json names no loss_columns",
            '"loss_columns": ["mass"] in params.json: the branches that it is to see',
        )


def _is_loss(given: Any) -> bool:
    return isinstance(given, torch.nn.Module) and type(given).__module__ == "torch.nn.modules.loss"


def _refuse(name: str, due: str) -> NoReturn:
    raise TrainingError(
        f"{MODEL_FILE} defines `{name}` and no `{due}`: only what is called `{due}` is used",
        f"{due} = {name}, or leave it away",
    )


def _original(module: Any) -> Any:
    while (inside := getattr(module, _ORIGINAL, None)) is not None:
        module = inside
    return module
