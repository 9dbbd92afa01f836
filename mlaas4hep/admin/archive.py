"""A platform as a tar file: objects, messages of NATS, and last an account of both.

    objects/BUCKET/KEY    messages/STREAM/NUMBER.json    account.json

The account has a checksum of all that lies before it: a file that is cut short or damaged is
refused before anything is put back.
"""

import io
import tarfile
import tempfile
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

import xxhash

from mlaas4hep.adapters.nats.archive import STREAMS, Message
from mlaas4hep.admin.platform import Platform
from mlaas4hep.core import sealed, wire
from mlaas4hep.errors import ConflictError, DamagedError, NotFoundError
from mlaas4hep.ports import ObjectStore

_ACCOUNT = "account.json"
_IN_MEMORY = 8 << 20
_LARGEST = 1 << 40
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a backup holds."""

    objects: int
    messages: int
    xxh3: str  #: of names and contents in their order


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A message as JSON holds it: it may be anything but text."""

    stream: str
    sequence: int
    subject: str
    headers: tuple[tuple[str, str], ...]
    base64: str

    @classmethod
    def of(cls, message: Message) -> "_Kept":
        return cls(
            stream=message.stream,
            sequence=message.sequence,
            subject=message.subject,
            headers=message.headers,
            base64=b64encode(message.data).decode(),
        )

    def message(self) -> Message:
        return Message(
            stream=self.stream,
            sequence=self.sequence,
            subject=self.subject,
            headers=self.headers,
            data=b64decode(self.base64),
        )


def write(file: Path, platform: Platform, *, chunks: bool = False) -> Account:
    """Write a backup in place of `file`; nothing half is ever under that name.

    Records come first: what they name was stored before them.
    """
    partial = file.with_name(f".{file.name}.part")
    try:
        with partial.open("wb") as out, tarfile.open(fileobj=out, mode="w") as tar:
            account = _Writer(tar).write(platform, chunks=chunks)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return account


def restore(file: Path, platform: Platform) -> Account:
    """Put a backup into an empty platform, or go on where an interrupted restore of it ended.

    Raises:
        DamagedError: the file is not whole.
        ConflictError: the platform is in use.
    """
    account = _checked(file)
    platform.nats.prepare()
    there = _put_before(file, platform)
    for name, content in _contents(file):
        kind, _, rest = name.partition("/")
        bucket, _, key = rest.partition("/")
        if kind == "objects" and name not in there:
            platform.services.buckets[bucket].put_stream(key, cast(BinaryIO, content), _LARGEST)
    for name, content in _contents(file):
        if name.startswith("messages/") and name not in there:
            platform.nats.put(wire.load(_Kept, content.read()).message())
    return account


class _Writer:
    """One tar file being written."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._digest = xxhash.xxh3_128()

    def write(self, platform: Platform, *, chunks: bool) -> Account:
        """Write everything."""
        messages = objects = 0
        for stream in STREAMS:
            for message in platform.nats.messages(stream):
                name = f"messages/{stream}/{message.sequence:012d}.json"
                self._add(name, io.BytesIO(wire.dump(_Kept.of(message))))
                messages += 1
        for bucket, store in platform.services.buckets.items():
            if bucket != "chunks" or chunks:
                objects += self._bucket(bucket, store)
        account = Account(objects=objects, messages=messages, xxh3=self._digest.hexdigest())
        self._add(_ACCOUNT, io.BytesIO(sealed.dump(account)))
        return account

    def _bucket(self, bucket: str, store: ObjectStore) -> int:
        count = 0
        for info in list(store.list("")):
            with tempfile.SpooledTemporaryFile(_IN_MEMORY) as copy:
                try:
                    with store.open(info.key) as content:
                        while block := content.read(_BLOCK):
                            copy.write(block)
                except NotFoundError:  # deleted meanwhile
                    continue
                copy.seek(0)
                self._add(f"objects/{bucket}/{info.key}", copy)
                count += 1
        return count

    def _add(self, name: str, content: IO[bytes]) -> None:
        member = tarfile.TarInfo(name)
        member.size = content.seek(0, io.SEEK_END)
        content.seek(0)
        self._digest.update(name.encode())
        while block := content.read(_BLOCK):
            self._digest.update(block)
        content.seek(0)
        self._tar.addfile(member, content)


def _checked(file: Path) -> Account:
    """Return the account of a backup that is whole."""
    digest = xxhash.xxh3_128()
    try:
        for name, content in _contents(file):
            if name == _ACCOUNT:
                account = sealed.load(Account, content.read())
                if account.xxh3 == digest.hexdigest():
                    return account
                break
            digest.update(name.encode())
            while block := content.read(_BLOCK):
                digest.update(block)
    except (tarfile.TarError, EOFError) as error:
        raise DamagedError(f"{str(file)!r} is no whole backup: {error}") from error
    raise DamagedError(
        f"{str(file)!r} is no whole backup: it is cut short, or its bytes are others",
        hint="take another copy of it; nothing was put back",
    )


def _contents(file: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(file, "r:") as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None:
                yield member.name, content


def _put_before(file: Path, platform: Platform) -> set[str]:
    """Return what of a backup lies in the platform already, byte by byte.

    Raises:
        ConflictError: there is something else: the platform is in use.
    """
    messages = {stream: deque(platform.nats.messages(stream)) for stream in STREAMS}
    objects = {
        f"objects/{bucket}/{info.key}"
        for bucket, store in platform.services.buckets.items()
        for info in store.list("")
    }
    there: set[str] = set()
    if objects or any(messages.values()):
        for name, content in _contents(file):
            is_there = (name in objects and _is_stored(name, content, platform)) or (
                name.startswith("messages/") and _is_next(name, content, messages)
            )
            there |= {name} if is_there else set()
    others = [f"stream {stream}" for stream, left in messages.items() if left]
    others += [f"bucket {name.split('/')[1]}" for name in sorted(objects - there)]
    if others:
        raise _in_use(others[0])
    return there


def _is_stored(name: str, content: IO[bytes], platform: Platform) -> bool:
    """Tell whether an object of the platform has this content."""
    _, bucket, key = name.split("/", 2)
    with platform.services.buckets[bucket].open(key) as stored:
        return sealed.checksum(stored) == sealed.checksum(cast(BinaryIO, content))


def _is_next(name: str, content: IO[bytes], messages: dict[str, deque[Message]]) -> bool:
    """Tell whether a message is the next one that lies in its stream, and take it from there."""
    left = messages[name.split("/")[1]]
    if not left:
        return False
    kept = wire.load(_Kept, content.read()).message()
    if (kept.subject, kept.data) != (left[0].subject, left[0].data):
        return False
    left.popleft()
    return True


def _in_use(what: str) -> ConflictError:
    return ConflictError(
        f"the platform is in use: {what} has what is not in the backup",
        hint="a backup is put into an empty platform only, so that nothing is ever mixed",
    )
