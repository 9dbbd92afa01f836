"""XGBoost as a `Framework`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import xgboost

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError, check_gpu
from mlaas4hep.adapters.trainers.xgboost.model import XgboostModel
from mlaas4hep.core.models.training import TrainingJob, Versions


class Xgboost:
    """See `framework.Framework`."""

    @contextmanager
    def running(self, seed: int) -> Iterator[None]:  # noqa: ARG002 - models get it when built
        """Do nothing: building an XGBoost model draws nothing."""
        yield

    def owns(self, made: object) -> bool:
        """Tell whether it is one of XGBoost's estimators."""
        return isinstance(made, xgboost.XGBModel)

    def build(self, made: Any, job: TrainingJob, _defined: Mapping[str, Any]) -> XgboostModel:
        """Check an XGBClassifier, XGBRegressor or one of their kind."""
        if not self.owns(made):
            kind = made.__name__ if isinstance(made, type) else type(made).__name__
            raise TrainingError(
                f"{MODEL_FILE}: `model` returns a {kind}, not an XGBoost model",
                "return xgboost.XGBClassifier(...) or xgboost.XGBRegressor(...), an instance",
            )
        check_gpu(job, "XGBoost", sees_one=False)
        return XgboostModel(made, job)

    def versions(self) -> Versions:
        """Return those of XGBoost and NumPy."""
        return (("xgboost", xgboost.__version__), ("numpy", np.__version__))


FRAMEWORK = Xgboost()
