"""`POST /upload`: a model made elsewhere, as TFaaS takes it.

- A form: `name`, `model` (a frozen .pb, .keras or .tflite file, or a tar of a SavedModel), and if
  wanted `params` (params.json), `labels` and `op`. With `Content-Encoding: base64`, `model` is base64.
- A bundle: a tar or tar.gz of a SavedModel as body (`Content-Encoding: gzip` may say so). Its name
  is `?name=`, else that of its top folder, else the one in its params.json.
"""

import base64
import binascii
import io
import shutil
import tempfile
import zlib
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from mlaas4hep.core import keys
from mlaas4hep.core.gunzip import gunzip
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.requests.tarballs import tarball
from mlaas4hep.errors import InvalidRequestError, TooLargeError
from mlaas4hep.http.predict.call import Answer, Call, json_answer, object_of
from mlaas4hep.http.predict.context import Context, who
from mlaas4hep.http.predict.tfaas.forms import Form, is_form, read_form
from mlaas4hep.http.predict.tfaas.layout import Layout, laid_out
from mlaas4hep.http.predict.tfaas.listing import described, found_in
from mlaas4hep.http.predict.tfaas.params import ignored_keys, with_params
from mlaas4hep.http.route import Arg, Body, Route
from mlaas4hep.http.schemas import FILE, NAME, TEXT
from mlaas4hep.usecases import modelstore

PARAMS = "params.json"
_MAX_PARAMS_BYTES = 1024**2
_MAX_BASE64_BYTES = 512 * 1024**2
_TARS = (".tar", ".tar.gz", ".tgz")
_GZIP = b"\x1f\x8b"


async def upload(context: Context, call: Call) -> Answer:
    """Store a model and serve it at once; one of the same name is replaced."""
    answer = await _store(context, call)
    await context.note(call, "upload", object_of(answer.body).get("name", ""))
    return answer


async def _store(context: Context, call: Call) -> Answer:
    owner, name = who(call).owner, call.args.get("name", "")
    if call.parsed is not None:  # `{"action": "upload", "name": …, "bundle": base64}`
        packed = io.BytesIO(_decoded(str(call.parsed.get("bundle", "")).encode()))
        return await context.batcher.for_owner(
            owner, partial(_from_bundle, context, owner, name, packed)
        )
    if is_form(call):
        form = await read_form(call, context.limits.max_upload_bytes)
        packing = call.header(b"content-encoding")
        try:
            return await context.batcher.for_owner(
                owner, partial(_from_form, context, owner, form, packing)
            )
        finally:
            form.close()
    with tempfile.TemporaryFile() as body:
        await _spooled(call, body, context.limits.max_upload_bytes)
        return await context.batcher.for_owner(
            owner, partial(_from_bundle, context, owner, name, body)
        )


async def _spooled(call: Call, body: BinaryIO, limit_bytes: int) -> None:
    size = 0
    async with aclosing(call.blocks()) as blocks:
        async for block in blocks:
            size += len(block)
            if size > limit_bytes:
                raise TooLargeError(
                    f"the upload is larger than {limit_bytes} bytes", stage="upload"
                )
            body.write(block)
    body.seek(0)


def _from_bundle(context: Context, owner: str, name: str, body: BinaryIO) -> Answer:
    with tempfile.TemporaryDirectory() as folder:
        found = _unpacked(context, body, Path(folder))
        params = _params(found.folder / PARAMS)
        record = ModelRecord(
            owner=owner,
            name=_name(name, found.name, params.get("name")),
            version="",
            number=found.number,
            files=(),
        )
        return _stored(context, found.folder, with_params(record, params))


def _from_form(context: Context, owner: str, form: Form, packing: str) -> Answer:
    model = form.files.get("model")
    if model is None:
        raise InvalidRequestError("request does not provide model", hint="a file in a form field")
    with tempfile.TemporaryDirectory() as folder:
        found = Layout(folder=Path(folder), name="", number="")
        content = model.content
        if packing == "base64":
            content = cast(BinaryIO, io.BytesIO(_decoded(content.read(_MAX_BASE64_BYTES))))
        if model.filename.endswith(_TARS):
            found = _unpacked(context, content, found.folder)
        else:
            _write(found.folder / keys.checked_name(model.filename, "file name"), content)
        for field in ("params", "labels"):
            if field in form.files:
                wanted = PARAMS if field == "params" else form.files[field].filename
                _write(
                    found.folder / keys.checked_name(wanted, "file name"), form.files[field].content
                )
        record = replace(_form_record(owner, form, found.folder), number=found.number)
        return _stored(context, found.folder, record)


def _form_record(owner: str, form: Form, folder: Path) -> ModelRecord:
    params = dict(_params(folder / PARAMS))
    name = form.texts.get("name") or params.get("name") or ""
    if params.get("name") not in (None, "", name):
        raise InvalidRequestError(
            f"mismatch of name={name} and name={params['name']} in params.json"
        )
    if not name:
        raise InvalidRequestError("request does not provide name", hint="a form field")
    if "labels" in form.files:
        params["labels"] = form.files["labels"].filename
    if not form.files["model"].filename.endswith(_TARS):
        params["model"] = form.files["model"].filename
    if "op" in form.texts:
        params["op"] = form.texts["op"]
    record = ModelRecord(owner=owner, name=str(name), version="", files=())
    return with_params(record, params)


def _stored(context: Context, folder: Path, record: ModelRecord) -> Answer:
    record, is_new = modelstore.upload(
        folder, record, context.services, context.limits, context.registry.try_out
    )
    context.changed(record.owner, record.name)
    served = context.registry.current(record.owner, record.name)
    description = described(record, None) | found_in(served) | {"replaced": not is_new}
    description["warnings"] += ignored_keys(_params(folder / PARAMS))
    return json_answer(description)


def _unpacked(context: Context, body: BinaryIO, folder: Path) -> Layout:
    """Unpack a tar below `folder`, and say where the model lies in it."""
    with tempfile.TemporaryFile() as plain:
        for file in tarball.members(
            _once_packed(body, plain, context.limits.max_upload_bytes),
            context.limits.max_unpacked_bytes,
        ):
            _write(folder / PurePosixPath(file.path), file.content)
    return laid_out(folder)


def _once_packed(body: BinaryIO, plain: BinaryIO, limit_bytes: int) -> BinaryIO:
    """Return a tar or tar.gz, also if `Content-Encoding: gzip` packed a tar.gz once more."""
    with suppress(zlib.error, EOFError):
        packed = gunzip(body)
        if packed.read(2) == _GZIP:
            packed.seek(0)
            for block in iter(partial(packed.read, 1024**2), b""):
                plain.write(block)
                if plain.tell() > limit_bytes:
                    raise TooLargeError(f"the upload unpacks to more than {limit_bytes} bytes")
            plain.seek(0)
            return plain
    body.seek(0)
    return body


def _write(path: Path, content: BinaryIO) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        shutil.copyfileobj(content, file, 1024**2)


def _params(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    if path.stat().st_size > _MAX_PARAMS_BYTES:
        raise TooLargeError("params.json is larger than a megabyte", file=PARAMS)
    return object_of(path.read_bytes())


def _name(*candidates: Any) -> str:
    for name in candidates:
        if name:
            return str(name)
    raise InvalidRequestError(
        "the model has no name", hint="add ?name=… or pack it in a folder of that name"
    )


def _decoded(data: bytes) -> bytes:
    try:
        return base64.b64decode(data)
    except binascii.Error as error:
        raise InvalidRequestError(f"this is not base64: {error}") from error


_FORM = {"type": "object", "properties": {"name": TEXT, "model": FILE}}
ROUTES = (
    Route(
        name="upload",
        method="POST",
        path="/upload",
        also_at=("/bundle",),
        handler=upload,
        tag="TFaaS",
        args=(Arg(name="name", about="Name of the model.", schema=NAME),),
        body=Body(forms={"application/octet-stream": FILE, "multipart/form-data": _FORM}),
        errors=(403, 409, 413, 422, 429),
    ),
)
