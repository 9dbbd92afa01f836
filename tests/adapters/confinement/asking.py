"""`python asking.py FILE PARENT DEMAND SOCKET PORT`: be a program of ours that asks servers, and try to leave.

It writes what attacks.py writes, as JSON. Run by test_attacks.py.
"""

import json
import platform
import socket
import sys
import tempfile
from pathlib import Path

from mlaas4hep.adapters.confinement import calls
from mlaas4hep.adapters.confinement.confinement import hold
from mlaas4hep.adapters.sources.places.xrootd import credentials
from tests.adapters.confinement import attacks


def of_who_asks(outside, parent):
    """Return name → what a program tries that may connect to servers."""
    line = socket.socket()
    tried = {
        **attacks.attacks(outside, parent),
        "a file anywhere": lambda: Path(tempfile.gettempdir(), "held").write_bytes(b"x"),
        "a file in its folder": lambda: Path("new").write_bytes(b"x"),
        "the parent's environment": Path(f"/proc/{parent}/environ").read_bytes,
        "a packet of its own making": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
        "a name of the machine": lambda: line.bind(("127.0.0.1", 0)),
        "to be asked": line.listen,
        "a filter for a line": lambda: line.setsockopt(socket.SOL_SOCKET, 26, bytes(16)),
        "a device for a line": lambda: socket.socket(socket.AF_UNIX).connect("/dev/log"),
    }
    del tried["a socket"]
    return tried


def asks(outside, parent, server):
    """Return what a program of ours comes to that asks a server, and may read one file more."""
    shown = Path("mine").absolute()
    reached = hold(memory_bytes=1024**3, parent=parent, read=[shown, *credentials.files({})])
    tried = of_who_asks(outside, parent)
    able = {
        "ask a server": lambda: socket.create_connection(("127.0.0.1", server), 10).close(),
        "know a server by its name": lambda: socket.getaddrinfo("localhost", server),
        "read what it is shown": shown.read_bytes,
    }
    return {
        "reached": reached,
        "attacks": {name: attacks.attempt(attack) for name, attack in tried.items()},
        "needs": {name: attacks.attempt(need) for name, need in able.items()},
        "unlisted": attacks.unlisted(set(calls.numbers(platform.machine(), asks=True).values())),
    }


if __name__ == "__main__":
    Path("mine").write_bytes(b"")
    sys.stdout.write(json.dumps(asks(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[5]))))
