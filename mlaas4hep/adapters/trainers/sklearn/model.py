"""An estimator as a `SampleModel`: in steps with `partial_fit`, else on the sample in memory."""

import inspect
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from mlaas4hep.adapters.native.sklearn import RowCountError, scores
from mlaas4hep.adapters.trainers import tabular
from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.child.labels import check_one_label
from mlaas4hep.adapters.trainers.framework import (
    Block,
    Export,
    Floats,
    RoundMetrics,
    Sample,
    State,
)
from mlaas4hep.adapters.trainers.pickling import pickled
from mlaas4hep.adapters.trainers.sklearn import convert
from mlaas4hep.adapters.trainers.sklearn.byname import count_categories, count_columns
from mlaas4hep.adapters.trainers.sklearn.columns import classes_of_columns, takes_columns
from mlaas4hep.adapters.trainers.sklearn.estimators import (
    check_arguments,
    classifies,
    learns_in_steps,
    oddities,
)
from mlaas4hep.adapters.trainers.sklearn.refusals import check_neighbours, naming_what_refuses
from mlaas4hep.adapters.trainers.sklearn.trial import check_by_trying
from mlaas4hep.core.models.bundle.conversion import Missing
from mlaas4hep.core.models.goals import joint_task
from mlaas4hep.core.models.training import ModelSummary, TrainingJob
from mlaas4hep.core.requests.task import Task

_BYTES_A_VALUE = 12.0  #: the sample, and the copies that estimators make of it
_FILE = "model.pickle"


class SklearnModel:
    """See `framework.SampleModel`."""

    missing: Missing = "zero"

    def __init__(self, estimator: Any, job: TrainingJob) -> None:
        self.estimator = estimator
        self._job = job
        self._classifies = classifies(estimator)
        self._names = job.label_columns.names
        if not takes_columns(estimator):
            check_one_label(type(estimator).__name__, job)
        check_arguments(estimator)
        count_categories(estimator, job)
        count_columns(estimator, job.names)
        self._in_steps = learns_in_steps(estimator)
        if job.weights.is_used:
            self._weight_name()
        if self._classifies:
            tabular.check_known_classes(job)
        if job.entries:  # known
            check_neighbours(estimator, job.entries)
        check_by_trying(estimator, job, classifies=self._classifies)
        self._mixes = job.params.shuffle
        self.rounds = job.params.epochs if self._in_steps else 1
        self.summary = _summary(estimator, job)
        if not self._in_steps:
            name = type(estimator).__name__
            instead = "an estimator with partial_fit, or boosted trees of XGBoost or LightGBM"
            tabular.check_memory(job, _BYTES_A_VALUE, name, instead)

    def check_labels(self, labels: Floats) -> None:
        """Refuse what is no class number, for a classifier."""
        if self._classifies:
            tabular.check_classes(labels, self._job)

    def fit(self, sample: Sample, done: int) -> Iterator[RoundMetrics]:
        """Do one round over the sample, or one for each epoch if the estimator learns in steps."""
        if not self._in_steps:
            if not done:
                self._fit_whole(sample)
                yield self._figures(sample)
            return
        classes = self._classes(sample) if self._classifies else None
        for epoch in range(done, self.rounds):
            random = np.random.default_rng([self._job.params.seed, epoch])
            for block in sample.training():
                mixed = random.permutation(block.order) if self._mixes else block.order
                self._learn(replace(block, order=mixed), classes)
            yield self._figures(sample)

    def predict(self, block: Block) -> Floats:
        """Return probabilities, shape (n, 1) for two classes; values for regressors."""
        with naming_what_refuses("learned its entries, but has no prediction for others"):
            given = np.concatenate([self._scores(x) for x in tabular.pieces(block)])
        if self._names and given.shape[1] != len(self._names):
            raise TrainingError(
                f"{type(self.estimator).__name__} gives {given.shape[1]} numbers for an entry, and "
                f"there are {len(self._names)} label columns ({', '.join(self._names)})",
                "one number for each of them",
            )
        return given

    def _kept(self, what: Any) -> bytes:
        try:
            return pickled(what)
        except (TypeError, ValueError, AttributeError, pickle.PicklingError) as error:
            raise TrainingError(
                f"{MODEL_FILE}: {type(self.estimator).__name__} cannot be stored: {error}",
                "keep no locks, threads, open files or generators in its attributes",
            ) from error

    def _scores(self, x: Floats) -> Floats:
        try:
            return scores(self.estimator, x)
        except RowCountError as error:
            raise TrainingError(f"{MODEL_FILE}: {error}", "it is to give a row for each") from error

    def finish(self) -> None:
        """Leave the estimator as it is, which has all that it learned."""

    def state(self) -> State:
        """Return the estimator and the state of NumPy's generator.

        The pickle is read back by `restore` only, in the confined process that runs model.py.
        """
        generator = np.random.get_state()  # noqa: NPY002 - what scikit-learn uses
        content = self._kept((self.estimator, generator))
        return {"pickle": np.frombuffer(content, np.uint8)}

    def restore(self, state: State) -> None:
        """Take them."""
        self.estimator, generator = pickle.loads(bytes(state["pickle"]))  # noqa: S301 - see `state`
        np.random.set_state(generator)  # noqa: NPY002 - what scikit-learn uses

    def export(self, folder: Path, sample: Floats) -> Export:
        """Write model.pickle and model.onnx."""
        (folder / _FILE).write_bytes(self._kept(self.estimator))
        labels = self._job.label_columns.labels
        return Export.of(convert.write_onnx(folder, self.estimator, sample, labels))

    def _learn(self, block: Block, classes: Any) -> None:
        x, y, weights = tabular.taken(block)
        keywords = self._weighted(weights)
        if classes is not None and _takes(self.estimator.partial_fit, "classes"):
            keywords["classes"] = classes
        # Its batches are small: threads would spend their time waiting for each other.
        with (
            threadpool_limits(limits=1, user_api="blas"),
            naming_what_refuses("does not learn the entries", weights),
        ):
            self.estimator.partial_fit(x, self._target(y), **keywords)

    def _fit_whole(self, sample: Sample) -> None:
        x, y, weights = tabular.gathered(sample.training(), self._job)
        self._check_several(y)
        params = self._job.params
        offered = {"epochs": params.epochs, "batch_size": params.batch_size}
        taken = _parameters(self.estimator.fit)  # somebody's own class may want these
        keywords = {name: value for name, value in offered.items() if name in taken}
        check_neighbours(self.estimator, len(x))
        with naming_what_refuses("does not learn the entries", weights):
            self.estimator.fit(x, self._target(y), **keywords, **self._weighted(weights))

    def _check_several(self, labels: Floats) -> None:
        """Refuse labels of a classifier of which all are the same."""
        if self._classifies and self._names:
            tabular.check_both(labels, self._names)
        elif self._classifies:
            tabular.class_count(labels)

    def _weighted(self, weights: Floats | None) -> dict[str, Any]:
        """Return weights under the name that the estimator, or a pipeline's last step, takes."""
        return {} if weights is None else {self._weight_name(): weights}

    def _weight_name(self) -> str:
        return convert.weight_name(self.estimator, "partial_fit" if self._in_steps else "fit")

    def _target(self, labels: Floats) -> Any:
        return labels.astype(np.int64) if self._classifies else labels

    def _classes(self, sample: Sample) -> Any:
        """Return all classes, which the first step must know."""
        if self._names:
            return classes_of_columns(self.estimator, len(self._names))
        labels = self._job.labels or np.concatenate(
            [np.unique(block.y[block.order]) for block in sample.training()]
        )
        return np.arange(tabular.class_count(np.asarray(labels, np.float32)))

    def _figures(self, sample: Sample) -> RoundMetrics:
        found: RoundMetrics = {}
        for prefix, blocks in (("", sample.training()), ("val_", sample.validation())):
            sums = tabular.ScoreSums(classifies=self._classifies)
            for block in blocks:
                sums.add(self.predict(block), *tabular.answers(block))
            found |= sums.metrics(prefix)
        return found


def _summary(estimator: Any, job: TrainingJob) -> ModelSummary:
    steps = [step for _, step in getattr(estimator, "steps", [])] or [estimator]
    is_classifier = classifies(estimator)
    classes = tabular.known_classes(job)
    loss = "log_loss" if is_classifier else "mean_squared_error"
    task: Task = "regression"
    if is_classifier:
        task = "binary" if classes == 2 else "multiclass"  # noqa: PLR2004
    goals = tabular.goals(job, loss, "binary" if is_classifier else task)
    width = classes if is_classifier and classes > 2 else 1  # noqa: PLR2004
    return ModelSummary(
        parameters=0,
        layers=tuple(type(step).__name__ for step in steps),
        input_width=job.columns,
        output_shape=(len(goals) or width,),
        loss=loss,
        task=joint_task(goals) if goals else task,
        goals=goals,
        warnings=(*oddities(estimator), *(tabular.sampled_gap(job) if is_classifier else ())),
    )


def _parameters(function: Any) -> set[str]:
    return set(inspect.signature(function).parameters)


def _takes(function: Any, name: str) -> bool:
    """Tell whether it has such an argument, or hands on whatever it gets, as own classes do."""
    parameters = inspect.signature(function).parameters
    return name in parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values())
