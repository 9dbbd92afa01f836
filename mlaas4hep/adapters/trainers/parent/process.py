"""A training process as its parent sees it: what it says, what it prints, how it ends."""

import logging
import math
import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlaas4hep.adapters.children.forked import Child, release
from mlaas4hep.adapters.confinement.limits import THREADS
from mlaas4hep.adapters.trainers.channel import Channel
from mlaas4hep.adapters.trainers.parent import usage
from mlaas4hep.adapters.trainers.parent.fulldisk import unless_full
from mlaas4hep.adapters.trainers.parent.printed import CappedLog
from mlaas4hep.adapters.trainers.parent.reports import Reports
from mlaas4hep.core.models.training import TrainingFinished, TrainingJob, TrainingReport
from mlaas4hep.errors import PermanentError, ServiceUnavailableError

log = logging.getLogger(__name__)

LOG_BYTES = 1024 * 1024  #: of its output that are kept
_WATCH_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 1.0
_WAITS = 9  #: times what a look took: the watch of one training leaves the process to the others
_END_SECONDS = 5
_BUILDS_ONLY = "it should only build and compile the model; training is done for you"
_MOST_SENT = 600  #: files at once; a bundle with its plots is smaller
_MAPS_EVERY = 10  #: looks; listing the maps of TensorFlow takes a millisecond


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How much a training process may use."""

    memory_bytes: int
    disk_bytes: int
    build_seconds: int
    seconds: int


class TrainingProcess:
    """`ports.Training` around a child of this process."""

    def __init__(
        self,
        process: Child,
        channel: Channel,
        work: Path,
        job: TrainingJob,
        allowance: Allowance,
    ) -> None:
        self._process = process
        self._channel = channel
        self._work = work
        self._reports = Reports(job)
        self._allowance = allowance
        self._log = CappedLog(LOG_BYTES)
        self._started_at = time.monotonic()
        self._stopped_for: PermanentError | None = None
        self._looks = 0
        self._mapped: dict[tuple[int, int], float] = {}
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._read_output, daemon=True),
            threading.Thread(target=self._watch, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def report(self, timeout_s: float) -> TrainingReport | None:
        """Return the next report, or None when none came in time."""
        try:
            packet = self._channel.receive(timeout_s)
        except EOFError:
            raise self._ending() from None
        if packet is None:
            return None
        try:
            report = self._reports.of(packet)
        except PermanentError as error:
            self._wait_for_end()
            raise unless_full(error, self._work) from error
        if isinstance(report, TrainingFinished):
            self._wait_for_end()
        return report

    def give_chunk(self, path: Path) -> None:
        """Hand over the chunk that was asked for first."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._channel.send("Chunk", b"", descriptor)
        except EOFError:
            raise self._ending() from None
        finally:
            os.close(descriptor)
        self._reports.given()

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
        release(self._process)

    def _kill(self) -> None:
        if self._process.poll() is None:
            with suppress(ProcessLookupError):  # it ended by itself meanwhile
                os.killpg(self._process.pid, signal.SIGKILL)

    def _read_output(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was started with a pipe
        with self._process.stdout as output:
            while data := output.read(64 * 1024):
                self._log.write(data)

    def _watch(self) -> None:
        """Kill the process when it is over its memory, its disk space or its time."""
        wait_s = _WATCH_SECONDS
        while not self._ended.wait(wait_s):
            began = time.thread_time()
            self._stopped_for = self._excess()
            took_s = time.thread_time() - began
            wait_s = min(max(_WATCH_SECONDS, _WAITS * took_s), _LONGEST_WAIT_SECONDS)
            if self._stopped_for:
                self._kill()
                return

    def _excess(self) -> PermanentError | None:
        most = self._allowance
        memory_bytes, threads = usage.memory_and_threads(self._process.pid)
        if memory_bytes > most.memory_bytes:
            return PermanentError(
                f"the training used more than memory={_readable(most.memory_bytes)}",
                stage="train",
                hint="a smaller model or batch_size, or a larger `memory` in the submission",
            )
        if self._age() > most.seconds:
            return self._too_long(most.seconds)
        if threads > THREADS:
            return PermanentError(
                f"model.py started more than {THREADS} threads",
                stage="train",
                file="model.py",
                hint="training is done for you, with as many threads as `cpus` in the submission",
            )
        disk_bytes = self._disk_bytes()
        if disk_bytes > most.disk_bytes:
            size = _readable(most.disk_bytes)
            return PermanentError(
                f"the training wrote more than {size} of files"
                if math.isfinite(disk_bytes)
                else "the training made too many files, or folders too deep",
                stage="train",
                file="model.py",
                hint="model.py should not write files",
            )
        return None

    def _too_long(self, seconds: int) -> PermanentError:
        if not self._reports.is_built:
            return PermanentError(
                f"model.py did not end within {seconds} s",
                stage="train",
                file="model.py",
                hint=_BUILDS_ONLY,
            )
        return PermanentError(
            f"the training did not end within {seconds} s",
            stage="train",
            hint="fewer epochs, or a larger batch_size",
        )

    def _disk_bytes(self) -> float:
        """Return the bytes of all files that only this process keeps, with a name or without."""
        if usage.sent_files(self._channel.fileno()) > _MOST_SENT:
            return math.inf
        if self._looks % _MAPS_EVERY == 0:
            self._mapped = usage.mapped_unlinked(self._process.pid)
        self._looks += 1
        hidden = {**self._mapped, **usage.open_unlinked(self._process.pid)}
        return usage.folder_bytes(self._work) + sum(hidden.values())

    def _age(self) -> float:
        return time.monotonic() - self._started_at

    def _wait_for_end(self) -> int | None:
        """Wait for the end and the last lines of output; return how it ended by itself."""
        code = None
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(_END_SECONDS)
        self._kill()
        self._threads[0].join(_END_SECONDS)
        return code

    def _ending(self) -> PermanentError | ServiceUnavailableError:
        """Say why the process closed its channel without a word."""
        code = self._wait_for_end()
        log.warning("training process %d ended with %s", self._process.pid, code)
        if self._stopped_for:
            return self._stopped_for
        if code == -signal.SIGKILL:
            return ServiceUnavailableError("the training process was killed from outside")
        return unless_full(self._died(code), self._work)

    def _died(self, code: int | None) -> PermanentError:
        most = self._allowance
        if code is None:
            message = "model.py closed the channel of the training process"
            hint = "it should only build and compile the model"
        elif code < 0:
            name = signal.Signals(-code).name
            memory = _readable(most.memory_bytes)
            message = f"the training process died of {name}"
            hint = f"the run's log may say more; memory was {memory}"
        elif code == 1 and not self._reports.is_built and self._age() > most.build_seconds:
            message = f"model.py did not end within {most.build_seconds} s"
            hint = _BUILDS_ONLY
        else:
            message = f"model.py ended the training process (exit code {code})"
            hint = "return the compiled model; do not call exit or os._exit"
        file = "model.py" if message.startswith("model.py") else ""
        return PermanentError(message, stage="train", file=file, hint=hint)


def _readable(size_bytes: int) -> str:
    gigabytes = size_bytes / 1024**3
    return f"{gigabytes:g}gb" if gigabytes >= 1 else f"{size_bytes // 1024**2}mb"
