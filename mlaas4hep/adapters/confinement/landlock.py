"""Landlock: a process gives up every file that it does not need, and TCP, for good.

The kernel's own interface (landlock(7)) through ctypes; the numbers below are its constants.
Rules bind the calling thread and those it starts, so call this before any other thread runs.
"""

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on all architectures
_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_TRUNCATE = 1 << 14  # since version 3
_IOCTL_DEV = 1 << 15  # since version 5
_ALL_OF_VERSION_1 = (1 << 13) - 1
_BIND, _CONNECT = 1 << 0, 1 << 1  # TCP; since version 4
_SCOPED = 0b11  # abstract sockets and signals; since version 6

_READ = _READ_FILE | _READ_DIR
_FOR_FILES = 1 | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV  # 1: execute


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def restrict(*, read: Iterable[Path], write: Iterable[Path], asks: bool = False) -> int:
    """Allow only these files and what lies below these folders; return Landlock's version.

    No TCP, unless the process `asks` servers: then it may connect. 0 means that the kernel has no Landlock and nothing was restricted. Paths that do not exist
    are left out. The process must have given up gaining privileges (`no_new_privs`).
    """
    version = _call(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    if version < 1:
        return 0
    handled = _files_of(version)
    wanted = _Ruleset(
        files=handled,
        network=(_BIND if asks else _BIND | _CONNECT) if version >= 4 else 0,  # noqa: PLR2004
        scoped=_SCOPED if version >= 6 else 0,  # noqa: PLR2004 - the kernel's versions
    )
    ruleset = _call(_CREATE_RULESET, ctypes.byref(wanted), ctypes.sizeof(wanted), 0)
    if ruleset < 0:
        return 0
    for path in read:
        _allow(ruleset, path, _READ & handled)
    for path in write:
        _allow(ruleset, path, handled & ~1)
    done = _call(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return version if done == 0 else 0


def _files_of(version: int) -> int:
    handled = _ALL_OF_VERSION_1
    if version >= 2:  # noqa: PLR2004
        handled |= 1 << 13  # moving between folders
    if version >= 3:  # noqa: PLR2004
        handled |= _TRUNCATE
    if version >= 5:  # noqa: PLR2004
        handled |= _IOCTL_DEV
    return handled


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    allowed = rights if path.is_dir() else rights & _FOR_FILES
    rule = _PathBeneath(allowed=allowed, parent=descriptor)
    _call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    return int(ctypes.CDLL(None, use_errno=True).syscall(number, *arguments))
