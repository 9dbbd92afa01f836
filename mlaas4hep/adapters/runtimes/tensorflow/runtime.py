"""`Runtime` on TensorFlow, in a confined process of its own: for what LiteRT does not run.

The process starts with the first prediction and ends when the model is not kept any more, or when
others need its place: each takes half a gigabyte.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlaas4hep
from mlaas4hep.adapters.runtimes.tensorflow import frames
from mlaas4hep.core import keys
from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import InvalidRequestError, MlaasError, ServiceUnavailableError
from mlaas4hep.ports import ObjectStore, TensorInfo

LOAD_S = 120.0
RUN_S = 60.0
MEMORY_BYTES = 4 * 1024**3
_MODULE = "mlaas4hep.adapters.runtimes.tensorflow.child"


class TensorFlowRuntime:
    """A model's files, and the process that runs them."""

    platform = "tensorflow"

    def __init__(self, folder: Path, record: ModelRecord, places: "Places") -> None:
        """Load the model in `folder`, which is removed with the runtime.

        Raises:
            InvalidRequestError: TensorFlow cannot load it.
            ServiceUnavailableError: the process died or did not answer in time.
        """
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._folder = folder
        self._record = record
        self._places = places
        self._lock = threading.Lock()
        self._process: _Process | None = None
        with self._lock:
            head = self._start()
        self.inputs = tuple(_info(each) for each in head["inputs"])
        self.outputs = tuple(_info(each) for each in head["outputs"])

    @classmethod
    def of(cls, store: ObjectStore, record: ModelRecord, places: "Places") -> "TensorFlowRuntime":
        """Fetch the files of a bundle and load them."""
        folder = Path(tempfile.mkdtemp(prefix="mlaas-model-"))
        try:
            for file in record.files:
                target = folder / keys.checked_key(file)
                target.parent.mkdir(parents=True, exist_ok=True)
                key = keys.model_file(record.owner, record.name, record.version, file)
                with store.local(key) as path:
                    shutil.copyfile(path, target)
        except (MlaasError, OSError):
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return cls(folder, record, places)

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return every output for all rows of `feeds`."""
        typed = {each.name: feeds[each.name].astype(each.dtype, copy=False) for each in self.inputs}
        with self._lock:
            if self._process is None:
                self._start()
            head, outputs = self._ask(typed, RUN_S)
        if "error" in head:
            raise InvalidRequestError(f"the model refuses these inputs: {head['error']}")
        if outputs.keys() != {each.name for each in self.outputs}:
            raise InvalidRequestError("the model did not give the outputs that it announced")
        return outputs

    def rest(self) -> bool:
        """End the process if it is idle, and say so; the next prediction starts it again."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self._end()
        finally:
            self._lock.release()
        return True

    def _start(self) -> dict[str, Any]:
        self._places.take(self)
        record = self._record
        nodes = (record.file, record.input_node, record.output_node)
        self._process = _Process(self._folder, nodes)
        self._ending = weakref.finalize(self, self._process.end)
        head, _ = self._ask(None, LOAD_S)
        if "error" in head:
            self._end()
            raise InvalidRequestError(
                f"model {record.name!r} cannot be loaded: {head['error']}", stage="predict"
            )
        return head

    def _ask(
        self, feeds: Mapping[str, Array] | None, timeout_s: float
    ) -> tuple[dict[str, Any], dict[str, Array]]:
        assert self._process is not None  # noqa: S101 - `_start` comes first
        try:
            self._process.end_point.settimeout(timeout_s)
            if feeds is not None:
                frames.send(self._process.end_point, {}, feeds)
            return frames.receive(self._process.end_point)
        except (OSError, EOFError, frames.FrameError) as error:
            self._end()
            raise ServiceUnavailableError(
                f"the process of model {self._record.name!r} ended: {error}",
                stage="predict",
                hint="it may need more memory or time than there is; send fewer rows",
            ) from error

    def _end(self) -> None:
        if self._process is not None:
            self._ending()
            self._process = None


class Places:
    """How many of these processes may live at once; the one idle for longest makes room."""

    def __init__(self, places: int = 3) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._taken: list[weakref.ref[TensorFlowRuntime]] = []

    def take(self, runtime: TensorFlowRuntime) -> None:
        """Give `runtime` a place, for which idle ones may have to rest."""
        with self._lock:
            alive = [ref for ref in self._taken if (each := ref()) and each is not runtime]
            while len(alive) >= self._places:
                idle = next((ref for ref in alive if (each := ref()) is None or each.rest()), None)
                if idle is None:
                    break  # all are predicting: better one too many than none
                alive.remove(idle)
            self._taken = [*alive, weakref.ref(runtime)]


class _Process:
    """One child with a socket to it."""

    def __init__(self, folder: Path, nodes: tuple[str, ...]) -> None:
        self.end_point, theirs = socket.socketpair()
        arguments = (theirs.fileno(), os.getpid(), MEMORY_BYTES, *nodes)
        with theirs:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-s", "-m", _MODULE, *map(str, arguments)],
                cwd=folder,
                env=_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    def end(self) -> None:
        self.end_point.close()
        self._child.kill()
        self._child.wait()


def _environment(folder: Path) -> dict[str, str]:
    """Return all that the child knows of the world: no credential of ours."""
    return {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(mlaas4hep.__path__[0]).parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }


def _info(described: Any) -> TensorInfo:
    name, dtype, shape = described
    return TensorInfo(name=str(name), dtype=str(dtype), shape=tuple(int(size) for size in shape))
