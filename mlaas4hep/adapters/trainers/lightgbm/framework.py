"""LightGBM as a `Framework`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import lightgbm
import numpy as np

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError, check_gpu
from mlaas4hep.adapters.trainers.lightgbm.model import LightgbmModel
from mlaas4hep.core.models.training import TrainingJob, Versions


class Lightgbm:
    """See `framework.Framework`."""

    @contextmanager
    def running(self, seed: int) -> Iterator[None]:  # noqa: ARG002 - models get it when built
        """Do nothing: building a LightGBM model draws nothing."""
        yield

    def owns(self, made: object) -> bool:
        """Tell whether it is one of LightGBM's estimators."""
        return isinstance(made, lightgbm.LGBMModel)

    def build(self, made: Any, job: TrainingJob, _defined: Mapping[str, Any]) -> LightgbmModel:
        """Check an LGBMClassifier or LGBMRegressor."""
        if not self.owns(made):
            kind = made.__name__ if isinstance(made, type) else type(made).__name__
            raise TrainingError(
                f"{MODEL_FILE}: `model` returns a {kind}, not a LightGBM model",
                "return lightgbm.LGBMClassifier(...) or lightgbm.LGBMRegressor(...), an instance",
            )
        check_gpu(job, "LightGBM", sees_one=False)
        return LightgbmModel(made, job)

    def versions(self) -> Versions:
        """Return those of LightGBM and NumPy."""
        return (("lightgbm", lightgbm.__version__), ("numpy", np.__version__))


FRAMEWORK = Lightgbm()
