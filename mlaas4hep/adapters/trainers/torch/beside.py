"""What a training remembers besides `state_dict`: attributes of modules, and generators of random numbers.

All of it is tensors, numbers, texts and tuples, so that `torch.load(weights_only=True)` reads it back.
"""

import random
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch

Attribute = tuple[str, str, Any]  #: path of a module, name, and value
_KEPT = (torch.Tensor, torch.Generator, bool, int, float, str)
_GENERATOR = "generator"


def attributes(module: Any) -> list[Attribute]:
    """Return copies of buffers that `state_dict` leaves out, and of plain attributes."""
    return [(path, name, _copied(value)) for path, name, value in _left_out(module)]


def put_back(module: Any, kept: Iterable[Attribute]) -> None:
    """Take what `attributes` returned; a tensor that is there stays where it is, others may look at it."""
    modules = dict(module.named_modules())
    for path, name, value in kept:
        if path in modules:
            _put(modules[path], name, value)


def _left_out(module: Any) -> Iterator[Attribute]:
    for path, each in module.named_modules():
        held = each.state_dict(keep_vars=True)
        plain = ((name, value) for name, value in vars(each).items() if isinstance(value, _KEPT))
        buffers = each.named_buffers(recurse=False)
        for name, value in (
            *plain,
            *((name, value) for name, value in buffers if name not in held),
        ):
            if name != "training":
                yield path, name, value


def _copied(value: Any) -> Any:
    if isinstance(value, torch.Generator):
        return {_GENERATOR: value.get_state()}
    return value.detach().clone() if isinstance(value, torch.Tensor) else value


def _put(owner: Any, name: str, kept: Any) -> None:
    now: Any = getattr(owner, name, None)
    if isinstance(kept, dict):
        if isinstance(now, torch.Generator):
            now.set_state(kept[_GENERATOR])
    elif _are_alike(now, kept):
        now.data.copy_(kept)
    else:
        setattr(owner, name, kept)


def _are_alike(now: Any, kept: Any) -> bool:
    are_tensors = isinstance(now, torch.Tensor) and isinstance(kept, torch.Tensor)
    return are_tensors and (now.shape, now.dtype) == (kept.shape, kept.dtype)


def chance() -> dict[str, Any]:
    """Return where the generators of Python and NumPy stand, which modules may draw from."""
    name, keys, *rest = np.random.get_state()  # noqa: NPY002 - see `Torch.running`
    return {
        "python": random.getstate(),
        "numpy": (str(name), torch.from_numpy(np.asarray(keys).astype(np.int64)), *rest),
    }


def restore_chance(kept: dict[str, Any]) -> None:
    """Put them back there."""
    version, state, rest = kept["python"]
    random.setstate((version, tuple(state), rest))
    name, keys, *more = kept["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *more))  # noqa: NPY002
