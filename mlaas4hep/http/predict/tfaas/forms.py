"""Forms with files, read without holding large files in memory."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import parse_qsl

from mlaas4hep.errors import InvalidRequestError, TooLargeError
from mlaas4hep.http.predict.call import Call

_MULTIPART = "multipart/form-data"
_URLENCODED = "application/x-www-form-urlencoded"
_MAX_TEXT_BYTES = 1024**2
_MAX_FILES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFile:
    """One file of a form."""

    filename: str  #: without folders
    content: BinaryIO  #: at its start


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a form holds."""

    texts: Mapping[str, str]
    files: Mapping[str, FormFile]

    def close(self) -> None:
        """Remove what lies on the disk."""
        for file in self.files.values():
            file.content.close()


def is_form(call: Call) -> bool:
    """Tell whether the body is a form with files."""
    return call.header(b"content-type").lower().startswith(_MULTIPART)


async def read_form(call: Call, limit_bytes: int) -> Form:
    """Return the form in the body; files larger than a megabyte go to the disk.

    Raises:
        InvalidRequestError: the body is no form.
        TooLargeError: it is longer than `limit_bytes`.
    """
    if call.header(b"content-type").lower().startswith(_URLENCODED):
        text = (await call.read(_MAX_TEXT_BYTES)).decode("utf-8", "replace")
        return Form(texts=dict(parse_qsl(text, keep_blank_values=True)), files={})
    if not is_form(call):
        return Form(texts={}, files={})
    from starlette.datastructures import Headers, UploadFile  # noqa: PLC0415 - few calls need it
    from starlette.formparsers import MultiPartException, MultiPartParser  # noqa: PLC0415

    counted = _counted(call, limit_bytes)
    parser = MultiPartParser(
        Headers(raw=list(call.scope["headers"])),
        counted,
        max_files=_MAX_FILES,
        max_part_size=_MAX_TEXT_BYTES,
    )
    try:
        async with aclosing(counted):
            parsed = await parser.parse()
    except (MultiPartException, KeyError) as error:
        raise InvalidRequestError(f"the form cannot be read: {error}") from error
    texts, files = {}, {}
    for name, value in parsed.multi_items():
        if isinstance(value, UploadFile):
            files[name] = FormFile(filename=_base(value.filename), content=value.file)
        else:
            texts[name] = value
    return Form(texts=texts, files=files)


async def _counted(call: Call, limit_bytes: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async with aclosing(call.blocks()) as blocks:
        async for block in blocks:
            size += len(block)
            if size > limit_bytes:
                raise TooLargeError(f"the form is larger than {limit_bytes} bytes", stage="upload")
            yield block


def _base(filename: str | None) -> str:
    return (filename or "").replace("\\", "/").rpartition("/")[2]
