"""A seccomp filter: system calls that are not on the list answer EPERM, newer ones ENOSYS.

A small classic BPF program over the number of the system call and, for a few, one argument
(seccomp(2)). Nothing is killed, so that a library that only tries goes on without.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable

from mlaas4hep.adapters.confinement.calls import (
    ARGUMENTS,
    FILES,
    MACHINES,
    OF_THE_NETWORK,
    SIGNALS,
    numbers,
)

_PR_SET_SECCOMP = 22
_MODE_FILTER = 2
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _JUMP_EQUAL, _JUMP_FROM, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_AND = 0x54
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_CLONE_THREAD = 0x10000
_SHARED_MEMORY = 0x21  # MAP_SHARED and MAP_ANONYMOUS: memory that RLIMIT_DATA does not count
_MAKES = 0o20000100  # O_CREAT and O_TMPFILE's own bit: only with them a mode is looked at
_SET_ID = 0o6000  # who runs such a file is its owner; chmod, which could say so later, is refused
_X32 = 0x40000000  # from here on x86-64 numbers the same calls a second time
_NEWER = 424  # from here on all machines share numbers, and libraries know older ways


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def restrict(*, asks: bool = False) -> bool:
    """Forbid for good what training never needs; tell whether the kernel took the filter.

    The process must have given up gaining privileges (`no_new_privs`). One that `asks` may connect
    to servers over IP.
    """
    machine = platform.machine()
    if machine not in MACHINES:
        return False
    code = _filter(machine, os.getpid(), asks=asks)
    program = _Program(length=len(code) // 8, instructions=code)
    library = ctypes.CDLL(None, use_errno=True)
    return bool(library.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _filter(machine: str, pid: int, *, asks: bool) -> bytes:
    allowed = numbers(machine, asks=asks)
    code = [
        _instruction(_LOAD, _ARCHITECTURE),
        _instruction(_JUMP_EQUAL, MACHINES[machine], 1, 0),
        _DENIED,  # another architecture's numbering
        _instruction(_LOAD, _NUMBER),
        _instruction(_JUMP_FROM, _X32, 0, 1),
        _DENIED,
    ]
    code += _checked(allowed.pop("clone"), 0, [_CLONE_THREAD], _JUMP_SET)  # no new processes
    code += _without_all(allowed.pop("mmap"), 3, _SHARED_MEMORY)
    for name, (flags, mode) in FILES.items():
        if name in allowed:
            code += _without_set_id(allowed.pop(name), flags, mode)
    for name, (place, values) in (ARGUMENTS | (OF_THE_NETWORK if asks else {})).items():
        code += _checked(allowed.pop(name), place, values)
    for name in SIGNALS:
        code += _checked(allowed.pop(name), 0, [pid])
    for number in allowed.values():
        code += [_instruction(_JUMP_EQUAL, number, 0, 1), _ALLOWED]
    code += [_instruction(_JUMP_FROM, _NEWER, 0, 1), _UNKNOWN]
    return b"".join([*code, _DENIED])


def _checked(
    number: int, place: int, values: Iterable[int], compare: int = _JUMP_EQUAL
) -> list[bytes]:
    """Return what allows a call if the lower half of an argument compares with one of `values`.

    The kernel looks at no more of these arguments: all are int or fit into one.
    """
    choices = [each for value in values for each in (_instruction(compare, value, 0, 1), _ALLOWED)]
    body = [_instruction(_LOAD, _ARGUMENTS + 8 * place), *choices, _DENIED]
    return [_instruction(_JUMP_EQUAL, number, 0, len(body)), *body]


def _without_all(number: int, place: int, bits: int) -> list[bytes]:
    """Return what allows a call unless all of these bits of an argument are set."""
    body = [
        _instruction(_LOAD, _ARGUMENTS + 8 * place),
        _instruction(_AND, bits),
        _instruction(_JUMP_EQUAL, bits, 0, 1),
        _DENIED,
        _ALLOWED,
    ]
    return [_instruction(_JUMP_EQUAL, number, 0, len(body)), *body]


def _without_set_id(number: int, flags: int | None, mode: int) -> list[bytes]:
    """Return what allows a call unless it makes a file whose owner its users would become.

    Args:
        number: of the call.
        flags: the argument that says whether it makes one; None: it does.
        mode: the argument with the rights of that file, which is anything if it makes none.
    """
    body = [_instruction(_LOAD, _ARGUMENTS + 8 * mode), *_REFUSED_IF_SET_ID]
    if flags is not None:
        asked = [_instruction(_LOAD, _ARGUMENTS + 8 * flags)]
        body = [*asked, _instruction(_JUMP_SET, _MAKES, 1, 0), _ALLOWED, *body]
    return [_instruction(_JUMP_EQUAL, number, 0, len(body)), *body]


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


_ALLOWED = _instruction(_RETURN, _ALLOW)
_DENIED = _instruction(_RETURN, _ERRNO | errno.EPERM)
_UNKNOWN = _instruction(_RETURN, _ERRNO | errno.ENOSYS)  # libc falls back, clone3 to clone
_REFUSED_IF_SET_ID = (_instruction(_JUMP_SET, _SET_ID, 0, 1), _DENIED, _ALLOWED)
