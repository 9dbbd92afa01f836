"""What a training remembers besides `state_dict`: attributes of modules, losses, and random numbers."""

import random
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch

from mlaas4hep.adapters.trainers.torch import remembered

Attribute = tuple[str, str, Any]  #: path of a module, name, and value
_OF_ALL_MODULES = frozenset(vars(torch.nn.Module()))  #: parameters, hooks, `training` …


def attributes(module: Any) -> list[Attribute]:
    """Return copies of buffers that `state_dict` leaves out, and of attributes, lists and dicts too."""
    found = []
    for path, each in module.named_modules():
        for name, value in _left_out(each):
            try:
                found.append((path, name, remembered.kept(value)))
            except remembered.NotKeptError:
                continue
    return found


def put_back(module: Any, kept: Iterable[Attribute]) -> None:
    """Take what `attributes` returned; a tensor that is there stays where it is, others may look at it."""
    modules = dict(module.named_modules())
    for path, name, value in kept:
        if path in modules:
            remembered.put(modules[path], name, value)


def _left_out(module: Any) -> Iterator[tuple[str, Any]]:
    held = module.state_dict(keep_vars=True)
    yield from (
        (name, value) for name, value in vars(module).items() if name not in _OF_ALL_MODULES
    )
    buffers = module.named_buffers(recurse=False)
    yield from ((name, value) for name, value in buffers if name not in held)


def of_losses(losses: Iterable[Any]) -> list[Any]:
    """Return what each loss remembers: a module, or an object of model.py; nothing of a function."""
    return [_of_loss(each) for each in losses]


def _of_loss(loss: Any) -> Any:
    if isinstance(loss, torch.nn.Module):
        return {"held": dict(loss.state_dict()), "beside": attributes(loss)}
    return remembered.parts(loss) if remembered.is_object(loss) else []


def put_back_losses(losses: Iterable[Any], kept: Iterable[Any]) -> None:
    """Take what `of_losses` returned."""
    for loss, value in zip(losses, kept, strict=False):
        if isinstance(loss, torch.nn.Module) and isinstance(value, dict):
            loss.load_state_dict(value["held"])
            put_back(loss, value["beside"])
        elif isinstance(value, list):
            for name, each in value:
                remembered.put(loss, name, each)


def chance() -> dict[str, Any]:
    """Return where the generators of Python, NumPy and GPUs stand, which modules may draw from."""
    name, keys, *rest = np.random.get_state()  # noqa: NPY002 - see `Torch.running`
    return {
        "python": random.getstate(),
        "numpy": (str(name), torch.from_numpy(np.asarray(keys).astype(np.int64)), *rest),
        "gpus": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
    }


def restore_chance(kept: dict[str, Any]) -> None:
    """Put them back there."""
    version, state, rest = kept["python"]
    random.setstate((version, tuple(state), rest))
    name, keys, *more = kept["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *more))  # noqa: NPY002
    gpus = kept.get("gpus", [])[: torch.cuda.device_count()]
    for place, where in enumerate(gpus):
        torch.cuda.set_rng_state(where, place)
