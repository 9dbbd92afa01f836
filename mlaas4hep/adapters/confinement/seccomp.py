"""A seccomp filter: no sockets, no new processes, no signals to others, no debugging.

A small classic BPF program over the number of the system call (seccomp(2)); what it forbids
answers EPERM, so that a library that only tries goes on without.
"""

import ctypes
import errno
import os
import platform
import struct
from dataclasses import dataclass

_PR_SET_SECCOMP = 22
_MODE_FILTER = 2
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _JUMP_EQUAL, _JUMP_FROM, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_CLONE_THREAD = 0x10000
_X32 = 0x40000000  # from here on x86-64 numbers the same calls a second time


@dataclass(frozen=True, slots=True, kw_only=True)
class _Machine:
    architecture: int  #: AUDIT_ARCH_…
    forbidden: tuple[int, ...]
    clone: int
    clone3: int
    signals: tuple[int, ...]  #: kill, tgkill and their like: the process itself as first argument


#: socket, connect, accept, bind, listen, accept4 · fork, vfork, execve, execveat · ptrace,
#: process_vm_readv, process_vm_writev, pidfd_getfd, pidfd_send_signal · bpf, perf_event_open,
#: userfaultfd, keyctl, add_key, request_key, mount, umount2, pivot_root, chroot, unshare, setns,
#: memfd_create, io_uring_setup, init_module, finit_module, kexec_load, setsid, setpgid, tkill
_COMMON = (438, 424, 425)  # pidfd_getfd, pidfd_send_signal, io_uring_setup
_MACHINES = {
    "x86_64": _Machine(
        architecture=0xC000003E,
        forbidden=(
            *_COMMON,
            *(41, 42, 43, 49, 50, 288),
            *(57, 58, 59, 322),
            *(101, 310, 311),
            *(321, 298, 323, 250, 248, 249, 165, 166, 155, 161, 272, 308, 319, 175, 313, 246),
            *(112, 109, 200),
        ),
        clone=56,
        clone3=435,
        signals=(62, 234, 129, 297),
    ),
    "aarch64": _Machine(
        architecture=0xC00000B7,
        forbidden=(
            *_COMMON,
            *(198, 203, 202, 200, 201, 242),
            *(221, 281),
            *(117, 270, 271),
            *(280, 241, 282, 219, 217, 218, 40, 39, 41, 51, 97, 268, 279, 105, 273, 104),
            *(157, 154, 130),
        ),
        clone=220,
        clone3=435,
        signals=(129, 131, 138, 240),
    ),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def restrict() -> bool:
    """Forbid for good what training never needs; tell whether the kernel took the filter.

    The process must have given up gaining privileges (`no_new_privs`).
    """
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    code = _filter(machine, os.getpid())
    program = _Program(length=len(code) // 8, instructions=code)
    library = ctypes.CDLL(None, use_errno=True)
    return bool(library.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _filter(machine: _Machine, pid: int) -> bytes:
    deny = _instruction(_RETURN, _ERRNO | errno.EPERM)
    allow = _instruction(_RETURN, _ALLOW)
    code = [
        _instruction(_LOAD, _ARCHITECTURE),
        _instruction(_JUMP_EQUAL, machine.architecture, 1, 0),
        deny,  # another architecture's numbering
        _instruction(_LOAD, _NUMBER),
        _instruction(_JUMP_FROM, _X32, 0, 1),
        deny,
    ]
    for number in machine.forbidden:
        code += [_instruction(_JUMP_EQUAL, number, 0, 1), deny]
    no_such_call = _instruction(_RETURN, _ERRNO | errno.ENOSYS)  # libc falls back to clone
    code += [_instruction(_JUMP_EQUAL, machine.clone3, 0, 1), no_such_call]
    first = _instruction(_LOAD, _FIRST_ARGUMENT)
    a_thread = _instruction(_JUMP_SET, _CLONE_THREAD, 1, 0)
    code += [_instruction(_JUMP_EQUAL, machine.clone, 0, 4), first, a_thread, deny, allow]
    itself = _instruction(_JUMP_EQUAL, pid, 1, 0)
    for number in machine.signals:
        code += [_instruction(_JUMP_EQUAL, number, 0, 4), first, itself, deny, allow]
    return b"".join([*code, allow])


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
