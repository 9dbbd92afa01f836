"""Tarballs over HTTP: taken as a form's field `file` or as the body, listed, deleted."""

import io
import secrets
from typing import BinaryIO, cast

import flask

from mlaas4hep.core.requests.tarballs.upload import Upload
from mlaas4hep.core.runs.durations import clock_time
from mlaas4hep.core.runs.views import Deleted, DirectUpload, Tarball, TarballFile
from mlaas4hep.errors import InvalidRequestError, TooLargeError
from mlaas4hep.http.route import Arg, Body, Route
from mlaas4hep.http.schemas import FILE, FOLDER, NAME
from mlaas4hep.http.workflow.call import Call, answer
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.usecases import runs, staging, uploads

FORM_BYTES = 64 * 1024  #: what a form adds to its file


def list_tarballs(context: Context, call: Call) -> flask.Response:
    """Return all uploads of the person."""
    return answer(
        [_tarball(upload) for upload in uploads.all_of(call.person.owner, context.services)]
    )


def put_tarball(context: Context, call: Call) -> flask.Response:
    """Take a tarball as the body or as form field `file`."""
    return answer(_tarball(receive(context, call, call.arg("name"))), 201)


def offer_upload(context: Context, call: Call) -> flask.Response:
    """Return a form with which a large tarball goes straight into the object store."""
    upload_id = secrets.token_hex(16)
    form = staging.offer_form(
        call.person.owner, call.arg("name"), upload_id, context.services, context.limits
    )
    expires_at = clock_time(context.services.clock() + staging.FORM_S)
    return answer(
        DirectUpload(upload_id=upload_id, url=form.url, fields=form.fields, expires_at=expires_at)
    )


def take_upload(context: Context, call: Call) -> flask.Response:
    """Unpack a tarball that was sent with a form."""
    upload = staging.receive_staged(
        call.person.owner, call.arg("name"), call.arg("upload_id"), context.services, context.limits
    )
    return answer(_tarball(upload), 201)


def show_tarball(context: Context, call: Call) -> flask.Response:
    """Return one upload."""
    return answer(_tarball(uploads.load(call.person.owner, call.arg("name"), context.services)))


def delete_tarball(context: Context, call: Call) -> flask.Response:
    """Delete an upload and its runs."""
    folder = call.arg("name")
    uploads.load(call.person.owner, folder, context.services)
    runs.delete_folder(call.person.owner, folder, context.services)
    return answer(Deleted(deleted=folder))


def _tarball(upload: Upload) -> Tarball:
    return Tarball(
        name=upload.folder,
        sha256=upload.sha256,
        filename=upload.filename,
        size_bytes=upload.size_bytes,
        unpacked_bytes=upload.unpacked_bytes,
        uploaded_at=clock_time(upload.uploaded_at),
        files=tuple(
            TarballFile(path=member.path, size_bytes=member.size_bytes) for member in upload.members
        ),
    )


def receive(context: Context, call: Call, folder: str) -> Upload:
    """Check and unpack the tarball in the body.

    Raises:
        InvalidRequestError: there is none, or it is not acceptable.
        TooLargeError: it is larger than the deployment allows.
    """
    limit = context.limits.max_upload_bytes
    announced = call.http.content_length or 0
    if announced > limit + FORM_BYTES:
        raise TooLargeError(
            f"{announced} bytes are too many: an upload has at most {limit}", stage="upload"
        )
    call.http.max_content_length = limit + FORM_BYTES
    if call.http.mimetype == "multipart/form-data":
        return _form(context, call, folder)
    return _body(context, call, folder)


def _form(context: Context, call: Call, folder: str) -> Upload:
    file = call.http.files.get("file")
    if file is None:
        fields = sorted(name or "one without a name" for name in call.http.files) or ["none"]
        raise InvalidRequestError(
            "No file was provided",
            stage="upload",
            hint=f"the form field is called `file`; these files came: {', '.join(fields)}",
        )
    return _unpack(context, call, folder, cast(BinaryIO, file.stream), file.filename or "")


def _body(context: Context, call: Call, folder: str) -> Upload:
    archive: BinaryIO = call.http.environ["wsgi.input"]  # whole, and on the disk if it is large
    size = archive.seek(0, io.SEEK_END)
    archive.seek(0)
    if size > context.limits.max_upload_bytes:
        raise TooLargeError(
            f"{size} bytes are too many: an upload has at most {context.limits.max_upload_bytes}",
            stage="upload",
        )
    if not size:
        raise InvalidRequestError(
            "No file was provided",
            stage="upload",
            hint=f'curl -F "file=@luca.tar.gz" "…/upload?name={folder}"',
        )
    return _unpack(context, call, folder, archive, f"{folder}.tar.gz")


def _unpack(context: Context, call: Call, folder: str, archive: BinaryIO, filename: str) -> Upload:
    return uploads.receive(
        archive,
        owner=call.person.owner,
        folder=folder,
        filename=filename,
        services=context.services,
        limits=context.limits,
    )


FORM = Body(
    forms={
        "multipart/form-data": {
            "type": "object",
            "required": ["file"],
            "properties": {"file": FILE},
        },
        "application/gzip": FILE,
    }
)
UPLOAD_ERRORS = (413, 429)
_NAME = Arg(name="name", about="Of the upload.", schema=FOLDER, required=True)
ROUTES = (
    Route(
        name="list_tarballs",
        method="GET",
        path="/tarballs",
        handler=list_tarballs,
        tag="tarballs",
        actions=("tarballs",),
        gives=tuple[Tarball, ...],
    ),
    Route(
        name="show_tarball",
        method="GET",
        path="/tarballs/{name}",
        handler=show_tarball,
        tag="tarballs",
        args=(_NAME,),
        gives=Tarball,
        errors=(404,),
    ),
    Route(
        name="put_tarball",
        method="PUT",
        path="/tarballs/{name}",
        handler=put_tarball,
        tag="tarballs",
        args=(_NAME,),
        body=FORM,
        gives=Tarball,
        status=201,
        errors=UPLOAD_ERRORS,
    ),
    Route(
        name="offer_upload",
        method="POST",
        path="/tarballs/{name}/direct",
        handler=offer_upload,
        tag="tarballs",
        args=(_NAME,),
        gives=DirectUpload,
        errors=(409, 429),
    ),
    Route(
        name="take_upload",
        method="POST",
        path="/tarballs/{name}/direct/{upload_id}",
        handler=take_upload,
        tag="tarballs",
        args=(_NAME, Arg(name="upload_id", about="From the form.", schema=NAME, required=True)),
        gives=Tarball,
        status=201,
        errors=(404, *UPLOAD_ERRORS),
    ),
    Route(
        name="delete_tarball",
        method="DELETE",
        path="/tarballs/{name}",
        handler=delete_tarball,
        tag="tarballs",
        args=(_NAME,),
        gives=Deleted,
        errors=(404, 409),
    ),
)
