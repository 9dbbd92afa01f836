"""Callbacks of params.json for frameworks that have none: their arguments mean what Keras says."""

import json
from dataclasses import dataclass, replace
from typing import Any, Self

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.framework import RoundMetrics
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.nearest import nearest

NOT_NEEDED = {
    "TerminateOnNaN": "a loss that is not a number ends every training",
    "History": "every run keeps its history",
    "ProgbarLogger": "progress is told by the run",
    "BackupAndRestore": "every training keeps checkpoints",
    "ModelCheckpoint": "checkpoints are kept with the run; EarlyStopping has restore_best_weights",
}
_DOWN, _UP = ("loss", "error"), ("accuracy", "auc")  #: how names of metrics end, by what is better


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoredMetric:
    """A metric of each round, and when it has become better."""

    monitor: str = "val_loss"
    mode: str = "auto"
    min_delta: float = 0.0
    patience: int = 0
    verbose: int = 0  #: taken, and of no use: the log tells

    def __post_init__(self) -> None:
        name = type(self).__name__
        if self.mode not in ("auto", "min", "max"):
            raise _wrong(name, "mode", self.mode, '"auto", "min" or "max"')
        if self.mode == "auto" and not self.monitor.endswith((*_DOWN, *_UP)):
            raise _wrong(name, "monitor", self.monitor, 'known: say "mode": "min" or "max"')
        if not isinstance(self.patience, int) or self.patience < 0:
            raise _wrong(name, "patience", self.patience, "a whole number, 0 or more")

    @property
    def is_higher_better(self) -> bool:
        """Tell in which direction the metric becomes better."""
        return self.mode == "max" or (self.mode == "auto" and self.monitor.endswith(_UP))

    def value(self, metrics: RoundMetrics) -> float:
        """Return the metric of a round.

        Raises:
            TrainingError: there is none of that name.
        """
        if self.monitor not in metrics:
            raise TrainingError(
                f"params.json: callbacks.{type(self).__name__} watches {self.monitor!r}, and a "
                f"round tells {', '.join(metrics)}",
                f'"monitor": "{next(iter(metrics))}"',
            )
        return metrics[self.monitor]

    def is_better(self, value: float, than: float | None) -> bool:
        """Tell whether a value is better by more than `min_delta`; anything is than None."""
        if than is None:
            return True
        delta = abs(self.min_delta)
        return value - delta > than if self.is_higher_better else value + delta < than


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyStopping(MonitoredMetric):
    """Ends a training of which a metric became no better for `patience` rounds."""

    baseline: float | None = None
    restore_best_weights: bool = False
    start_from_epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceLROnPlateau(MonitoredMetric):
    """Multiplies the learning rate by `factor` where a metric became no better for `patience` rounds."""

    min_delta: float = 1e-4
    patience: int = 10
    factor: float = 0.1
    cooldown: int = 0
    min_lr: float = 0.0

    def __post_init__(self) -> None:
        MonitoredMetric.__post_init__(self)
        if not 0 < self.factor < 1:
            raise _wrong("ReduceLROnPlateau", "factor", self.factor, "between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How long an `EarlyStopping` has seen nothing better."""

    asked: EarlyStopping
    best: float | None = None
    best_round: int = -1
    wait: int = 0

    def after(self, number: int, metrics: RoundMetrics) -> Self:
        """Return the callback's state after a round."""
        value = self.asked.value(metrics)
        if number < self.asked.start_from_epoch:
            return self
        if not self.asked.is_better(value, self.best):
            return replace(self, wait=self.wait + 1)
        beats = self.asked.baseline is None or self.asked.is_better(value, self.asked.baseline)
        return replace(self, best=value, best_round=number, wait=0 if beats else self.wait + 1)

    def is_over(self, number: int) -> bool:
        """Tell whether round `number` is the last one."""
        is_watched = number > 0 and self.best_round not in (-1, number)
        return is_watched and self.wait >= self.asked.patience


_KNOWN: dict[str, type[EarlyStopping] | type[ReduceLROnPlateau]] = {
    "EarlyStopping": EarlyStopping,
    "ReduceLROnPlateau": ReduceLROnPlateau,
}


def callbacks(job: TrainingJob, who: str) -> tuple[EarlyStopping | ReduceLROnPlateau, ...]:
    """Return the callbacks of params.json.

    Args:
        job: what the training is told.
        who: trains, for errors.

    Raises:
        TrainingError: one is unknown, or its arguments are wrong.
    """
    asked = job.params.fitting.callbacks
    return tuple(
        _callback(name, json.loads(text), who) for name, text in asked if not is_needless(name)
    )


def is_needless(name: str) -> bool:
    """Tell whether there is nothing left to do for a callback; the log says why."""
    if name in NOT_NEEDED:
        print(f"mlaas4hep: {name} does nothing here: {NOT_NEEDED[name]}", flush=True)  # noqa: T201 - the run's log
    return name in NOT_NEEDED


def _callback(name: str, arguments: dict[str, Any], who: str) -> EarlyStopping | ReduceLROnPlateau:
    if name not in _KNOWN:
        raise TrainingError(
            f"params.json: callbacks: {who} has no callback {name!r} here",
            nearest(name, [*_KNOWN]) or f"there are {', '.join(_KNOWN)}",
        )
    kind = _KNOWN[name]
    known = kind.__dataclass_fields__
    for argument, value in arguments.items():
        if argument not in known:
            raise TrainingError(
                f"params.json: callbacks.{name} takes no {argument!r}",
                f"it takes {', '.join(known)}",
            )
        if not _fits(value, known[argument].default):
            raise _wrong(name, argument, value, f"such as {json.dumps(known[argument].default)}")
    return kind(**arguments)


def _fits(value: Any, usual: Any) -> bool:
    """Tell whether an argument is of the type of its default; None stands for a number."""
    if isinstance(usual, str | bool):
        return isinstance(value, type(usual))
    if value is None:
        return usual is None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _wrong(name: str, argument: str, value: Any, wanted: str) -> TrainingError:
    return TrainingError(
        f"params.json: callbacks.{name}: {argument} is {value!r}, not {wanted}",
        "arguments mean what Keras's pages say",
    )
