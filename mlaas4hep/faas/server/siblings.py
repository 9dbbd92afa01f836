"""What the workers of one function tell each other: each its counters, so that any can tell all."""

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

log = logging.getLogger(__name__)

_PATIENCE_S = 2.0  #: for a sibling that is busy


class Siblings:
    """The workers that share a folder, in which each listens at a socket of its own."""

    def __init__(self, folder: Path, number: int) -> None:
        """Be worker `number`; the folder exists and is nobody else's."""
        # by its descriptor, so that addresses are short enough wherever it is
        self._folder = Path(f"/proc/self/fd/{os.open(folder, os.O_PATH | os.O_DIRECTORY)}")
        self._own = self._folder / str(number)

    def answer(self, tell: Callable[[], bytes]) -> None:
        """Tell whoever of the siblings asks, from a thread that ends with the process."""
        self._own.unlink(missing_ok=True)  # of the worker that this one replaces
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(self._own))
        listening.listen()
        threading.Thread(target=_answer, args=(listening, tell), daemon=True).start()

    def texts(self) -> list[bytes]:
        """Return what the others tell; one that is just being replaced tells nothing."""
        others = sorted(each for each in self._folder.iterdir() if each != self._own)
        return [text for each in others for text in _texts_of(each)]


def _texts_of(address: Path) -> Iterator[bytes]:
    try:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(_PATIENCE_S)
            asking.connect(str(address))
            yield b"".join(iter(lambda: asking.recv(65536), b""))
    except OSError as error:
        log.warning("worker %s does not tell its counters: %s", address.name, error)


def _answer(listening: socket.socket, tell: Callable[[], bytes]) -> None:
    while True:
        asking, _ = listening.accept()
        try:
            with asking:
                asking.sendall(tell())
        except OSError as error:  # it did not wait for the answer
            log.info("a worker asked and left: %s", error)
