"""PyTorch as a `Framework`."""

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError, check_gpu, kind_of
from mlaas4hep.adapters.trainers.torch import checks
from mlaas4hep.adapters.trainers.torch.model import TorchModel
from mlaas4hep.adapters.trainers.torch.unused import check_unused, uncompiled
from mlaas4hep.core.models.training import TrainingJob, Versions


def gpus() -> tuple[str, ...]:
    """Return the GPUs that this process sees."""
    return tuple(f"cuda:{place}" for place in range(torch.cuda.device_count()))


class Torch:
    """See `framework.Framework`."""

    def __init__(self, find_devices: Callable[[], Sequence[str]] = gpus) -> None:
        """Train on all the devices that `find_devices` finds, if the submission asks for a GPU."""
        self._find_devices = find_devices

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
        made = uncompiled(made)
        check_unused(made, defined)
        torch.set_num_threads(max(1, math.ceil(job.resources.cpus)))
        devices = self._find_devices() if job.resources.device == "gpu" else ("cpu",)
        check_gpu(job, "PyTorch", sees_one=bool(devices))
        made = made.to(devices[0])
        model = TorchModel(made, job, defined, *checks.heads(made, job.columns), devices=devices)
        model.dry_run()
        return model

    def versions(self) -> Versions:
        """Return the versions of PyTorch and NumPy."""
        return (("torch", torch.__version__), ("numpy", np.__version__))


FRAMEWORK = Torch()
