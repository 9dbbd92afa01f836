"""Keras on TensorFlow as a `Framework`."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mlaas4hep.adapters.trainers.child.failure import check_gpu
from mlaas4hep.adapters.trainers.keras import checks, compiling, devices, wrapping
from mlaas4hep.adapters.trainers.keras.model import KerasModel
from mlaas4hep.adapters.trainers.keras.older.keras2 import (
    WrappedBuilder,
    become_keras2,
    is_keras2,
    old_spellings,
)
from mlaas4hep.adapters.trainers.keras.outputs import outputs_of
from mlaas4hep.adapters.trainers.keras.own.methods import build_rest
from mlaas4hep.adapters.trainers.keras.own.moment import Moment, build_unseen
from mlaas4hep.adapters.trainers.keras.targets import targets
from mlaas4hep.core.models.training import TrainingJob, Versions

_OF_VERSIONS = (ImportError, AttributeError, TypeError, ValueError, NotImplementedError)


class Keras:
    """See `framework.Framework`."""

    def __init__(self, find_devices: Callable[[], Sequence[str]] = devices.gpus) -> None:
        """Train on all the devices that `find_devices` finds, if they are several."""
        self._find_devices = find_devices
        self._spread = ExitStack()  #: open while models are built for several devices

    @contextmanager
    def running(self, seed: int) -> Iterator[None]:
        """Seed Python, NumPy and TensorFlow, and understand spellings of Keras 2.

        Names begin anew: a metric is `auc` in the models of all folds, not `auc_1` in the second.
        """
        keras.utils.clear_session(free_memory=False)
        if sys.modules["keras"] is not keras:  # Keras 2, since another model of this training
            sys.modules["keras"].backend.reset_uids()
        keras.utils.set_random_seed(seed)
        with old_spellings(), self._spread:
            self._spread.enter_context(devices.spread(self._find_devices()))
            yield

    def owns(self, made: object) -> bool:
        """Tell whether it is a Keras model, or what wrapped one for scikit-learn."""
        return isinstance(made, keras.Model) or is_keras2(made) or isinstance(made, WrappedBuilder)

    def older(self, error: BaseException, seed: int) -> bool:
        """Leave all devices but one, and become Keras 2 if its version may be why model.py raised."""
        were_several = devices.are_several()
        self._spread.close()
        if isinstance(error, _OF_VERSIONS) and _may_be_older(error):
            become_keras2(seed)
            return True
        if were_several:
            keras.utils.set_random_seed(seed)
        return were_several

    def build(self, made: Any, job: TrainingJob, defined: Mapping[str, Any]) -> KerasModel:
        """Check a model, and make it one of one input and one output that is compiled."""
        check_gpu(job, "TensorFlow", sees_one=bool(self._find_devices()))
        if isinstance(made, WrappedBuilder):
            made = made.build(job.columns)
        checks.check_kind(made)
        checks.check_stateless(made)
        build_unseen(made, job.columns)
        begun = Moment(made)
        model = self._tried(compiling.prepared(made, job), job, defined)
        begun.come_back()
        return model

    def _tried(self, made: Any, job: TrainingJob, defined: Mapping[str, Any]) -> KerasModel:
        """Return a compiled model after each of its steps was tried."""
        devices.check(made, job.params.batch_size)
        wanted = targets(made, job, outputs_of(made, job.columns))
        wanted.check_outputs(job.labels)
        wrapping.show_labels_only(made, wanted)
        build_rest(made, wanted, job)
        model = KerasModel(made, job, wanted, defined)
        try:
            model.dry_run()
        except Exception:  # somebody's own loss raises anything; it may want class numbers
            if wanted.by_number() == wanted:
                raise
            model = KerasModel(made, job, wanted.by_number(), defined)
            model.dry_run()
        return model

    def versions(self) -> Versions:
        """Return the versions of TensorFlow, Keras and NumPy."""
        return (
            ("tensorflow", tf.__version__),
            ("keras", sys.modules["keras"].__version__),
            ("numpy", np.__version__),
        )


def _may_be_older(error: BaseException) -> bool:
    elsewhere = isinstance(error, ModuleNotFoundError) and "keras" not in str(error.name)
    return sys.modules.get("keras") is keras and not elsewhere


FRAMEWORK = Keras()
