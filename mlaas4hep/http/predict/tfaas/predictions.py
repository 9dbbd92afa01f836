"""TFaaS's other ways to ask for predictions: `/proto` (protobuf) and `/image` (png, jpg)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np

from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.call import Answer, Call, json_answer
from mlaas4hep.http.predict.context import MAX_BODY_BYTES, Context, only_input, row_values
from mlaas4hep.http.predict.inference.tensors import asking_tensors
from mlaas4hep.http.predict.rows import Rows
from mlaas4hep.http.predict.schemas import MODEL, PREDICT_ERRORS, PREDICTION
from mlaas4hep.http.predict.tfaas.forms import read_form
from mlaas4hep.http.predict.tfaas.messages import read_row, write_predictions
from mlaas4hep.http.predict.tfaas.pixels import Size, is_channels, pixels
from mlaas4hep.http.route import Body, Route
from mlaas4hep.http.schemas import FILE
from mlaas4hep.serving.loadedmodel import LoadedModel
from mlaas4hep.serving.questions import Feeds, Outputs

Classes = tuple[str, ...]
PROTOBUF = b"application/x-protobuf"
_TOP = 5


async def proto(context: Context, call: Call) -> Answer:
    """Answer a `Row` with `Predictions`."""
    row = read_row(await call.read(MAX_BODY_BYTES))
    rows = Rows.of(row.values, list(row.keys))

    def feeds(served: LoadedModel) -> Feeds:
        return rows.ask(served).feeds

    model = row.model or call.args.get("model", "")
    return await context.answer(call, asking_tensors(model, feeds, _probabilities))


async def image(context: Context, call: Call) -> Answer:
    """Answer the form fields `image` (a file) and `model` with the best labels."""
    form = await read_form(call, MAX_BODY_BYTES)
    try:
        file = form.files.get("image")
        model = form.texts.get("model") or call.args.get("model", "")
        if file is None or not model:
            raise InvalidRequestError(
                f"unable to read {'model' if file else 'image'}", hint="a form field"
            )
        picture = Picture(filename=file.filename, data=file.content.read())
    finally:
        form.close()
    answer = picture.answer
    if "protobuf" in call.header(b"accept"):
        answer = _probabilities
    elif call.path.startswith("/predict/"):
        answer = picture.as_tfaas
    return await context.answer(call, asking_tensors(model, picture.feeds, answer))


def _probabilities(served: LoadedModel, outputs: Outputs, _: Classes) -> Answer:
    probabilities = row_values(served, outputs).reshape(-1).tolist()
    labels = served.named(len(probabilities))
    return Answer(body=write_predictions(probabilities, labels), content_type=PROTOBUF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A png or jpg file."""

    filename: str
    data: bytes

    def feeds(self, served: LoadedModel) -> Feeds:
        """Return the pixels, 0 to 255, in the size and with the channels that the model takes."""
        info = only_input(served)
        found = pixels(self.data, _size(served, info.shape[1:]))
        flat = len(info.shape) == 2  # noqa: PLR2004 - rows of pixels
        return {info.name: found.reshape(1, -1) if flat else found[None]}

    def as_tfaas(self, served: LoadedModel, outputs: Outputs, _: Classes) -> Answer:
        """Return what TFaaS does: a vector, or the labels of a graph of TensorFlow 1."""
        file = PurePosixPath(served.record.file)
        is_graph = file.suffix in (".pb", ".pbtxt") and file.stem != "saved_model"
        if served.record.labels and is_graph:
            return self.answer(served, outputs, ())
        return json_answer(row_values(served, outputs).reshape(-1))

    def answer(self, served: LoadedModel, outputs: Outputs, _: Classes) -> Answer:
        """Return the most probable labels, the best first."""
        probabilities = row_values(served, outputs).reshape(-1)
        best = np.argsort(-probabilities)[:_TOP].tolist()
        names = served.named(len(probabilities))
        labels = [
            {"label": _label(names, index), "probability": probabilities[index]} for index in best
        ]
        return json_answer({"filename": self.filename, "labels": labels})


def _label(names: Sequence[str], index: int) -> str:
    return names[index] if index < len(names) else str(index)


def _size(served: LoadedModel, sizes: tuple[int, ...]) -> Size:
    """Return height, width and channels; -1: as the image has it."""
    if len(sizes) == 3 and (is_channels(sizes[2]) or sizes[2] == -1):  # noqa: PLR2004
        channels = sizes[2] if sizes[2] != -1 else served.record.img_channels or 3
        return sizes[0], sizes[1], channels
    channels = served.record.img_channels or 1
    side = math.isqrt(max(sizes[0], 0) // channels) if len(sizes) == 1 else 0
    if side and side * side * channels == sizes[0]:
        return side, side, channels
    raise InvalidRequestError(
        f"model {served.record.name!r} takes {list(sizes)}, which is no image",
        hint="an image model takes height x width x 1, 3 or 4",
    )


_BYTES = "application/octet-stream"
_PICTURE = {
    "type": "object",
    "required": ["image", "model"],
    "properties": {"image": FILE, "model": {"type": "string"}},
}
ROUTES = (
    Route(
        name="predict_proto",
        method="POST",
        path="/proto",
        also_at=("/predict/proto",),
        handler=proto,
        tag="TFaaS",
        args=(replace(MODEL, required=False),),
        body=Body(forms={_BYTES: FILE}),
        gives=FILE,
        media=_BYTES,
        errors=PREDICT_ERRORS,
        is_by_path_only=True,
    ),
    Route(
        name="predict_image",
        method="POST",
        path="/image",
        also_at=("/predict/image",),
        handler=image,
        tag="TFaaS",
        args=(replace(MODEL, required=False),),
        body=Body(forms={"multipart/form-data": _PICTURE}),
        gives=PREDICTION,
        errors=PREDICT_ERRORS,
        is_by_path_only=True,
    ),
)
