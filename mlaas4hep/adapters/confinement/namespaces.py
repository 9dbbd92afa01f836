"""Namespaces of its own: no network at all, no shared System V objects, a world to read only.

Linux lets a person make them (user_namespaces(7)) unless the distribution or the container's
profile forbids it. Process ids are not among them: a namespace for them needs a second process,
and signals, limits and /proc of others are refused by seccomp and Landlock already.
"""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

_NEW_USER, _NEW_MOUNTS, _NEW_IPC, _NEW_NETWORK = 0x10000000, 0x00020000, 0x08000000, 0x40000000
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000
_MOUNT_SETATTR = 442  # the same on all architectures
_BELOW = 0x8000  # AT_RECURSIVE
_HERE = -100  # AT_FDCWD
_READ_ONLY = 1


class _Attributes(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_uint64) for name in ("add", "remove", "propagation", "user_namespace")
    )


def enter(work: Path, *, writes: bool = True) -> tuple[str, ...]:
    """Leave the namespaces of the parent, and return which; only `work` can be written, if at all.

    The caller must have no other thread, and must stand in `work`.
    """
    user, group = os.geteuid(), os.getegid()
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(_NEW_USER | _NEW_MOUNTS | _NEW_IPC | _NEW_NETWORK) != 0:
        return ()
    _stay(user, group)
    reached = ("user namespace", "network namespace", "ipc namespace")
    return (*reached, "read-only mounts") if _read_only(library, work, writes=writes) else reached


def _stay(user: int, group: int) -> None:
    """Be the same user and group inside, so that files have the owners that they had."""
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with suppress(OSError):  # unmapped, it still has its rights on its files
            Path("/proc/self", name).write_text(text, encoding="ascii")


def _read_only(library: ctypes.CDLL, work: Path, *, writes: bool) -> bool:
    place = os.fsencode(work)
    done = (
        library.mount(None, b"/", None, _RECURSIVE | _PRIVATE, None) == 0
        and library.mount(place, place, None, _BIND | _RECURSIVE, None) == 0
        and _set(library, b"/", _BELOW, _Attributes(add=_READ_ONLY)) == 0
        and (not writes or _set(library, place, 0, _Attributes(remove=_READ_ONLY)) == 0)
    )
    os.chdir(work)  # the old working folder lies in the mount below
    return done


def _set(library: ctypes.CDLL, place: bytes, flags: int, wanted: _Attributes) -> int:
    arguments = (_HERE, place, flags, ctypes.byref(wanted), ctypes.sizeof(wanted))
    return int(library.syscall(_MOUNT_SETATTR, *arguments))
