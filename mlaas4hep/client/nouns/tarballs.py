"""Uploads: tarballs, or folders that are packed on the way."""

from contextlib import ExitStack, suppress
from pathlib import Path

from mlaas4hep.client.connections.attempts import post_form
from mlaas4hep.client.connections.moves import Asking, Form, Work
from mlaas4hep.client.files import OnBytes, blocks
from mlaas4hep.client.methods import Operation
from mlaas4hep.client.nouns.calls import Calls, part
from mlaas4hep.client.packing import files_of, packed
from mlaas4hep.core.runs.views import Deleted, DirectUpload, Tarball
from mlaas4hep.errors import ConflictError, ServiceUnavailableError

DIRECT_BYTES = 64 * 1024**2
_UNPACKING_S = 300.0


class Tarballs(Calls):
    """What people do with uploads."""

    direct_bytes: int  #: larger ones go straight into the object store, where that is offered

    @Operation
    def upload(
        self, tarball: str | Path | bytes, *, name: str, on_bytes: OnBytes | None = None
    ) -> Asking[Tarball]:
        """Send a tarball, streamed from the file; a large one past the functions if that works.

        Args:
            tarball: a file, its content, or a folder, of which all but hidden files are sent.
        """
        if isinstance(tarball, bytes):
            return (yield from self._stream(tarball, len(tarball), name, on_bytes))
        with ExitStack() as stack:
            file = Path(tarball)
            if file.is_dir():
                file = yield Work(lambda: stack.enter_context(packed(files_of(Path(tarball)))))
            size = file.stat().st_size
            if size > self.direct_bytes:
                with suppress(ConflictError, ServiceUnavailableError):  # not offered, or away
                    return (yield from self._upload_directly(file, name, on_bytes))
            return (yield from self._stream(file, size, name, on_bytes))

    @Operation
    def tarballs(self) -> Asking[tuple[Tarball, ...]]:
        """Return all uploads."""
        return self._call(tuple[Tarball, ...], "GET", "/tarballs")

    @Operation
    def delete_tarball(self, name: str) -> Asking[Deleted]:
        """Delete an upload and its runs."""
        return self._call(Deleted, "DELETE", f"/tarballs/{part(name)}")

    def _stream(
        self, content: Path | bytes, size: int, name: str, on_bytes: OnBytes | None
    ) -> Asking[Tarball]:
        return self._call(
            Tarball,
            "PUT",
            f"/tarballs/{part(name)}",
            body=lambda: blocks(content, on_bytes),
            headers={"Content-Length": str(size)},
        )

    def _upload_directly(self, file: Path, name: str, on_bytes: OnBytes | None) -> Asking[Tarball]:
        path = f"/tarballs/{part(name)}/direct"
        form = yield from self._call(DirectUpload, "POST", path)
        fields = Form(url=form.url, fields=form.fields, file=file, on_bytes=on_bytes)
        yield from post_form(fields)
        here = f"{path}/{form.upload_id}"
        return (yield from self._call(Tarball, "POST", here, timeout=_UNPACKING_S))
