"""From what `model(idim)` returns to one compiled model of one input and one output."""

from typing import Any

import keras
import numpy as np

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.keras import checks, wrapping
from mlaas4hep.adapters.trainers.keras.older.keras2 import is_keras2
from mlaas4hep.adapters.trainers.keras.outputs import outputs_of
from mlaas4hep.adapters.trainers.keras.own.methods import is_own
from mlaas4hep.core.models.columngroups import column_groups
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.errors import InvalidRequestError

_OF_TRAINING = ("train_step", "test_step", "compute_loss", "compute_metrics", "fit")
_PROBED = 256  #: rows
_LARGE = 100.0  #: outputs that are no probabilities show it for large values


def prepared(made: Any, job: TrainingJob) -> Any:
    """Return the model that is trained.

    Raises:
        TrainingError: it is none, or does not fit the data.
    """
    groups = job.params.fitting.inputs
    if groups:
        made = _joined(made, job)
    checks.check_inputs(made, job.columns)
    return made if checks.is_compiled(made) else _compiled(made, job)


def _joined(made: Any, job: TrainingJob) -> Any:
    """Return the model with one input for the matrix, compiled as it was."""
    own = next((each for each in _OF_TRAINING if is_own(made, each)), "")
    if is_keras2(made) or own:
        what = "is one of Keras 2" if is_keras2(made) else f"has a {own} of its own"
        raise TrainingError(
            f"{MODEL_FILE}: the model {what}, so that `inputs` of params.json cannot be used",
            "take one input, and split it inside the model",
        )
    try:
        groups = column_groups(job.names, job.params.fitting.inputs)
    except InvalidRequestError as error:
        raise TrainingError(str(error), error.problem.hint) from error
    joined = wrapping.with_one_input(made, job.columns, groups)
    if checks.is_compiled(made):
        how = made._compile_config.config  # noqa: SLF001 - what `compile` got, own classes, too
        joined.compile(**{**how, "optimizer": made.optimizer})
    return joined


def _compiled(made: Any, job: TrainingJob) -> Any:
    """Return an uncompiled model with the loss that its outputs and the labels mean."""
    if is_keras2(made):
        raise TrainingError(
            f"{MODEL_FILE}: the model is not compiled",
            "call model.compile(optimizer='adam', loss='binary_crossentropy') before returning",
        )
    given = outputs_of(made, job.columns)
    if len(given.names) > 1:
        raise TrainingError(
            f"{MODEL_FILE}: the model has {len(given.names)} outputs and is not compiled",
            f'model.compile("adam", loss={{"{given.names[0]}": "mse", …}}) before returning it',
        )
    made = wrapping.by_name(made, job.columns, given)
    loss, activation = _meant(made, job, given.widths[0])
    if activation:
        made = wrapping.with_activation(made, job.columns, activation)
    made.compile(keras.optimizers.Adam(), loss, metrics=_metrics(loss))
    behind = f" behind {activation}" if activation else ""
    _say(f"model.py does not compile the model: it is trained with Adam and {loss}{behind}")
    return made


def _metrics(loss: str) -> list[Any]:
    """Return what else is told of each round.

    Of several outputs, "accuracy" alone would be how often the largest is of the label that is 1.
    """
    if loss == "binary_crossentropy":
        return [keras.metrics.BinaryAccuracy(name="accuracy")]
    return [] if loss == "mse" else ["accuracy"]


def _meant(made: Any, job: TrainingJob, outputs: int) -> tuple[str, str]:
    """Return the loss, and the activation that makes probabilities of the outputs."""
    several = job.label_columns.labels > 1  # one number for each label
    task = job.params.task or ("multiclass" if outputs > 1 and not several else _task(job))
    if job.params.fitting.learns_inputs or task == "regression":
        return "mse", ""
    are_probabilities = _are_probabilities(made, job.columns, independent=several)
    if outputs > 1 and not several:
        return "sparse_categorical_crossentropy", "" if are_probabilities else "softmax"
    if task == "binary" or are_probabilities:
        return "binary_crossentropy", "" if are_probabilities else "sigmoid"
    raise TrainingError(
        f"{MODEL_FILE}: the model is not compiled, and labels of a branch do not say what it learns",
        'compile it, or "task": "binary" or "regression" in params.json',
    )


def _task(job: TrainingJob) -> str:
    if not job.labels:
        return ""
    return "binary" if set(job.labels) <= {0.0, 1.0} else "regression"


def _are_probabilities(made: Any, columns: int, *, independent: bool) -> bool:
    rows = np.random.default_rng(0).standard_normal((_PROBED, columns)).astype(np.float32)
    given = np.asarray(made(np.concatenate((rows, _LARGE * rows)), training=False), np.float64)
    if (given < 0).any() or (given > 1).any() or not ((given > 0) & (given < 1)).any():
        return False
    return given.shape[1] == 1 or independent or bool(np.allclose(given.sum(axis=1), 1, atol=1e-3))


def _say(line: str) -> None:
    print(f"mlaas4hep: {line}", flush=True)  # noqa: T201 - stdout is the run's log
