"""Spellings of Keras 1 and 2 that the models of the ancestors use and Keras 3 refuses.

`Adam(lr=1e-3, decay=1e-4)` is understood again, with a line in the run's log.
"""

import functools
from typing import Any

import keras


def accept_old_spellings() -> None:
    """Teach every optimizer of Keras the arguments `lr` and `decay`; once per process."""
    for name in dir(keras.optimizers):
        kind = getattr(keras.optimizers, name)
        if isinstance(kind, type) and issubclass(kind, keras.optimizers.Optimizer):
            _teach(kind)


def _teach(kind: type[Any]) -> None:
    build = kind.__init__

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

    # an optimizer rebuilt from its configuration goes the same way
    kind.__init__ = understanding


def _say(line: str) -> None:
    print(f"mlaas4hep: {line}", flush=True)  # noqa: T201 - stdout is the run's log
