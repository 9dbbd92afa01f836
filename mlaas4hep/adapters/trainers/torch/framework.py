"""PyTorch as a `Framework`."""

import math
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError, check_gpu, kind_of
from mlaas4hep.adapters.trainers.torch import checks
from mlaas4hep.adapters.trainers.torch.model import TorchModel
from mlaas4hep.adapters.trainers.torch.unused import check_unused
from mlaas4hep.core.models.training import TrainingJob, Versions


class Torch:
    """See `framework.Framework`."""

    @contextmanager
    def running(self, seed: int) -> Iterator[None]:
        """Seed Python, NumPy and PyTorch."""
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - what modules may draw from
        torch.manual_seed(seed)
        yield

    def owns(self, made: object) -> bool:
        """Tell whether it is a module."""
        return isinstance(made, torch.nn.Module)

    def build(self, made: Any, job: TrainingJob, defined: Mapping[str, Any]) -> TorchModel:
        """Check a module that takes rows of numbers and gives some for each."""
        if not self.owns(made):
            raise TrainingError(
                f"{MODEL_FILE}: `model` returns {kind_of(made)}, not a PyTorch module",
                "return an instance of a torch.nn.Module",
            )
        if isinstance(made, torch.jit.ScriptModule):
            raise TrainingError(
                f"{MODEL_FILE}: `model` returns a TorchScript, which cannot be served",
                "return the module itself, without torch.jit; the bundle has a model.torchscript",
            )
        check_unused(made, defined)
        torch.set_num_threads(max(1, math.ceil(job.resources.cpus)))
        check_gpu(job, "PyTorch", sees_one=torch.cuda.is_available())
        if job.resources.device == "gpu":
            made = made.to("cuda")
        model = TorchModel(made, job, defined, *checks.heads(made, job.columns))
        model.dry_run()
        return model

    def versions(self) -> Versions:
        """Return the versions of PyTorch and NumPy."""
        return (("torch", torch.__version__), ("numpy", np.__version__))


FRAMEWORK = Torch()
