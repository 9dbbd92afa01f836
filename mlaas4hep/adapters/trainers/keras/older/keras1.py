"""Arguments of Keras 1 and of early Keras 2, under the names that came later."""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

#: of layers, each with the names it may have today, the first that the layer knows is meant
_LAYERS: Mapping[str, tuple[str, ...]] = {
    "output_dim": ("units",),
    "nb_filter": ("filters",),
    "filter_length": ("kernel_size",),
    "subsample_length": ("strides",),
    "subsample": ("strides",),
    "border_mode": ("padding",),
    "init": ("kernel_initializer", "embeddings_initializer"),
    "inner_init": ("recurrent_initializer",),
    "W_regularizer": ("kernel_regularizer", "embeddings_regularizer"),
    "U_regularizer": ("recurrent_regularizer",),
    "b_regularizer": ("bias_regularizer",),
    "W_constraint": ("kernel_constraint", "embeddings_constraint"),
    "b_constraint": ("bias_constraint",),
    "bias": ("use_bias",),
    "p": ("rate",),
    "dropout_W": ("dropout",),
    "dropout_U": ("recurrent_dropout",),
    "inner_activation": ("recurrent_activation",),
    "sigma": ("stddev",),
    "beta_init": ("beta_initializer",),
    "gamma_init": ("gamma_initializer",),
    "pool_length": ("pool_size",),
    "batch_input_shape": ("batch_input_shape",),
    "alpha": ("negative_slope", "alpha"),
}
_FORGOTTEN = ("mode", "weights_only", "dim_ordering")  #: of layers; they mean nothing any more


def understand(
    layers: Iterable[type[Any]], optimizers: Iterable[type[Any]], decaying: Callable[..., Any]
) -> Callable[[], None]:
    """Let these classes understand old arguments; return what undoes it.

    Args:
        layers: classes of layers.
        optimizers: classes of optimizers.
        decaying: Keras's InverseTimeDecay, which is what `decay` became.
    """
    changed: list[tuple[type[Any], Any]] = []
    for kind in layers:
        changed.append((kind, _own(kind)))
        kind.__init__ = _layer(kind, kind.__init__)
    for kind in optimizers:
        changed.append((kind, _own(kind)))
        kind.__init__ = _optimizer(kind, kind.__init__, decaying)

    def undo() -> None:
        for kind, build in changed:
            if build is None:
                del kind.__init__
            else:
                kind.__init__ = build

    return undo


def _own(kind: type[Any]) -> Any:
    return vars(kind).get("__init__")


def _layer(kind: type[Any], build: Any) -> Any:
    known = _known(kind)

    @functools.wraps(build)
    def understanding(self: Any, *args: Any, **kwargs: Any) -> None:
        for old in [name for name in kwargs if name in _LAYERS and name not in known]:
            today = next((name for name in _LAYERS[old] if name in known), None)
            if today and today != old:
                say(f"{kind.__name__}: `{old}` is called `{today}` now")
                kwargs[today] = kwargs.pop(old)
        for old in _FORGOTTEN:
            if old not in known:
                kwargs.pop(old, None)
        build(self, *args, **kwargs)

    return understanding


def _known(kind: type[Any]) -> set[str]:
    """Return the arguments that a class names, its parents' included."""
    names: set[str] = set()
    for each in kind.__mro__:
        build = vars(each).get("__init__")
        if build is not None and build is not object.__init__:
            names |= set(inspect.signature(inspect.unwrap(build)).parameters)
    return names - {"self", "args", "kwargs"}


def _optimizer(kind: type[Any], build: Any, decaying: Callable[..., Any]) -> Any:
    @functools.wraps(build)
    def understanding(self: Any, *args: Any, **kwargs: Any) -> None:
        rate = kwargs.pop("lr", None)
        if rate is not None:
            say(f"{kind.__name__}: `lr` is called `learning_rate` in Keras 3")
            kwargs["learning_rate"] = rate
        if kwargs.get("epsilon", 0.0) is None:
            del kwargs["epsilon"]
        decay = kwargs.pop("decay", None)
        if decay:
            say(f"{kind.__name__}: `decay` became keras.optimizers.schedules.InverseTimeDecay")
            first = args[0] if args else kwargs.pop("learning_rate", 0.001)
            args = args[1:]
            kwargs["learning_rate"] = decaying(first, decay_steps=1, decay_rate=decay)
        build(self, *args, **kwargs)

    return understanding


def say(line: str) -> None:
    """Tell the run's log."""
    print(f"mlaas4hep: {line}", flush=True)  # noqa: T201 - stdout is the run's log
