"""What a training process uses, as seen from outside: memory, threads, and disk that it hides."""

import math
import os
import stat
from contextlib import suppress
from pathlib import Path

from mlaas4hep.adapters.confinement.limits import LARGEST_FILE

_PRIVATE = ("RssAnon:", "RssShmem:", "VmPTE:")  # pages of files that are only mapped do not count
_MOST_FILES = 10_000  #: in the work folder
_MOST_MAPS_BYTES = 4 * 1024**2  #: of their list; a training with every framework has a tenth
_DEEPEST = 16  #: folders in folders; deeper, paths grow longer than the kernel takes


def memory_and_threads(pid: int) -> tuple[int, int]:
    """Return the private bytes and the number of threads of a process; zeros if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0, 0
    private, threads = 0, 0
    for line in lines.splitlines():
        if line.startswith(_PRIVATE):
            private += int(line.split()[1]) * 1024
        elif line.startswith("Threads:"):
            threads = int(line.split()[1])
    return private, threads


def folder_bytes(folder: Path) -> float:
    """Return the size of all files; too many, too deep or unreadable folders have no end.

    Files and folders may go away meanwhile.
    """
    used, left = 0.0, _MOST_FILES
    folders = [(os.fspath(folder), 0)]
    while folders and left >= 0:
        place, depth = folders.pop()
        sizes, below = _listed(place)
        used += sum(sizes) if depth <= _DEEPEST else math.inf
        left -= len(sizes)
        folders += [(path, depth + 1) for path in below]
    return used if left >= 0 else math.inf


def _listed(place: str) -> tuple[list[float], list[str]]:
    """Return the sizes of what lies in a folder, and the folders among it."""
    sizes, below = [], []
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    sizes.append(entry.stat(follow_symlinks=False).st_blocks * 512.0)
                    below += [entry.path] if entry.is_dir(follow_symlinks=False) else []
    except FileNotFoundError:
        pass
    except OSError:  # a name too long, or no right to list: no library makes such folders
        sizes.append(math.inf)
    return sizes, below


def open_unlinked(pid: int) -> dict[tuple[int, int], float]:
    """Return (device, inode) → bytes of the files that a process holds open without a name."""
    found = {}
    with suppress(OSError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                info = each.stat()
                if stat.S_ISREG(info.st_mode) and not info.st_nlink:
                    found[info.st_dev, info.st_ino] = float(info.st_blocks * 512)
    return found


def mapped_unlinked(pid: int, most_bytes: int = _MOST_MAPS_BYTES) -> dict[tuple[int, int], float]:
    """Return (device, inode) → bytes of mapped files without a name: each may be the largest.

    A list that nobody could look through again and again has no end.
    """
    found = {}
    with suppress(OSError), Path(f"/proc/{pid}/maps").open("rb") as maps:
        listed = maps.read(most_bytes + 1)
        if len(listed) > most_bytes:
            return {(0, 0): math.inf}
        for line in listed.splitlines():
            if not line.endswith(b"(deleted)"):
                continue
            _, _, _, device, inode, path = line.split(maxsplit=5)
            if not path.startswith((b"/dev/zero", b"/memfd:", b"/SYSV")):  # memory, counted there
                major, minor = (int(part, 16) for part in device.split(b":"))
                found[os.makedev(major, minor), int(inode)] = float(LARGEST_FILE)
    return found


def sent_files(descriptor: int) -> int:
    """Return how many open files lie unread in one of our own sockets."""
    with suppress(OSError), Path(f"/proc/self/fdinfo/{descriptor}").open("rb") as info:
        for line in info:
            if line.startswith(b"scm_fds:"):
                return int(line.split()[1])
    return 0
