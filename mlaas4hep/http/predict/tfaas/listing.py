"""A model as TFaaS lists it, in both spellings, with what we know beside it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from math import prod
from typing import Any

from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.ports import TensorInfo
from mlaas4hep.serving.loadedmodel import LoadedModel, labels_file

_LABELS = "labels.txt"
_BEST = ("saved_model.pb", "model.tflite")


def described(record: ModelRecord, modified_at: float | None) -> dict[str, Any]:
    """Return a model as TFaaS lists it, in both spellings, and what we know beside it."""
    found = record.file or next((file for file in _BEST if file in record.files), "")
    listing: dict[str, Any] = {
        "name": record.name,
        "model": found,
        "labels": record.labels,
        "op": record.op,
        "imgChannels": record.img_channels,
        "options": record.options,
        "inputNode": record.input_node,
        "outputNode": record.output_node,
        "input_node": record.input_node,
        "output_node": record.output_node,
        "output_name": record.output_name,
        "description": record.description,
        "owner": record.owner,
        "version": record.version,
        "files": record.files,
        "public": record.public,
        "groups": record.groups,
    }
    if modified_at is not None:
        listing["timestamp"] = datetime.fromtimestamp(modified_at, UTC).isoformat()
    return listing


def found_in(served: LoadedModel) -> dict[str, Any]:
    """Return what loading a model has found: what runs it, what it takes and gives."""
    runtime = served.runtime
    return {
        "platform": runtime.platform,
        "inputs": [_tensor(each) for each in runtime.inputs],
        "outputs": [_tensor(each) for each in runtime.outputs],
        "signatures": list(runtime.signatures),
        "isBounded": runtime.prompt_rows > 0,
        "warnings": list(_doubts(served)),
    }


def _tensor(info: TensorInfo) -> dict[str, Any]:
    """Return what an input or output is; only what takes anything, or names classes, says more."""
    row: dict[str, Any] = {"name": info.name, "dtype": info.dtype, "shape": info.shape}
    if not info.is_ranked:
        row["unknown_rank"] = True
    return row | ({"classes": info.classes} if info.classes else {})


def _doubts(served: LoadedModel) -> Iterator[str]:
    """Yield what about the names of classes does not fit the model, and how to mend it."""
    record, labels = served.record, served.labels
    if record.labels and not labels_file(record):
        yield (
            f"labels is {record.labels!r}, and the upload has no such file: answers name no classes"
        )
    if _LABELS in record.files and not record.labels and served.contract is None:
        yield (
            f'{_LABELS} is not used: "labels": "{_LABELS}" in params.json makes answers name its classes'
        )
    answering = [each for each in served.runtime.outputs if each.name == served.output]
    numbers = prod(answering[0].shape[1:]) if answering else 1
    if labels_file(record) and labels and answering and labels == answering[0].classes:
        yield (
            f"{labels_file(record)} is not used: the model's file names its classes itself, in the "
            f"order of its numbers {', '.join(labels)}"
        )
    if labels_file(record) and numbers > 1 and len(labels) != numbers:
        yield (
            f"{labels_file(record)} has {len(labels)} lines, the model gives {numbers} numbers a "
            "row: answers name no classes until there is one line for each"
        )
