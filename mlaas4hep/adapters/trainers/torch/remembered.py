"""A value that a module or a loss remembers, as a checkpoint keeps it, and how it comes back.

What is kept is made of tensors, numbers, texts, lists and dicts only, so that
`torch.load(weights_only=True)` reads it back. Lists, dicts and objects of model.py that are there
when it comes back stay the same ones: others may look at them.
"""

from collections import deque
from typing import Any

import numpy as np
import torch

_PLAIN = (bool, int, float, str, type(None))
_KINDS: dict[str, Any] = {"list": list, "tuple": tuple, "set": set, "deque": deque}
_DEEPEST = 8  #: of lists in lists; also ends what holds itself
_MODEL = "model"  #: the module that model.py is


class NotKeptError(Exception):
    """A value that is none of these kinds, such as a module or a function."""


def kept(value: Any, depth: int = 0) -> Any:
    """Return a copy of a value.

    Raises:
        NotKeptError: it, or something inside it, is of no such kind.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, torch.Generator):
        return {"generator": value.get_state()}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf":
        return {"array": torch.from_numpy(np.array(value)), "dtype": value.dtype.str}
    return _kept_container(value, depth + 1)


def _kept_container(value: Any, depth: int) -> Any:
    name = next((name for name, kind in _KINDS.items() if type(value) is kind), "")
    if depth > _DEEPEST:
        raise NotKeptError
    if name:
        return {"kind": name, "items": [kept(each, depth) for each in value]}
    if isinstance(value, dict):
        items = [(kept(key, depth), kept(each, depth)) for key, each in value.items()]
        return {"kind": "dict", "items": items}
    if is_object(value):
        return {"kind": "object", "items": parts(value, depth)}
    raise NotKeptError


def is_object(value: Any) -> bool:
    """Tell whether it is an instance of a class of model.py that keeps values in attributes."""
    of_model = type(value).__module__ == _MODEL and hasattr(value, "__dict__")
    return of_model and not isinstance(value, torch.nn.Module | type)


def is_same(some: Any, others: Any) -> bool:
    """Tell whether two values that `kept` returned are the same."""
    if type(some) is not type(others):
        return False
    if isinstance(some, torch.Tensor):
        return bool(torch.equal(some, others))
    if isinstance(some, dict):
        return some.keys() == others.keys() and all(is_same(some[k], others[k]) for k in some)
    if isinstance(some, list | tuple):
        return len(some) == len(others) and all(map(is_same, some, others))
    return bool(some == others)


def parts(owner: Any, depth: int = 0) -> list[tuple[str, Any]]:
    """Return the attributes of an object that can be kept, by name."""
    found = []
    for name, value in vars(owner).items():
        try:
            found.append((name, kept(value, depth)))
        except NotKeptError:
            continue
    return found


def put(owner: Any, name: str, value: Any) -> None:
    """Give an attribute of `owner` the value that `kept` returned."""
    now: Any = getattr(owner, name, None)
    back = restored(now, value)
    if back is not now:
        setattr(owner, name, back)


def restored(now: Any, value: Any) -> Any:
    """Return what was kept: `now` itself, changed, if it is of that kind, else something new."""
    if isinstance(value, torch.Tensor):
        if isinstance(now, torch.Tensor) and (now.shape, now.dtype) == (value.shape, value.dtype):
            now.data.copy_(value)
            return now
        return value
    if not isinstance(value, dict):
        return value
    if "generator" in value:
        if isinstance(now, torch.Generator):
            now.set_state(value["generator"])
        return now
    if "array" in value:
        array = value["array"].numpy().astype(value["dtype"])
        return _array(now, array)
    return _container(now, value["kind"], value["items"])


def _array(now: Any, array: Any) -> Any:
    if isinstance(now, np.ndarray) and (now.shape, now.dtype) == (array.shape, array.dtype):
        now[...] = array
        return now
    return array if array.ndim else array[()]


def _container(now: Any, kind: str, items: Any) -> Any:
    if kind == "object":
        if is_object(now):  # of no other class than this release of model.py has
            for name, each in items:
                put(now, name, each)
        return now
    if kind == "dict":
        return _dict(now, items)
    made: Any = _KINDS[kind]
    ordered = kind != "set" and type(now) is made
    before = [*now][: len(items)] if ordered else []
    values = [
        restored(*pair)
        for pair in zip([*before, *[None] * (len(items) - len(before))], items, strict=True)
    ]
    if type(now) is not made or kind == "tuple":
        return made(values)
    now.clear()
    now.update(values) if kind == "set" else now.extend(values)
    return now


def _dict(now: Any, items: Any) -> Any:
    is_there = isinstance(now, dict)
    values = []
    for key, value in items:
        name = restored(None, key)
        values.append((name, restored(now.get(name) if is_there else None, value)))
    if not is_there:
        return dict(values)
    now.clear()
    now.update(values)
    return now
