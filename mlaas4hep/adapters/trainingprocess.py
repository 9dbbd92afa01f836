"""A training process as its parent sees it: what it reports, what it prints, how it ends."""

import logging
import os
import signal
import stat
import subprocess
import threading
import time
from pathlib import Path

from mlaas4hep.adapters.cappedlog import CappedLog
from mlaas4hep.adapters.training.channel import Channel, Packet
from mlaas4hep.core import wire
from mlaas4hep.core.training import (
    ChunkWanted,
    FileMade,
    ModelBuilt,
    Report,
    RoundEnded,
    TrainingFinished,
)
from mlaas4hep.errors import InvalidRequestError, PermanentError, ServiceUnavailableError

log = logging.getLogger(__name__)

LOG_BYTES = 1024 * 1024  #: of its output that are kept
_WATCH_SECONDS = 0.1
_END_SECONDS = 10
_LONGEST_NAME = 200
_PRIVATE = ("RssAnon:", "RssShmem:")  # pages of files that are only mapped do not count
_REPORTS: dict[str, type[ModelBuilt | ChunkWanted | RoundEnded | TrainingFinished]] = {
    kind.__name__: kind for kind in (ModelBuilt, ChunkWanted, RoundEnded, TrainingFinished)
}


class TrainingProcess:
    """`ports.Training` around a child of this process."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        channel: Channel,
        *,
        memory_bytes: int,
        seconds: int,
    ) -> None:
        self._process = process
        self._channel = channel
        self._memory_bytes = memory_bytes
        self._seconds = seconds
        self._log = CappedLog(LOG_BYTES)
        self._over: PermanentError | None = None
        self._began = False
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._read_output, daemon=True),
            threading.Thread(target=self._watch, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def report(self, timeout_s: float) -> Report | None:
        """Return the next report, or None when none came in time."""
        try:
            packet = self._channel.receive(timeout_s)
        except EOFError:
            raise self._ending() from None
        if packet is None:
            return None
        self._began = True
        return _report(packet)

    def give_chunk(self, path: Path) -> None:
        """Hand over the chunk that was asked for first."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._channel.send("Chunk", b"", descriptor)
        except EOFError:
            raise self._ending() from None
        finally:
            os.close(descriptor)

    def log(self) -> bytes:
        """Return what was printed so far."""
        return self._log.content()

    def end(self) -> None:
        """Kill what is left of the process group, and wait for it."""
        self._kill()
        self._process.wait()
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _kill(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def _read_output(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was started with a pipe
        with self._process.stdout as output:
            while data := output.read(64 * 1024):
                self._log.write(data)

    def _watch(self) -> None:
        """Kill the process when it is over its memory or its time."""
        deadline = time.monotonic() + self._seconds
        while not self._ended.wait(_WATCH_SECONDS):
            if _private_bytes(self._process.pid) > self._memory_bytes:
                self._over = _out_of_memory(self._memory_bytes)
            elif time.monotonic() > deadline:
                self._over = PermanentError(
                    f"the training did not end within {self._seconds} s",
                    stage="train",
                    hint="fewer epochs, or a larger batch_size",
                )
            if self._over:
                self._kill()
                return

    def _ending(self) -> PermanentError | ServiceUnavailableError:
        """Say why the process ended without a word."""
        try:
            code = self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:  # it closed its channel, and goes on
            self._kill()
            code = 0
        self._threads[0].join(_END_SECONDS)
        log.warning("training process %d ended with %d", self._process.pid, code)
        if self._over:
            return self._over
        if code == -signal.SIGKILL:
            return ServiceUnavailableError("the training process was killed from outside")
        if not self._began and code > 0 and b"model.py" not in self.log():
            return ServiceUnavailableError(f"the training process did not start (exit code {code})")
        return _died(code, self._memory_bytes)


def _report(packet: Packet) -> Report:
    """Return what a packet says.

    Raises:
        PermanentError: that the training failed, or nonsense.
    """
    if packet.kind == "FileMade":
        return _file(packet)
    if packet.descriptor is not None:
        os.close(packet.descriptor)
    try:
        if packet.kind in _REPORTS:
            return wire.load(_REPORTS[packet.kind], packet.body)
        message, hint = wire.load(list[str], packet.body)
    except (InvalidRequestError, ValueError) as error:
        raise PermanentError(
            f"model.py made the training process say nonsense ({packet.kind!r})", stage="train"
        ) from error
    raise PermanentError(message, stage="train", file=_blamed(message), hint=hint)


def _file(packet: Packet) -> FileMade:
    name = packet.body.decode("utf-8", "replace")
    parts = name.split("/")
    if packet.descriptor is None:
        raise PermanentError("the training process sent no file", stage="train")
    is_plain = stat.S_ISREG(os.fstat(packet.descriptor).st_mode)
    if not is_plain or len(name) > _LONGEST_NAME or not all(_is_file_name(part) for part in parts):
        os.close(packet.descriptor)
        raise PermanentError(
            f"the training process made {name[:_LONGEST_NAME]!r}, not a file", stage="train"
        )
    return FileMade(name=name, file=os.fdopen(packet.descriptor, "rb"))


def _is_file_name(part: str) -> bool:
    return bool(part) and not part.startswith(".") and part.replace("-", "").isprintable()


def _blamed(message: str) -> str:
    return "model.py" if message.startswith("model.py") else ""


def _died(code: int, memory_bytes: int) -> PermanentError:
    if code < 0:
        name = signal.Signals(-code).name
        return PermanentError(
            f"the training process died of {name}",
            stage="train",
            hint=f"the run's log may say more; memory was {_readable(memory_bytes)}",
        )
    return PermanentError(
        f"model.py ended the training process (exit code {code})",
        stage="train",
        file="model.py",
        hint="return the compiled model; do not call exit or os._exit",
    )


def _out_of_memory(memory_bytes: int) -> PermanentError:
    return PermanentError(
        f"the training used more than memory={_readable(memory_bytes)}",
        stage="train",
        hint="a smaller model or batch_size, or a larger `memory` in the submission",
    )


def _readable(size_bytes: int) -> str:
    gigabytes = size_bytes / 1024**3
    return f"{gigabytes:g}gb" if gigabytes >= 1 else f"{size_bytes // 1024**2}mb"


def _private_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(_PRIVATE))
