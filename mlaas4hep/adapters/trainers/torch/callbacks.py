"""The callbacks of params.json, at the end of each round of a PyTorch training."""

from collections.abc import Collection, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

import torch

from mlaas4hep.adapters.trainers import onnxfile
from mlaas4hep.adapters.trainers.callbacks import (
    EarlyStopping,
    ReduceLROnPlateau,
    Waiting,
    callbacks,
)
from mlaas4hep.adapters.trainers.framework import RoundMetrics
from mlaas4hep.adapters.trainers.monitors import check_monitors
from mlaas4hep.adapters.trainers.torch.extrastate import Attribute, attributes, put_back
from mlaas4hep.core.models.training import TrainingJob


class Callbacks:
    """Those of one training."""

    def __init__(self, module: Any, optimizer: Any, job: TrainingJob) -> None:
        """Make them.

        Raises:
            TrainingError: one is unknown, or its arguments are wrong.
        """
        self._asked = asked = callbacks(job, "PyTorch")
        self._validates = job.params.validates
        self._module = module
        self._waiting = [Waiting(asked=one) for one in asked if isinstance(one, EarlyStopping)]
        self._plateaus = [
            (one, _scheduler(one, optimizer)) for one in asked if isinstance(one, ReduceLROnPlateau)
        ]
        self._best: dict[str, Any] | None = None  #: weights, if they are to come back
        self._beside: list[Attribute] = []  #: what the module kept beside them

    def check(self, figures: Collection[str]) -> None:
        """Refuse callbacks that watch other figures; see `check_monitors`."""
        check_monitors(self._asked, figures, validates=self._validates)

    def end_round(self, number: int, metrics: RoundMetrics) -> bool:
        """Act on the metrics of a round; return whether training goes on."""
        for asked, scheduler in self._plateaus:
            scheduler.step(asked.value(metrics))
        self._waiting = [each.after(number, metrics) for each in self._waiting]
        for each in self._waiting:
            if each.asked.restore_best_weights and each.best_round == number:
                self._best = deepcopy(self._module.state_dict())
                self._beside = attributes(self._module)
        over = any(each.is_over(number) for each in self._waiting)
        if over:
            onnxfile.say(f"EarlyStopping: the training ends after round {number + 1}")
        return not over

    def finish(self) -> int | None:
        """Put the best weights back, if that was asked for; return the round that they are of."""
        if self._best is None:
            return None
        self._module.load_state_dict(self._best)
        put_back(self._module, self._beside)
        return max(e.best_round for e in self._waiting if e.asked.restore_best_weights)

    def state(self) -> dict[str, Any]:
        """Return what they remember."""
        return {
            "best": self._best,
            "beside": self._beside,
            "waiting": [(each.best, each.best_round, each.wait) for each in self._waiting],
            "plateaus": [scheduler.state_dict() for _, scheduler in self._plateaus],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take it."""
        self._best = state["best"]
        self._beside = state.get("beside", [])
        self._waiting = [
            replace(each, best=best, best_round=best_round, wait=wait)
            for each, (best, best_round, wait) in zip(self._waiting, state["waiting"], strict=True)
        ]
        for (_, scheduler), kept in zip(self._plateaus, state["plateaus"], strict=True):
            scheduler.load_state_dict(kept)


def _scheduler(asked: ReduceLROnPlateau, optimizer: Any) -> Any:
    """Return PyTorch's own, which counts one round more than Keras, to act and to cool down."""
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer,
        mode="max" if asked.is_higher_better else "min",
        factor=asked.factor,
        patience=max(asked.patience - 1, 0),
        threshold=abs(asked.min_delta),
        threshold_mode="abs",
        cooldown=max(asked.cooldown - 1, 0),
        min_lr=asked.min_lr,
        eps=0,
    )
