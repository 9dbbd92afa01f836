"""What XGBoost and LightGBM share as a `Framework` and as a `SampleModel`."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mlaas4hep.adapters.trainers import onnxfile, tabular, trees
from mlaas4hep.adapters.trainers.child.failure import (
    MODEL_FILE,
    TrainingError,
    check_gpu,
    kind_of,
)
from mlaas4hep.adapters.trainers.earlystop import EarlyStop
from mlaas4hep.adapters.trainers.framework import Block, Export, Floats, SampleModel
from mlaas4hep.core.models.bundle.conversion import Missing
from mlaas4hep.core.models.training import TrainingJob, Versions

Params = dict[str, Any]  #: as a booster takes them


@dataclass(frozen=True, kw_only=True)
class BoostingFramework:
    """See `framework.Framework`."""

    title: str  #: as its authors write it
    library: Any  #: the module
    estimator: type[Any]  #: what all its estimators are
    usual: str  #: the beginning of their names, such as "XGB"
    model: Callable[[Any, TrainingJob], SampleModel]

    @contextmanager
    def running(self, seed: int) -> Iterator[None]:  # noqa: ARG002 - models get it when built
        """Do nothing: building an estimator draws nothing."""
        yield

    def owns(self, made: object) -> bool:
        """Tell whether it is one of the library's estimators."""
        return isinstance(made, self.estimator)

    def build(self, made: Any, job: TrainingJob, _defined: Mapping[str, Any]) -> SampleModel:
        """Check a classifier or a regressor."""
        if not self.owns(made):
            usual = f"{self.library.__name__}.{self.usual}"
            raise TrainingError(
                f"{MODEL_FILE}: `model` returns {kind_of(made)}, not a model of {self.title}",
                f"return {usual}Classifier(...) or {usual}Regressor(...), an instance",
            )
        check_gpu(job, self.title, sees_one=False)
        return self.model(made, job)

    def versions(self) -> Versions:
        """Return those of the library and NumPy."""
        return (
            (self.library.__name__, self.library.__version__),
            ("numpy", np.__version__),
        )


class BoostedModel(ABC):
    """What its two kinds share; they say how a round is done and what becomes of the trees."""

    missing: Missing = "nan"
    file: ClassVar[str]  #: in the bundle, as the library writes it

    def __init__(
        self, job: TrainingJob, params: Params, stop: EarlyStop, *, classifies: bool
    ) -> None:
        self._job = job
        self._params = params
        self._stop = stop
        self._classifies = classifies
        self._booster: Any = None
        if classifies:
            tabular.check_known_classes(job)

    def check_labels(self, labels: Floats) -> None:
        """Refuse what is no class number, for a classifier, and values that do not fit the objective."""
        if self._classifies:
            tabular.check_classes(labels, self._job)
        else:
            trees.check_values(self._params["objective"], labels)

    def predict(self, block: Block) -> Floats:
        """Return probabilities, shape (n, 1) for two classes; values for regressors."""
        return np.concatenate([self._outputs(x) for x in tabular.pieces(block)])

    def export(self, folder: Path, sample: Floats) -> Export:
        """Write the library's own file and model.onnx."""
        self._booster.save_model(folder / self.file)
        entries = trees.with_ends(sample)
        expected = self._outputs(entries)
        return Export.of(onnxfile.write(folder, self._converted, entries, expected))

    @abstractmethod
    def _outputs(self, x: Floats) -> Floats:
        """Return what the trees give for rows."""

    @abstractmethod
    def _converted(self) -> Any:
        """Return the trees as an ONNX model."""
