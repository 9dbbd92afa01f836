"""The trained module in the formats that others serve."""

import io
import warnings
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch

from mlaas4hep.adapters.native.torch import Scores, element_type, scores
from mlaas4hep.adapters.trainers import onnxfile
from mlaas4hep.adapters.trainers.framework import Export, Floats
from mlaas4hep.adapters.trainers.pickling import pickled
from mlaas4hep.adapters.trainers.silence import silence
from mlaas4hep.core.models.bundle.conversion import Conversion, Converted, NotMade

_WEIGHTS = "model.pt"


def write(folder: Path, model: Scores, sample: Floats) -> Export:
    """Write model.pt (the weights), model.torchscript, and model.onnx, or else model.torch."""
    model = model.cpu().eval()
    torch.save(model.module.state_dict(), folder / _WEIGHTS)
    expected = scores(model, sample)
    scripted = _write_script(folder / "model.torchscript", model, sample, expected)
    found = _write_onnx(folder, model, sample, expected)
    if isinstance(found, Conversion):
        return Export.of(found, scripted)
    model.columns = sample.shape[1]
    return Export.of(found, scripted, *_write_native(folder / "model.torch", model))


def _write_onnx(folder: Path, model: Scores, sample: Floats, expected: Floats) -> Converted:
    """Write model.onnx by the first way that leads there; only of the last one it is told why not."""
    ways = [_by_graph, _by_trace]
    if element_type(model) is torch.float64:  # for which ONNX Runtime lacks some operators
        ways.append(_in_single_precision)
    for convert in ways[:-1]:
        with silence():
            found = onnxfile.write(folder, _quietly(convert, model, sample), sample, expected)
        if isinstance(found, Conversion):
            return found
    return onnxfile.write(folder, _quietly(ways[-1], model, sample), sample, expected)


def _write_script(path: Path, model: Scores, sample: Floats, expected: Floats) -> Converted:
    """Write TorchScript, which C++ and older PyTorch load, if it agrees on `sample`."""
    try:
        with warnings.catch_warnings(action="ignore"), torch.no_grad():
            script = torch.jit.trace(
                model, torch.tensor(sample[:2])
            )  # a copy: modules work in place
            got = script(torch.tensor(sample)).numpy()
            found = onnxfile.agreement(path.name, got, expected)
            script.save(str(path))
    except Exception as error:  # noqa: BLE001 - the model is good; who wants a script is told
        return onnxfile.failed(path.name, error)
    if not found.agrees:
        path.unlink()
        return onnxfile.differs(found)
    return found


def _write_native(path: Path, model: Scores) -> tuple[NotMade, ...]:
    """Write what a confined process with PyTorch can serve; return why not."""
    try:
        path.write_bytes(pickled(model))
    except Exception as error:  # noqa: BLE001 - somebody's own module
        return (onnxfile.failed(path.name, error),)
    return ()


def _quietly(convert: Callable[[Any, Any], bytes], model: Scores, sample: Floats) -> Any:
    """Return a function that converts without telling the person about PyTorch's insides."""

    def converted() -> bytes:
        rows = torch.tensor(sample[:2])
        with warnings.catch_warnings(action="ignore"), silence():
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


def _in_single_precision(model: Any, rows: Any) -> Any:
    return _by_graph(deepcopy(model).float(), rows)
