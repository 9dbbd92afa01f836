"""scikit-learn as a `Framework`."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import sklearn

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError, check_gpu, kind_of
from mlaas4hep.adapters.trainers.sklearn.estimators import check_instances, is_estimator
from mlaas4hep.adapters.trainers.sklearn.model import SklearnModel
from mlaas4hep.core.models.training import TrainingJob, Versions


class Sklearn:
    """See `framework.Framework`."""

    @contextmanager
    def running(self, seed: int) -> Iterator[None]:
        """Seed Python and NumPy, from which estimators without `random_state` draw."""
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - what scikit-learn uses
        yield

    def owns(self, made: object) -> bool:
        """Tell whether it is an estimator, or something that is used like one."""
        return is_estimator(made)

    def build(self, made: Any, job: TrainingJob, _defined: Mapping[str, Any]) -> SklearnModel:
        """Check an estimator."""
        if isinstance(made, type):
            raise TrainingError(
                f"{MODEL_FILE}: `model` returns {kind_of(made)}, not an estimator",
                f"return {made.__name__}(), an instance",
            )
        if not self.owns(made):
            raise TrainingError(
                f"{MODEL_FILE}: `model` returns {kind_of(made)}, which has no `fit` and `predict`",
                "return an estimator or a pipeline that ends with one",
            )
        check_instances(made)
        check_gpu(job, "scikit-learn", sees_one=False)
        return SklearnModel(made, job)

    def versions(self) -> Versions:
        """Return the versions of scikit-learn and NumPy."""
        return (("scikit-learn", sklearn.__version__), ("numpy", np.__version__))


FRAMEWORK = Sklearn()
