"""What an uploaded tarball holds, and which names its members may have."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from operator import attrgetter

from mlaas4hep.core import keys
from mlaas4hep.errors import InvalidRequestError

MAX_MEMBERS = 10_000
MAX_PATH = 200  #: characters; object stores and file systems hold at least this
_path = attrgetter("path")
_LITTER = ("._", ".DS_Store", "__MACOSX")  #: what macOS puts beside people's files


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of a tarball."""

    path: str  #: without the top folder, as files.txt and people call it
    stored: str  #: with it, as the tarball calls it
    size_bytes: int
    checksum: str = ""  #: xxh3; empty: uploaded to an earlier release


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The current content of a folder; written last, when every member is stored."""

    owner: str
    folder: str
    sha256: str  #: of the tarball as it came
    filename: str  #: as the person's machine called it
    size_bytes: int  #: of the tarball
    uploaded_at: float  #: seconds since the epoch, UTC
    members: tuple[Member, ...]  #: sorted by path

    @property
    def unpacked_bytes(self) -> int:
        """Return the size of all members together."""
        return sum(member.size_bytes for member in self.members)

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the names of the members, without the top folder."""
        return tuple(member.path for member in self.members)

    def find(self, path: str) -> Member | None:
        """Return the member that a person means by `path` (`./x` is `x`), or None."""
        wanted = "/" * path.startswith("/") + "/".join(_parts(path))
        at = bisect_left(self.members, wanted, key=_path)
        found = self.members[at : at + 1]
        return found[0] if found and found[0].path == wanted else None

    def key(self, member: Member) -> str:
        """Return the object key of a member in bucket tarballs."""
        return keys.member(self.owner, self.folder, self.sha256, member.stored)


def is_litter(name: str) -> bool:
    """Tell whether a member is nothing that the person packed on purpose."""
    return any(part.startswith(_LITTER) for part in _parts(name))


def member_path(name: str) -> str:
    """Return the path of a member inside its folder.

    Raises:
        InvalidRequestError: it would leave the folder, or cannot be a key.
    """
    parts = _parts(name)
    if name.startswith("/") or ".." in parts or "\\" in name:
        raise InvalidRequestError(
            f"member {name!r} leaves the folder it is unpacked into",
            stage="upload",
            file=name,
            hint="pack with relative names: tar -czf luca.tar.gz luca/",
        )
    if len(name) > MAX_PATH or not name.isprintable():
        raise InvalidRequestError(
            f"member {name[:MAX_PATH]!r} has a name that cannot be stored",
            stage="upload",
            hint=f"at most {MAX_PATH} printable characters",
        )
    return "/".join(parts)


def _parts(path: str) -> list[str]:
    """Return the names in a path, from the top folder to the file."""
    return [part for part in path.split("/") if part not in ("", ".")]


def without_top_folder(members: Iterable[Member]) -> tuple[Member, ...]:
    """Return the members, without the one folder that all of them lie in, if there is one."""
    members = tuple(members)
    tops = {_parts(member.stored)[0] for member in members}
    bare = len(tops) != 1 or any("/" not in member.stored for member in members)
    if not bare:
        members = tuple(replace(each, path=each.stored.partition("/")[2]) for each in members)
    return tuple(sorted(members, key=_path))
