"""Tarballs of people: checked and unpacked into the store, listed, shown, deleted."""

import hashlib
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import BinaryIO, cast

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.core.requests.tarballs import tarball
from mlaas4hep.core.requests.tarballs.upload import Member, Upload, without_top_folder
from mlaas4hep.core.requests.usualfiles import absent_hint
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import DamagedError, InvalidRequestError, MlaasError, NotFoundError
from mlaas4hep.pipeline.records import uploaded
from mlaas4hep.ports import Services
from mlaas4hep.usecases import quotas
from mlaas4hep.usecases.runs import request_of

log = logging.getLogger(__name__)

_BLOCK = 1024**2
KEPT_S = 3600.0  #: how long replaced files stay at least
MAX_NAME = 50  #: characters; leaves room for the number of a run
MAX_TEXT_BYTES = 16 * 1024**2  #: of files.txt, params.json, model.py and the like


def receive(
    archive: BinaryIO, *, owner: str, folder: str, filename: str, services: Services, limits: Limits
) -> Upload:
    """Unpack a tarball into the store and make it the current content of `folder`.

    The record that names the members is written last: until then the earlier upload counts, and
    runs that were submitted from it keep its files, because these lie under the tarball's hash.

    Args:
        archive: seekable, at its start.

    Raises:
        InvalidRequestError: the name or the tarball is not acceptable.
        TooLargeError: the tarball or its content is too large.
        QuotaError: the owner has no room left.
    """
    check_folder(folder)
    sha256 = _sha256(archive)
    size_bytes = archive.tell()
    archive.seek(0)
    stored = _stored_before(owner, folder, sha256, services)
    if stored is None:
        size = tarball.stored_bytes(archive, limits.max_unpacked_bytes)  # before anything is stored
        archive.seek(0)
        claimed = quotas.claim_bytes(owner, size, services, limits)
        fits = partial(quotas.check_claimed, owner, claimed, services, limits)
        stored = _unpack(archive, keys.member(owner, folder, sha256, ""), fits, services, limits)
    upload = Upload(
        owner=owner,
        folder=folder,
        sha256=sha256,
        filename=filename,
        size_bytes=size_bytes,
        uploaded_at=services.clock(),
        members=tuple(stored),
    )
    services.tarballs.put(keys.upload(owner, folder), sealed.dump(upload))
    _forget_replaced(upload, services)
    return upload


def check_folder(folder: str) -> None:
    """Refuse a name that cannot be that of an upload and, with a number, of its runs."""
    keys.checked_name(folder, "name of the upload")
    if len(folder) > MAX_NAME:
        raise InvalidRequestError(
            f"name of the upload {folder!r} is longer than {MAX_NAME} characters",
            hint="runs are called by it and a number",
        )


def _forget_replaced(upload: Upload, services: Services) -> None:
    """Delete what earlier uploads of the folder left, unless a run may need it.

    What is younger than an hour stays: somebody may just be submitting it. All stays as long as
    nobody knows what a run needs: one of an earlier release whose request is damaged.
    """
    kept = (
        keys.upload(upload.owner, upload.folder),
        keys.member(upload.owner, upload.folder, upload.sha256, ""),
    )
    old = services.clock() - KEPT_S
    replaced = [
        info.key
        for info in services.tarballs.list(f"{upload.owner}/{upload.folder}/")
        if info.modified_at < old and not info.key.startswith(kept)
    ]
    if not replaced:
        return
    try:
        used = {_content_of(run, services) for run in services.runs.list(upload.owner)}
    except DamagedError as error:
        log.warning("nothing of %s/%s is deleted: %s", upload.owner, upload.folder, error)
        return
    for key in replaced:
        if keys.content_of_member(key) not in used:
            services.tarballs.delete(key)


def _content_of(run: Run, services: Services) -> str:
    """Return the prefix of the uploaded files that a run needs; empty: none."""
    if run.upload is not None:
        return run.upload
    with suppress(NotFoundError):
        return uploaded(request_of(run, services))
    return ""


def _sha256(archive: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := archive.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _stored_before(
    owner: str, folder: str, sha256: str, services: Services
) -> Sequence[Member] | None:
    """Return the members if this very tarball is the current one already, and whole."""
    with suppress(NotFoundError, DamagedError):
        upload = load(owner, folder, services)
        if upload.sha256 == sha256:
            for member in upload.members:
                check_member(upload, member, services)
            return upload.members
    return None


def check_member(upload: Upload, member: Member, services: Services) -> None:
    """Refuse a member that is not the one that was stored.

    Raises:
        NotFoundError: it is gone.
        DamagedError: it has another size or other bytes.
    """
    key = upload.key(member)
    info = services.tarballs.info(key)
    if info is None:
        raise NotFoundError(f"{member.path!r} of upload {upload.folder!r} is gone")
    if info.size_bytes != member.size_bytes:
        raise damage(upload, member, f"{info.size_bytes} bytes, not {member.size_bytes}")
    if member.checksum:
        with services.tarballs.open(key) as content:
            if sealed.checksum(content) != member.checksum:
                raise damage(upload, member, "other bytes than were uploaded")


def damage(upload: Upload, member: Member, what: str) -> DamagedError:
    """Return the error for a member that is not as it was uploaded."""
    return DamagedError(
        f"{member.path!r} of upload {upload.folder!r} has {what}",
        file=member.path,
        hint="upload the tarball again",
    )


def _unpack(
    archive: BinaryIO,
    prefix: str,
    check_fits: Callable[[], None],
    services: Services,
    limits: Limits,
) -> tuple[Member, ...]:
    """Store every member under `prefix` and return them, or leave there what was.

    The same tarball may have been uploaded before, and a run may need its files.
    """
    before = {info.key for info in services.tarballs.list(prefix)}
    stored: dict[str, Member] = {}
    try:
        for file in tarball.members(archive, limits.max_unpacked_bytes):
            stored[file.path] = _store(file, f"{prefix}{file.path}", services)
        if not stored:
            raise InvalidRequestError(
                "there is no file in the tarball",
                stage="upload",
                hint="pack files.txt, labels.txt, model.py and params.json",
            )
        check_fits()
    except MlaasError:
        for key in {f"{prefix}{path}" for path in stored} - before:
            services.tarballs.delete(key)
        raise
    return without_top_folder(stored.values())


def _store(file: tarball.PackedFile, key: str, services: Services) -> Member:
    content = sealed.CheckedStream(file.content)
    size_bytes = services.tarballs.put_stream(key, cast("BinaryIO", content), file.size_bytes)
    return Member(
        path=file.path, stored=file.path, size_bytes=size_bytes, checksum=content.checksum
    )


def load(owner: str, folder: str, services: Services) -> Upload:
    """Return the record of an upload.

    Raises:
        NotFoundError: this owner has nothing of that name.
    """
    keys.checked_name(folder, "name of the upload")
    try:
        record = services.tarballs.get(keys.upload(owner, folder))
    except NotFoundError as error:
        raise NotFoundError(
            f"there is no upload named {folder!r}",
            hint=f"send one: POST /upload?name={folder} with the tarball as form field `file`",
        ) from error
    return _parsed(owner, folder, record)


def _parsed(owner: str, folder: str, record: bytes) -> Upload:
    upload = sealed.load(Upload, record)
    if (upload.owner, upload.folder) != (owner, folder):
        raise DamagedError(
            f"the record of upload {folder!r} is damaged: it is that of {upload.folder!r}",
            hint="upload the tarball again",
        )
    return upload


def all_of(owner: str, services: Services) -> list[Upload]:
    """Return all uploads of an owner, by name, without those that are damaged or just deleted."""
    found = []
    for folder in services.tarballs.folders(f"{owner}/"):
        with suppress(NotFoundError, DamagedError):
            record = services.tarballs.get(keys.upload(owner, folder))
            found.append(sealed.load(Upload, record))
    return found


def read_text(upload: Upload, path: str, services: Services, what: str) -> str:
    """Return the text of a member.

    Raises:
        InvalidRequestError: there is no such member, or it is no text of reasonable size.
    """
    text = read_text_if_any(upload, path, services)
    if text is None:
        raise missing_member(upload, path, what)
    return text


def read_text_if_any(upload: Upload, path: str, services: Services) -> str | None:
    """Return the text of a member, or None if there is no such member."""
    member = upload.find(path)
    if member is None:
        return None
    if member.size_bytes > MAX_TEXT_BYTES:
        raise InvalidRequestError(
            f"{path!r} has {member.size_bytes} bytes; texts have at most {MAX_TEXT_BYTES}",
            stage="submit",
            file=path,
        )
    try:
        return read(upload, member, services).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequestError(
            f"{path!r} is not a UTF-8 text (byte {error.start})", stage="submit", file=path
        ) from error


def read(upload: Upload, member: Member, services: Services) -> bytes:
    """Return the content of a member.

    Raises:
        DamagedError: it is not what was uploaded, or is gone.
    """
    try:
        content = services.tarballs.get(upload.key(member))
    except NotFoundError:
        raise damage(upload, member, "no content any more") from None
    if member.checksum not in ("", sealed.checksum_of(content)):
        raise damage(upload, member, "other bytes than were uploaded")
    return content


def missing_member(upload: Upload, path: str, what: str) -> InvalidRequestError:
    """Return the error for a file that the tarball should hold and does not."""
    return InvalidRequestError(
        f"{what}: there is no {path!r} in the tarball {upload.folder!r}",
        stage="submit",
        file=path,
        hint=absent_hint(path, upload.paths),
    )
