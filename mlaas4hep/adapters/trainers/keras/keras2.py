"""Spellings of Keras 1 and 2 that the models of the ancestors use and Keras 3 refuses.

`Adam(lr=1e-3, decay=1e-4)` is understood again, with a line in the run's log.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras


@contextmanager
def old_spellings() -> Iterator[None]:
    """Let every optimizer of Keras understand `lr` and `decay` while the context lasts."""
    kinds: set[Any] = {
        kind
        for kind in vars(keras.optimizers).values()
        if isinstance(kind, type) and issubclass(kind, keras.optimizers.Optimizer)
    }
    own = {kind: kind.__init__ for kind in kinds}
    for kind, build in own.items():
        kind.__init__ = _understanding(kind, build)
    try:
        yield
    finally:
        for kind, build in own.items():
            kind.__init__ = build


def _understanding(kind: type[Any], build: Any) -> Any:

    @functools.wraps(build)
    def understanding(self: Any, *args: Any, **kwargs: Any) -> None:
        rate = kwargs.pop("lr", None)
        if rate is not None:
            _say(f"{kind.__name__}: `lr` is called `learning_rate` in Keras 3")
            kwargs["learning_rate"] = rate
        decay = kwargs.pop("decay", None)
        if decay:
            _say(f"{kind.__name__}: `decay` became keras.optimizers.schedules.InverseTimeDecay")
            first = args[0] if args else kwargs.pop("learning_rate", 0.001)
            args = args[1:]
            kwargs["learning_rate"] = keras.optimizers.schedules.InverseTimeDecay(
                first, decay_steps=1, decay_rate=decay
            )
        build(self, *args, **kwargs)

    return understanding


def _say(line: str) -> None:
    print(f"mlaas4hep: {line}", flush=True)  # noqa: T201 - stdout is the run's log
