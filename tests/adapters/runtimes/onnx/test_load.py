import numpy as np
import pytest

from mlaas4hep.ports import TensorInfo
from tests.adapters.runtimes.contract import RuntimeContract

pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
pytest.importorskip("onnx", reason="the extra `onnx` is not installed")
from tests import onnx_models


class TestOnnx(RuntimeContract):
    platform = "onnx"
    served = "model.onnx"
    entry = TensorInfo(name="features", dtype="float32", shape=(-1, 4))

    @classmethod
    def make(cls, _serving_models, _folder):
        rows = np.random.default_rng(4).random((6, 4), np.float32)
        sums = rows @ onnx_models.WEIGHTS
        return {cls.served: onnx_models.dense()}, rows, 1 / (1 + np.exp(-sums))
