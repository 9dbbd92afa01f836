"""Uploads: tarballs, or folders that are packed on the way."""

from contextlib import ExitStack, suppress
from pathlib import Path

from mlaas4hep.client.address import Address
from mlaas4hep.client.calls import Calls, part
from mlaas4hep.client.connection import Connection
from mlaas4hep.client.files import OnBytes, blocks
from mlaas4hep.client.packing import files_of, packed
from mlaas4hep.core.runs.views import Deleted, DirectUpload, Tarball
from mlaas4hep.errors import ConflictError, ServiceUnavailableError

DIRECT_BYTES = 64 * 1024**2
_UNPACKING_S = 300.0


class Tarballs(Calls):
    """What people do with uploads."""

    def __init__(
        self, address: Address, line: Connection, *, direct_bytes: int = DIRECT_BYTES
    ) -> None:
        super().__init__(address, line)
        self.direct_bytes = direct_bytes

    def upload(
        self, tarball: str | Path | bytes, *, name: str, on_bytes: OnBytes | None = None
    ) -> Tarball:
        """Send a tarball, streamed from the file; a large one past the functions if that works.

        Args:
            tarball: a file, its content, or a folder, of which all but hidden files are sent.
        """
        if isinstance(tarball, bytes):
            return self._stream(tarball, len(tarball), name, on_bytes)
        with ExitStack() as stack:
            file = Path(tarball)
            if file.is_dir():
                file = stack.enter_context(packed(files_of(file)))
            size = file.stat().st_size
            if size > self.direct_bytes:
                with suppress(ConflictError, ServiceUnavailableError):  # not offered, or away
                    return self._upload_directly(file, name, on_bytes)
            return self._stream(file, size, name, on_bytes)

    def _stream(
        self, content: Path | bytes, size: int, name: str, on_bytes: OnBytes | None
    ) -> Tarball:
        return self._call(
            Tarball,
            "PUT",
            f"/tarballs/{part(name)}",
            body=lambda: blocks(content, on_bytes),
            headers={"Content-Length": str(size)},
        )

    def _upload_directly(self, file: Path, name: str, on_bytes: OnBytes | None) -> Tarball:
        path = f"/tarballs/{part(name)}/direct"
        form = self._call(DirectUpload, "POST", path)
        self._line.post_form(form.url, form.fields, file, on_bytes)
        return self._call(Tarball, "POST", f"{path}/{form.upload_id}", timeout=_UNPACKING_S)

    def tarballs(self) -> tuple[Tarball, ...]:
        """Return all uploads."""
        return self._call(tuple[Tarball, ...], "GET", "/tarballs")

    def delete_tarball(self, name: str) -> Deleted:
        """Delete an upload and its runs."""
        return self._call(Deleted, "DELETE", f"/tarballs/{part(name)}")
