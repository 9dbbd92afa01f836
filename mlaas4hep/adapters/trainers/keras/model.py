"""A compiled Keras model as a `BlockModel`."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.framework import Block, Export, Floats, RoundMetrics, State
from mlaas4hep.adapters.trainers.keras import bundle, wrapping
from mlaas4hep.adapters.trainers.keras.callbacks import Callbacks
from mlaas4hep.adapters.trainers.keras.checks import oddities
from mlaas4hep.adapters.trainers.keras.engine import Engine
from mlaas4hep.adapters.trainers.keras.optimizers import finalize, optimizer_variables
from mlaas4hep.adapters.trainers.keras.own import chance
from mlaas4hep.adapters.trainers.keras.own.methods import is_own
from mlaas4hep.adapters.trainers.keras.own.ownfit import OwnFit
from mlaas4hep.adapters.trainers.keras.own.remembered import ModelMemory, as_array, assign
from mlaas4hep.adapters.trainers.keras.targets import Targets
from mlaas4hep.core.models.bundle.conversion import Missing
from mlaas4hep.core.models.training import ModelSummary, TrainingJob

_CALLED = "callbacks."  #: begins the names of what callbacks remember
_CHANCE = "chance"
_BESIDE = "beside."  #: the same of what the model does besides its variables


class KerasModel:
    """See `framework.BlockModel`."""

    missing: Missing = "zero"

    def __init__(
        self, made: Any, job: TrainingJob, target: Targets, defined: Mapping[str, Any]
    ) -> None:
        batch_size = job.params.batch_size
        self.keras = made
        self.target = target
        self.summary = _summary(made, job, target)
        self._scores = wrapping.scoring(made, job.columns) if target.is_inputs else None
        self._engine = Engine(made, job, target, self._scores)
        self._callbacks = Callbacks(made, job, defined)
        self._beside = ModelMemory(made)
        self._batch_size = batch_size
        self._validates = job.params.validates
        self._own_fit = (
            OwnFit(made, target, batch_size, job.weights.is_used) if is_own(made, "fit") else None
        )

    def check_labels(self, labels: Floats) -> None:
        """Refuse what the loss cannot compare."""
        self.target.check(labels)

    def dry_run(self) -> None:
        """Try what a training will do, so that mistakes in model.py show before it."""
        if self._own_fit:
            self._own_fit.check()
        with _memory_errors():
            self._engine.dry_run()
        self._callbacks.check(self._engine.figures(), validates=self._validates)

    def learn(self, block: Block) -> None:
        """Learn from the block's rows, unless the model wants to stop."""
        self._callbacks.begin_round()
        with _memory_errors():
            if self._own_fit:
                self._own_fit.learn(block)
            elif self._callbacks.sees_batches:
                self._by_batch(self._engine.train, block)
            else:
                self._engine.train(block)

    def test(self, block: Block) -> None:
        """Compare predictions with labels."""
        self._callbacks.begin_test()
        with _memory_errors():
            if self._callbacks.sees_tests:
                self._by_batch(self._engine.test, block)
            else:
                self._engine.test(block)

    def metrics(self) -> RoundMetrics:
        """Return loss and metrics since the last call."""
        told = self._own_fit.metrics() if self._own_fit else {}
        found = self._engine.metrics() | told
        self._callbacks.end_test(found)
        return found

    def end_round(self, number: int, metrics: RoundMetrics) -> bool:
        """Go on unless a callback or model.py set `stop_training`."""
        self._callbacks.end_round(metrics)
        if self.keras.stop_training:
            _say(f"stop_training was set: the training ends after round {number + 1}")
        return not self.keras.stop_training

    def predict(self, block: Block) -> Floats:
        """Return the outputs for the block's rows."""
        with _memory_errors():
            return self._engine.predict(block.x, block.order)

    def finish(self) -> int | None:
        """Do what `fit` does at its end.

        Raises:
            TrainingError: a weight is not a number.
        """
        finalize(self.keras)
        kept = self._callbacks.finish()
        for variable in self.keras.variables:
            values = np.asarray(variable)
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                raise TrainingError(
                    f"the weights of {variable.name!r} became NaN or infinite",
                    "a smaller learning rate may help; inputs lie between 0 and 1 already",
                )
        return kept

    def state(self) -> State:
        """Return weights, random states, optimizers' variables, and what else is remembered."""
        return {
            **{f"v{i}": as_array(variable) for i, variable in enumerate(self._variables())},
            **_with_prefix(_CALLED, self._callbacks.state()),
            **_with_prefix(_BESIDE, self._beside.state()),
            _CHANCE: chance.standing(),
        }

    def restore(self, state: State) -> None:
        """Set them; of a model whose random numbers are in no checkpoint the summary says so."""
        variables, beside = self._variables(), _without_prefix(_BESIDE, state)
        arrays = [state[f"v{i}"] for i in range(len(variables))]
        if beside:  # releases before 2026-11 stored nothing of that
            variables += self._beside.variables()
            arrays += [beside[str(place)] for place in range(len(beside) - 1)]
        assign(variables, arrays)
        self._callbacks.restore(_without_prefix(_CALLED, state))
        if beside:
            self._beside.restore_plain(beside)
        if _CHANCE in state:  # the same
            chance.put_back(state[_CHANCE])
        if self._engine.draws_hidden():
            warnings = (*self.summary.warnings, chance.BEGIN_ANEW)
            self.summary = replace(self.summary, warnings=warnings)

    def export(self, folder: Path, sample: Floats) -> Export:
        """Write SavedModel, model.keras and model.tflite."""
        if self._scores is not None:
            bundle.write_keras(folder / "autoencoder.keras", self.keras)
            return bundle.write(folder, self._scores, sample)
        outputs = self.target.outputs
        return bundle.write(folder, wrapping.by_name(self.keras, sample.shape[1], outputs), sample)

    def _by_batch(self, work: Callable[[Block], None], block: Block) -> None:
        """Learn or test batch by batch, so that callbacks see each."""
        for start in range(0, len(block.order), self._batch_size):
            self._callbacks.batch()
            rows = block.order[start : start + self._batch_size]
            work(replace(block, order=rows))
            self._callbacks.batch(self._engine.so_far())
            if self.keras.stop_training:
                return

    def _variables(self) -> list[Any]:
        return [*self.keras.variables, *optimizer_variables(self.keras.optimizer)]


def _with_prefix(prefix: str, state: State) -> State:
    return {f"{prefix}{name}": array for name, array in state.items()}


def _without_prefix(prefix: str, state: State) -> State:
    found = {name for name in state if name.startswith(prefix)}
    return {name.removeprefix(prefix): state[name] for name in found}


def _summary(made: Any, job: TrainingJob, target: Targets) -> ModelSummary:
    return ModelSummary(
        parameters=int(made.count_params()),
        layers=tuple(
            f"{layer.name} ({type(layer).__name__}): {layer.count_params()}"
            for layer in made.layers
        ),
        input_width=job.columns,
        output_shape=(1 if target.is_inputs else target.width,),
        loss=target.loss,
        task=target.task,
        gives_logits=target.logits,
        outputs=target.outputs.shapes,
        goals=target.goals,
        ranges=target.ranges,
        warnings=(*oddities(made), *target.doubts),
    )


@contextmanager
def _memory_errors() -> Iterator[None]:
    """Call it by Python's name when TensorFlow finds no memory."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError(str(error)) from error


def _say(line: str) -> None:
    print(f"mlaas4hep: {line}", flush=True)  # noqa: T201 - stdout is the run's log
