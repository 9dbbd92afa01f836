"""What the workers of one function tell each other: each its counters, so that any can tell all."""

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

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


class Sums(Collector):
    """The sum of several processes' metrics; of levels, too, since each counts its own."""

    def __init__(self, texts: Iterable[bytes]) -> None:
        """Take what each process tells in Prometheus's text format."""
        self._texts = texts

    def collect(self) -> Iterator[Metric]:
        """Yield each metric once."""
        families: dict[str, Metric] = {}
        sums: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
        for text in self._texts:
            for family in text_string_to_metric_families(text.decode()):
                families.setdefault(family.name, family)
                values = sums.setdefault(family.name, {})
                for sample in family.samples:
                    key = sample.name, tuple(sample.labels.items())
                    values[key] = values.get(key, 0.0) + sample.value
        for name, family in families.items():
            whole = Metric(name, family.documentation, family.type)
            for (sample_name, labels), value in sums[name].items():
                whole.add_sample(sample_name, dict(labels), value)
            yield whole

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is is known when it is asked for."""
        return ()
