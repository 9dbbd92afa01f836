"""What a child process is asked to be, and how a prepared process is told."""

import json
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LONGEST = 64 * 1024  #: bytes of one request
_DESCRIPTORS = 2  #: the child's own one and its output
_BORN, _ENDED = b"born", b"ended"
ANSWER_BYTES = 64  #: of the two packets that come back
NOWHERE = Path("/nonexistent")  #: the folder of a process that has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One of our modules: `main(arguments)` does its work.

    If something can be prepared, `prepare(what)` of the module imports it.
    """

    module: str
    prepares: str = ""  #: what; empty: nothing, each child is a fresh process


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRequest:
    """A child: `main` gets its descriptor, its parent's process id and the arguments."""

    program: Program
    folder: Path  #: in which it stands
    environment: Callable[[Path], Mapping[str, str]]  #: of a process that stands in a folder
    descriptor: int  #: the only one that it gets besides 0, 1 and 2
    arguments: Sequence[object] = ()
    has_output: bool = False  #: what it prints can be read; else nobody does


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """What a fork of a prepared process needs to become the child that is wanted."""

    module: str
    folder: str
    environment: dict[str, str]
    arguments: list[str]
    descriptor: int
    output: int  #: descriptor; -1: it prints nothing


def send(end: socket.socket, wanted: ChildRequest, output: int) -> None:
    """Ask for a child whose output goes into the descriptor `output`; -1: nowhere."""
    text = json.dumps(
        [
            wanted.program.module,
            os.fspath(wanted.folder),
            dict(wanted.environment(wanted.folder)),
            [str(each) for each in wanted.arguments],
        ]
    )
    descriptors = [wanted.descriptor] if output < 0 else [wanted.descriptor, output]
    socket.send_fds(end, [text.encode()], descriptors)


def receive(end: socket.socket) -> Birth:
    """Return what `send` sent; the descriptors belong to the caller."""
    text, descriptors, _, _ = socket.recv_fds(end, _LONGEST, _DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
    module, folder, environment, arguments = json.loads(text)
    return Birth(
        module=module,
        folder=folder,
        environment=environment,
        arguments=arguments,
        descriptor=descriptors[0],
        output=descriptors[1] if len(descriptors) > 1 else -1,
    )


def born(pid: int) -> bytes:
    """Return what a child tells first."""
    return b"%s %d" % (_BORN, pid)


def ended(code: int) -> bytes:
    """Return what is told of its end: the exit code, or minus a signal."""
    return b"%s %d" % (_ENDED, code)


def number(answer: bytes, *, of_birth: bool) -> int:
    """Return the process id or the exit code that was told; ValueError: something else was."""
    what, _, text = answer.partition(b" ")
    if what != (_BORN if of_birth else _ENDED):
        raise ValueError(f"the prepared process told {answer!r}")
    return int(text)
