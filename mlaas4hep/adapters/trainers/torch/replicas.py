"""A module on several devices, each of which takes a part of every batch it learns from.

What leaves a step is what one device would find, to rounding: outputs of all parts come together
before the loss, which therefore sees the whole batch, its weights and its classes; gradients are
added up on the first device in a fixed order; its optimizer moves the weights, and the others take
them. As with `DistributedDataParallel`, buffers such as running means are those of the first
device, and what a module computes over a batch each device computes over its own part.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

import torch

from mlaas4hep.adapters.native.torch import element_type, outputs_of, place_of
from mlaas4hep.adapters.trainers.onnxfile import say
from mlaas4hep.adapters.trainers.torch.extrastate import attributes
from mlaas4hep.adapters.trainers.torch.remembered import is_same

_ROWS = 8
_LEAST = 2  #: rows of a part, which batch normalisation wants
_WRAPPERS = (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_HOOKS_OF_WEIGHTS = ("_backward_hooks", "_post_accumulate_grad_hooks")


class Replicas:
    """The module on its first device, which is the one that counts, and its copies on others."""

    def __init__(self, module: Any, copies: Sequence[Any] = ()) -> None:
        self._first = module
        self._copies = tuple(copies)

    def __len__(self) -> int:
        return 1 + len(self._copies)

    def outputs(self, rows: Any) -> Any:
        """Return the numbers of learning modules for `rows`, (n, columns), on the first device."""
        parts = torch.tensor_split(rows, max(1, min(len(self), len(rows) // _LEAST)))
        several = (self._first, *self._copies)[: len(parts)]
        for copy in several[1:]:
            copy.train(self._first.training)
            _take(copy, self._first)
        given = [
            outputs_of(each, part.to(place_of(each), non_blocking=True))
            for each, part in zip(several, parts, strict=True)
        ]
        return given[0] if len(given) == 1 else torch.cat([each.to(rows.device) for each in given])

    def gather(self) -> None:
        """Add the gradients of the copies to those of the first, and leave them none."""
        for copy in self._copies:
            for its, own in _pairs(self._first.parameters(), copy.parameters()):
                if own.grad is None:  # frozen, not used, or there was no row for it
                    continue
                part = own.grad.to(its.device)
                own.grad = None
                if its.grad is None:
                    its.grad = part
                else:
                    its.grad.add_(part)

    def compare(self, devices: int) -> None:
        """Tell that a checkpoint comes from a training on another number of devices."""
        if devices != len(self):
            say(
                f"the training goes on with {len(self)} device(s) in place of {devices}: sums are "
                "taken in another order, so that weights differ by rounding"
            )


def spread(module: Any, devices: Sequence[str], columns: int, batch_size: int) -> Replicas:
    """Return a module on these devices, or on the first alone; the log says which, and why.

    Args:
        module: on the first device; built, as lazy ones are once they have seen rows.
        devices: as PyTorch calls them; it may be the same several times.
        columns: of a row.
        batch_size: rows, of which each device must get some.
    """
    used = devices[: max(1, batch_size // _LEAST)]
    if len(used) < len(devices):
        say(f"a batch_size of {batch_size} is for {len(used)} of {len(devices)} devices")
    if len(used) < 2:  # noqa: PLR2004 - several
        return Replicas(module)
    if not (why := _obstacle(module)):
        try:
            copies = [deepcopy(module).to(device) for device in used[1:]]
            why = next(filter(None, (_kept(copy, module, columns) for copy in copies)), "")
        except Exception as error:  # noqa: BLE001 - somebody's module, which learns on one device
            why = f"the module cannot be copied: {str(error).partition(chr(10))[0]}"
    if why:
        say(f"one device trains: {why}")
        return Replicas(module)
    say(f"{len(used)} devices train, and each takes a part of every batch")
    if any("BatchNorm" in type(each).__name__ for each in module.modules()):
        say("batch normalisation sees the rows of its own device; running means are the first's")
    return Replicas(module, copies)


def _obstacle(module: Any) -> str:
    """Return why a module may learn on one device only; empty if it may on several."""
    for name, weight in module.named_parameters():
        if any(getattr(weight, hooks, None) for hooks in _HOOKS_OF_WEIGHTS):
            return f"a hook looks at the gradient of {name}, which each device has a part of"
    for each in module.modules():
        if isinstance(each, _WRAPPERS):
            return f"the module holds a {type(each).__name__}, which finds devices itself"
        if any(
            not _is_of_torch(hook) for hooks in _HOOKS for hook in getattr(each, hooks).values()
        ):
            return f"a hook of model.py sees what {type(each).__name__} does"
    return ""


def _is_of_torch(hook: Any) -> bool:
    return str(getattr(hook, "__module__", "")).startswith("torch.")


def _kept(copy: Any, module: Any, columns: int) -> str:
    """Return what a copy keeps of a batch besides buffers, which each device would keep of its own.

    Raises:
        Exception: it does not compute on its device.
    """
    random = torch.Generator().manual_seed(1)
    rows = torch.rand(_ROWS, columns, generator=random)
    before = {(path, name): value for path, name, value in attributes(copy)}
    copy.train()
    with torch.random.fork_rng(devices=[]):
        outputs_of(copy, rows.to(place_of(copy), element_type(copy)))
    _take(copy, module)  # buffers are no matter
    for path, name, value in attributes(copy):
        if (path, name) not in before or not is_same(before[path, name], value):
            named = ".".join(filter(None, (path, name)))
            return f"the module keeps {named!r} from one batch to the next, which is no buffer"
    return ""


def _take(copy: Any, first: Any) -> None:
    """Give a copy weights and buffers of the first."""
    with torch.no_grad():
        for its, own in _pairs(first.parameters(), copy.parameters()):
            own.requires_grad_(its.requires_grad)
            own.copy_(its, non_blocking=True)
            own.grad = None
        for its, own in _pairs(first.modules(), copy.modules()):
            _take_buffers(own, its, place_of(copy))


def _take_buffers(own: Any, its: Any, place: Any) -> None:
    for name, value in its.named_buffers(recurse=False):
        there: Any = getattr(own, name, None)
        if _can_take(there, value):
            there.copy_(value, non_blocking=True)
        else:
            setattr(own, name, value.detach().to(place, copy=True))


def _can_take(there: Any, value: Any) -> bool:
    """Tell whether a buffer has room; one that was expanded has not."""
    if there is None or (there.shape, there.dtype) != (value.shape, value.dtype):
        return False
    return 0 not in there.stride()


def _pairs(some: Iterator[Any], others: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
    return zip(some, others, strict=True)
