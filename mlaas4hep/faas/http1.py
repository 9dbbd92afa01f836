"""HTTP/1.1 to one function on this machine: kept-alive connections, bodies streamed both ways.

An HTTP client library would do, but costs several times the work of the function behind it.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

Headers = list[tuple[bytes, bytes]]
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"expect",
    }
)
_BODILESS = (204, 304)
_BROKEN = (OSError, EOFError, ValueError, asyncio.LimitOverrunError)
_BLOCK = 64 * 1024
_CONNECT_S = 5.0
_KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)
_IDLE = 64  #: connections that are kept


class UpstreamError(Exception):
    """The function does not listen, or hung up, or does not speak HTTP."""


class NobodyListensError(UpstreamError):
    """There is no connection, so the request was not even sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The head of an answer, and its body as it comes."""

    status: int
    headers: Headers
    size_bytes: int | None  #: of the body, when the function says it
    body: AsyncIterator[bytes]


class Upstream:
    """The connections to one port."""

    def __init__(
        self, port: int, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._idle: list[_Connection] = []

    @asynccontextmanager
    async def call(
        self,
        method: bytes,
        target: bytes,
        headers: Iterable[tuple[bytes, bytes]],
        body: bytes | AsyncIterable[bytes],
    ) -> AsyncIterator[Reply]:
        """Send a request and give its answer; bodies of unknown length are sent in chunks.

        Raises:
            UpstreamError: there is no answer.
        """
        connection, reply = await self._answer(method, target, list(headers), body)
        try:
            yield reply
        finally:
            if connection.reusable and len(self._idle) < _IDLE:
                self._idle.append(connection)
            else:
                connection.close()

    async def _answer(
        self, method: bytes, target: bytes, headers: Headers, body: bytes | AsyncIterable[bytes]
    ) -> "tuple[_Connection, Reply]":
        """Return the head; a kept connection that the function had closed costs a second try."""
        while True:
            connection, used = await self._connection()
            try:
                return connection, await connection.exchange(method, target, headers, body)
            except _BROKEN as error:
                connection.close()
                if not (used and connection.untouched and isinstance(body, bytes)):
                    raise UpstreamError(f"{type(error).__name__}: {error}") from error
            except BaseException:
                connection.close()
                raise

    async def _connection(self) -> "tuple[_Connection, bool]":
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed:
                return connection, True
            connection.close()
        try:
            async with asyncio.timeout(_CONNECT_S):
                streams = await asyncio.open_connection(
                    self._host, self._port, limit=_BLOCK, ssl=self._tls
                )
        except OSError as error:  # a TimeoutError is one, too
            raise NobodyListensError(f"nothing listens: {error.strerror}") from error
        _watch(streams[1])
        return _Connection(*streams), False

    def close(self) -> None:
        """Close what is kept."""
        while self._idle:
            self._idle.pop().close()


class _Connection:
    """One connection, for one exchange after another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.reusable = False  #: the answer was read to its end and both sides keep the connection
        self.untouched = True  #: no byte of the answer came
        self._whole = True  #: the request was sent to its end

    @property
    def is_closed(self) -> bool:
        return self._reader.at_eof() or self._writer.is_closing()

    def close(self) -> None:
        self._writer.close()

    async def exchange(
        self, method: bytes, target: bytes, headers: Headers, body: bytes | AsyncIterable[bytes]
    ) -> Reply:
        self.reusable, self.untouched = False, True
        lines = [b"%b %b HTTP/1.1" % (method, target)]
        lines += [b"%b: %b" % header for header in headers if header[0] not in HOP_BY_HOP]
        if isinstance(body, bytes):
            self._writer.write(b"\r\n".join([*lines, b"", body]))
            return await self._reply(method, whole=True)
        chunked = all(name != b"content-length" for name, _ in headers)
        if chunked:
            lines.append(b"transfer-encoding: chunked")
        self._writer.write(b"\r\n".join([*lines, b"", b""]))
        return await self._send_and_read(method, body, chunked=chunked)

    async def _send_and_read(
        self, method: bytes, body: AsyncIterable[bytes], *, chunked: bool
    ) -> Reply:
        """Send the body until it ends or the answer comes early, as "too large" does."""
        sending = asyncio.create_task(self._send(body, chunked=chunked))
        reading = asyncio.create_task(self._reply(method, whole=False))
        try:
            await asyncio.wait({sending, reading}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                failure = sending.exception()
                if failure and not isinstance(failure, ConnectionError):
                    raise failure
            reply = await reading
            self._whole = sending.done() and sending.exception() is None
            return reply
        finally:
            for task in (sending, reading):
                if not task.done():
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task

    async def _send(self, body: AsyncIterable[bytes], *, chunked: bool) -> None:
        async for block in body:
            if block:
                self._writer.write(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
                await self._writer.drain()
        if chunked:
            self._writer.write(b"0\r\n\r\n")

    async def _reply(self, method: bytes, *, whole: bool) -> Reply:
        self._whole = whole
        rest = b"1"
        while rest.startswith(b"1"):  # 1xx: the answer proper is still to come
            head = await self._reader.readuntil(b"\r\n\r\n")
            self.untouched = False
            first, *lines = head[:-4].split(b"\r\n")
            version, _, rest = first.partition(b" ")
        status = int(rest[:3])
        headers = [_header(line) for line in lines]
        known = dict(headers)
        keep = version == b"HTTP/1.1" and known.get(b"connection", b"").lower() != b"close"
        size = int(known[b"content-length"]) if b"content-length" in known else None
        if method == b"HEAD" or status in _BODILESS:
            known, size = {b"content-length": b"0"}, 0
        return Reply(
            status=status,
            headers=[header for header in headers if header[0] not in HOP_BY_HOP],
            size_bytes=size,
            body=self._body(known, size, keep=keep),
        )

    async def _body(
        self, headers: dict[bytes, bytes], size: int | None, *, keep: bool
    ) -> AsyncIterator[bytes]:
        chunked = b"chunked" in headers.get(b"transfer-encoding", b"").lower()
        if chunked:
            blocks = self._chunks()
        elif size is not None:
            blocks = self._exactly(size)
        else:
            blocks = self._rest()
        try:
            async for block in blocks:
                yield block
        except _BROKEN as error:
            raise UpstreamError(f"{type(error).__name__}: {error}") from error
        self.reusable = keep and self._whole and (chunked or size is not None)

    async def _rest(self) -> AsyncIterator[bytes]:
        while block := await self._reader.read(_BLOCK):
            yield block

    async def _exactly(self, left: int) -> AsyncIterator[bytes]:
        while left:
            block = await self._reader.read(min(left, _BLOCK))
            if not block:
                raise EOFError("the answer was cut off")
            left -= len(block)
            yield block

    async def _chunks(self) -> AsyncIterator[bytes]:
        while size := int((await self._reader.readuntil(b"\r\n")).partition(b";")[0], 16):
            async for block in self._exactly(size):
                yield block
            await self._reader.readexactly(2)
        while await self._reader.readuntil(b"\r\n") != b"\r\n":
            pass


def _watch(writer: asyncio.StreamWriter) -> None:
    """Let the kernel find out within a minute that the other machine is gone."""
    connection = writer.get_extra_info("socket")
    for level, option, value in _KEEPALIVE:
        connection.setsockopt(level, option, value)


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()
