"""Tarballs on their way in: a form's field `file`, or the body itself."""

import shutil
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from mlaas4hep.core.requests.upload import Upload
from mlaas4hep.errors import InvalidRequestError, TooLargeError
from mlaas4hep.http.workflow.call import Ask, Door
from mlaas4hep.usecases import uploads

_IN_MEMORY = 1024**2
_BLOCK = 1024**2
_FORM_BYTES = 64 * 1024  #: what a form adds to its file


def receive(door: Door, ask: Ask, folder: str) -> Upload:
    """Spool the tarball to disk while it arrives, then check and unpack it.

    Raises:
        InvalidRequestError: there is none, or it is not acceptable.
        TooLargeError: it is larger than the deployment allows.
    """
    limit = door.limits.max_upload_bytes
    announced = ask.http.content_length or 0
    if announced > limit + _FORM_BYTES:
        raise TooLargeError(
            f"{announced} bytes are too many: an upload has at most {limit}", stage="upload"
        )
    ask.http.max_content_length = limit + _FORM_BYTES
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
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
        shutil.copyfileobj(ask.http.stream, spool, _BLOCK)
        if not spool.tell():
            raise InvalidRequestError(
                "No file was provided",
                stage="upload",
                hint=f'curl -F "file=@luca.tar.gz" "…/upload?name={folder}"',
            )
        spool.seek(0)
        return _unpack(door, ask, folder, cast(BinaryIO, spool), f"{folder}.tar.gz")


def _unpack(door: Door, ask: Ask, folder: str, archive: BinaryIO, filename: str) -> Upload:
    return uploads.receive(
        archive,
        owner=ask.person.owner,
        folder=folder,
        filename=filename,
        services=door.services,
        limits=door.limits,
    )
