"""A fork of a prepared process becomes a child: nothing of the other children is left in it."""

import os
import sys
import tempfile
import traceback
from collections.abc import Collection
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from socket import socket
from typing import NoReturn

from mlaas4hep.adapters.children import request
from mlaas4hep.adapters.confinement.prctl import die_with_parent


def be_born(life: socket, parent: int, inherited: Collection[int]) -> NoReturn:
    """Read from `life` what to be, tell the process id there, close it, and be that.

    Args:
        life: of which the prepared process keeps a copy.
        parent: the prepared process.
        inherited: descriptors that its libraries keep open.
    """
    code = 1
    try:
        die_with_parent(parent)
        os.setsid()
        birth = request.receive(life)
        _move(birth)
        life.send(request.born(os.getpid()))
        life.close()
        _close_all_but({*inherited, birth.descriptor})
        import_module(birth.module).main([str(birth.descriptor), str(parent), *birth.arguments])
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001 - the outermost frame of this process
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(code)


def _move(birth: request.Birth) -> None:
    """Take folder, environment and output of the child."""
    os.chdir(birth.folder)
    os.environ.clear()
    os.environ.update(birth.environment)
    tempfile.tempdir = None  # of the environment before
    if birth.output >= 0:
        for standard in (1, 2):
            os.dup2(birth.output, standard)


def _close_all_but(kept: Collection[int]) -> None:
    for descriptor in open_descriptors() - {*kept, 0, 1, 2}:
        os.close(descriptor)


def open_descriptors() -> set[int]:
    """Return the descriptors of this process."""
    listed = [int(each.name) for each in Path("/proc/self/fd").iterdir()]
    return {number for number in listed if _is_open(number)}


def _is_open(descriptor: int) -> bool:
    """Tell whether it is open still; the one that listed them is not."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
