"""The trained module in the formats that others serve."""

import io
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import torch

from mlaas4hep.adapters.native.torch import Scores, scores
from mlaas4hep.adapters.trainers import onnxfile
from mlaas4hep.adapters.trainers.framework import Exported, Floats

_WEIGHTS = "model.pt"
TOLERANCE = 1e-5


def write(folder: Path, model: Scores, sample: Floats) -> Exported:
    """Write the weights as model.pt, and model.onnx if it agrees on `sample`."""
    model = model.cpu().eval()
    torch.save(model.module.state_dict(), folder / _WEIGHTS)
    expected = scores(model, sample)
    for convert in (_by_graph, _by_trace):
        found = onnxfile.write(folder, _quietly(convert, model, sample), sample, expected)
        if found:
            return Exported(conversions=found)
    return Exported()


def _quietly(convert: Callable[[Any, Any], bytes], model: Scores, sample: Floats) -> Any:
    """Return a function that converts without telling the person about PyTorch's insides."""

    def converted() -> bytes:
        rows = torch.from_numpy(sample[:2])
        with (
            warnings.catch_warnings(action="ignore"),
            redirect_stdout(io.StringIO()),
            redirect_stderr(io.StringIO()),
        ):
            return convert(model, rows)

    return converted


def _by_graph(model: Any, rows: Any) -> Any:
    entries = {0: torch.export.Dim("entries")}
    program = torch.onnx.export(
        model, (rows,), input_names=["input"], output_names=[onnxfile.OUTPUT],
        dynamic_shapes=(entries,), dynamo=True, verbose=False,
    )  # fmt: skip
    return program.model_proto


def _by_trace(model: Any, rows: Any) -> Any:
    import onnx  # noqa: PLC0415 - only where the extra is

    content = io.BytesIO()
    torch.onnx.export(
        model, (rows,), content, input_names=["input"], output_names=[onnxfile.OUTPUT],
        dynamic_axes={"input": {0: "entries"}, onnxfile.OUTPUT: {0: "entries"}}, dynamo=False,
    )  # fmt: skip
    return onnx.load_model_from_string(content.getvalue())
