"""A program for children: it says what it finds, or ends as it is told."""

import gc
import json
import os
import re
import signal
import socket
import sys
from pathlib import Path

from mlaas4hep.adapters.confinement.prctl import die_with_parent

PREPARED = []
COLLECTED_WHILE_PREPARED = []
_LARGEST = 256 * 1024**2  #: bytes of a map that is looked through


def prepare(what):
    if what == "impossible":
        raise ImportError(what)
    PREPARED.append(os.getpid())
    COLLECTED_WHILE_PREPARED.append(gc.isenabled())


def main(arguments):
    descriptor, parent, deed, *words = arguments
    end = socket.socket(fileno=int(descriptor))
    match deed:
        case "exit":
            sys.exit(int(words[0]))
        case "raise":
            raise ValueError(words[0])
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "wait":
            end.recv(1)
        case "stay":
            die_with_parent(int(parent))
            end.sendall(b"?")
            told = end.recv(1).decode()
        case "collector":
            told = [*COLLECTED_WHILE_PREPARED, gc.isenabled(), gc.get_freeze_count() > 0]
        case "search":
            told = _is_in_memory(re.compile(words[0].encode()))
        case _:
            told = _found(parent, words)
    end.sendall(json.dumps(told).encode())


def _found(parent, words):
    return {
        "words": words,
        "parent": os.getppid() == int(parent) and int(parent),
        "prepared": PREPARED,
        "folder": str(Path.cwd()),
        "environment": dict(os.environ),
        "leads its group": os.getpgid(0) == os.getpid(),
        "descriptors": len([*Path("/proc/self/fd").iterdir()]) - 1,
    }


def _is_in_memory(sought):
    lines = Path("/proc/self/maps").read_text(encoding="ascii").splitlines()
    with Path("/proc/self/mem").open("rb", buffering=0) as memory:
        for place, rights in (line.split()[:2] for line in lines if "[v" not in line):
            start, stop = (int(number, 16) for number in place.split("-"))
            if rights.startswith("rw") and stop - start < _LARGEST:
                memory.seek(start)
                if sought.search(memory.read(stop - start) or b""):
                    return True
    return False


if __name__ == "__main__":
    main(sys.argv[1:])
