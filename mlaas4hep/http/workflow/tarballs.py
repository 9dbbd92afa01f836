"""Tarballs over HTTP: taken as a form's field `file` or as the body, listed, deleted."""

import io
import secrets
from typing import BinaryIO, cast

import flask

from mlaas4hep.core.requests.upload import Upload
from mlaas4hep.core.runs.durations import clock_time
from mlaas4hep.core.runs.views import Deleted, DirectUpload, Tarball, TarballFile
from mlaas4hep.errors import InvalidRequestError, TooLargeError
from mlaas4hep.http.route import Arg, Body, Route
from mlaas4hep.http.schemas import FILE, FOLDER, NAME
from mlaas4hep.http.workflow.call import Ask, Door, answer
from mlaas4hep.usecases import runs, staging, uploads

FORM_BYTES = 64 * 1024  #: what a form adds to its file


def list_tarballs(door: Door, ask: Ask) -> flask.Response:
    """Return all uploads of the person."""
    return answer([_tarball(upload) for upload in uploads.every(ask.person.owner, door.services)])


def put_tarball(door: Door, ask: Ask) -> flask.Response:
    """Take a tarball as the body or as form field `file`."""
    return answer(_tarball(receive(door, ask, ask.arg("name"))), 201)


def offer_upload(door: Door, ask: Ask) -> flask.Response:
    """Return a form with which a large tarball goes straight into the object store."""
    upload_id = secrets.token_hex(16)
    form = staging.offer_form(
        ask.person.owner, ask.arg("name"), upload_id, door.services, door.limits
    )
    expires_at = clock_time(door.services.clock() + staging.FORM_S)
    return answer(
        DirectUpload(upload_id=upload_id, url=form.url, fields=form.fields, expires_at=expires_at)
    )


def take_upload(door: Door, ask: Ask) -> flask.Response:
    """Unpack a tarball that was sent with a form."""
    upload = staging.receive_staged(
        ask.person.owner, ask.arg("name"), ask.arg("upload_id"), door.services, door.limits
    )
    return answer(_tarball(upload), 201)


def show_tarball(door: Door, ask: Ask) -> flask.Response:
    """Return one upload."""
    return answer(_tarball(uploads.load(ask.person.owner, ask.arg("name"), door.services)))


def delete_tarball(door: Door, ask: Ask) -> flask.Response:
    """Delete an upload and its runs."""
    folder = ask.arg("name")
    uploads.load(ask.person.owner, folder, door.services)
    runs.delete_folder(ask.person.owner, folder, door.services)
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


def receive(door: Door, ask: Ask, folder: str) -> Upload:
    """Check and unpack the tarball in the body.

    Raises:
        InvalidRequestError: there is none, or it is not acceptable.
        TooLargeError: it is larger than the deployment allows.
    """
    limit = door.limits.max_upload_bytes
    announced = ask.http.content_length or 0
    if announced > limit + FORM_BYTES:
        raise TooLargeError(
            f"{announced} bytes are too many: an upload has at most {limit}", stage="upload"
        )
    ask.http.max_content_length = limit + FORM_BYTES
    if ask.http.mimetype == "multipart/form-data":
        return _form(door, ask, folder)
    return _body(door, ask, folder)


def _form(door: Door, ask: Ask, folder: str) -> Upload:
    file = ask.http.files.get("file")
    if file is None:
        fields = sorted(ask.http.files) or ["none"]
        raise InvalidRequestError(
            "No file was provided",
            stage="upload",
            hint=f"the form field is called `file`; these files came: {', '.join(fields)}",
        )
    return _unpack(door, ask, folder, cast(BinaryIO, file.stream), file.filename or "")


def _body(door: Door, ask: Ask, folder: str) -> Upload:
    archive: BinaryIO = ask.http.environ["wsgi.input"]  # whole, and on the disk if it is large
    size = archive.seek(0, io.SEEK_END)
    archive.seek(0)
    if size > door.limits.max_upload_bytes:
        raise TooLargeError(
            f"{size} bytes are too many: an upload has at most {door.limits.max_upload_bytes}",
            stage="upload",
        )
    if not size:
        raise InvalidRequestError(
            "No file was provided",
            stage="upload",
            hint=f'curl -F "file=@luca.tar.gz" "…/upload?name={folder}"',
        )
    return _unpack(door, ask, folder, archive, f"{folder}.tar.gz")


def _unpack(door: Door, ask: Ask, folder: str, archive: BinaryIO, filename: str) -> Upload:
    return uploads.receive(
        archive,
        owner=ask.person.owner,
        folder=folder,
        filename=filename,
        services=door.services,
        limits=door.limits,
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
