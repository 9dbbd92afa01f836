"""`Trainer` in a confined child process; the parent's side of `child/`.

The child gets an empty environment, a folder of its own and one socket. It sends JSON that is
checked against our types, and open files; nothing it says is executed, unpickled or used as a
path. Whatever happens inside, the parent goes on.
"""

import io
import math
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from mlaas4hep.adapters.children.request import NOWHERE, ChildRequest, Program
from mlaas4hep.adapters.children.start import IDLE_SECONDS, prepare, start
from mlaas4hep.adapters.confinement.environment import bare_environment
from mlaas4hep.adapters.trainers.channel import Channel
from mlaas4hep.adapters.trainers.loading import installed
from mlaas4hep.adapters.trainers.parent.process import Allowance, TrainingProcess
from mlaas4hep.adapters.trainers.parent.workfolder import work_folder
from mlaas4hep.core import wire
from mlaas4hep.core.models.training import FileMade, ModelBuilt, ModelSummary, TrainingJob
from mlaas4hep.core.requests import frameworks
from mlaas4hep.core.requests.tarballs import modelcode
from mlaas4hep.errors import PermanentError
from mlaas4hep.ports import Training

BUILD_SECONDS = 60  #: for model.py to build its model
CHECK_TIMES = 4  #: that a check builds: model.py and its model, and both as an older release would
IMPORT_SECONDS = 60  #: of frameworks, on a busy machine
CHECKPOINT_SECONDS = 1.0  #: rounds that end closer together share a checkpoint
LEAST_MEMORY = 768 * 1024**2  #: TensorFlow alone takes half a gigabyte
LEAST_DISK = 1024**3  #: for checkpoint and bundle
_MODULE = "mlaas4hep.adapters.trainers.child.child"


class Sandbox:
    """Starts training processes; see `ports.Trainer`."""

    def __init__(
        self,
        *,
        train_seconds: int = 24 * 3600,
        build_seconds: int = BUILD_SECONDS,
        import_seconds: int = IMPORT_SECONDS,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
        demand: str = "any",
        prepared_seconds: float = IDLE_SECONDS,
    ) -> None:
        """Set limits.

        Args:
            train_seconds: for a training.
            build_seconds: for model.py to build its model.
            import_seconds: that a check may take besides, for its frameworks.
            checkpoint_seconds: between two checkpoints, at least.
            demand: how much a model.py is confined at least, one of `levels.DEMANDS`.
            prepared_seconds: how long a process with its framework imported waits for the next
                training; 0: each training imports it.
        """
        self._prepared_seconds = prepared_seconds
        self._train_seconds = train_seconds
        self._build_seconds = build_seconds
        self._import_seconds = import_seconds
        self._checkpoint_seconds = checkpoint_seconds
        self._demand = demand

    def prepare(self, job: TrainingJob, model_py: bytes) -> None:
        """Begin to import the framework that a training needs."""
        job = _with_frameworks(job, model_py)
        prepare(self._child_request("train", job, NOWHERE, descriptor=-1), self._prepared_seconds)

    @contextmanager
    def start(
        self,
        job: TrainingJob,
        model_py: bytes,
        checkpoint: Path | None = None,
        beside: bytes = b"",
    ) -> Iterator[Training]:
        """Start a training; its process group is killed when the context ends."""
        with self._process("train", job, model_py, checkpoint, beside) as process:
            yield process

    def check(self, model_py: bytes, job: TrainingJob, beside: bytes = b"") -> ModelSummary:
        """Build the model without training it."""
        with self._process("check", job, model_py, None, beside) as process:
            while True:
                report = process.report(self._build_seconds)
                if isinstance(report, ModelBuilt):
                    return report.summary
                if isinstance(report, FileMade):
                    report.file.close()

    @contextmanager
    def _process(
        self,
        mode: str,
        job: TrainingJob,
        model_py: bytes,
        checkpoint: Path | None,
        beside: bytes,
    ) -> Iterator[TrainingProcess]:
        _check_memory(job)
        with work_folder() as work, _channel() as (ours, theirs):
            if beside:  # zipfile lets no name leave the folder
                with zipfile.ZipFile(io.BytesIO(beside)) as archive:
                    archive.extractall(work)
            (work / "model.py").write_bytes(model_py)
            if checkpoint is not None:
                shutil.copyfile(checkpoint, work / "checkpoint")
            job = _with_frameworks(job, model_py)
            (work / "job.json").write_bytes(wire.dump(job))
            child = start(
                self._child_request(mode, job, work, theirs.fileno()), self._prepared_seconds
            )
            process = TrainingProcess(child, ours, work, job, self._allowance(mode, job))
            theirs.close()
            try:
                yield process
            finally:
                process.end()

    def _allowance(self, mode: str, job: TrainingJob) -> Allowance:
        memory = job.resources.memory_bytes
        most_s = CHECK_TIMES * self._build_seconds + self._import_seconds
        return Allowance(
            memory_bytes=memory,
            disk_bytes=2 * memory + LEAST_DISK,
            build_seconds=self._build_seconds,
            seconds=min(most_s, self._train_seconds) if mode == "check" else self._train_seconds,
        )

    def _child_request(
        self, mode: str, job: TrainingJob, work: Path, descriptor: int
    ) -> ChildRequest:
        arguments = (
            job.resources.memory_bytes,
            mode,
            self._build_seconds,
            self._checkpoint_seconds,
            self._train_seconds * _threads(job),
            self._demand,
        )
        return ChildRequest(
            program=Program(module=_MODULE, prepares=_prepared(job)),
            folder=work,
            environment=partial(_environment, job),
            descriptor=descriptor,
            arguments=arguments,
            has_output=True,
        )


@contextmanager
def _channel() -> Iterator[tuple[Channel, Channel]]:
    ours, theirs = Channel.pair()
    try:
        yield ours, theirs
    finally:
        ours.close()
        theirs.close()


def _threads(job: TrainingJob) -> int:
    return max(1, math.ceil(job.resources.cpus))


def _prepared(job: TrainingJob) -> str:
    """Return the framework that can be imported ahead; several, or drivers, are not shared."""
    is_usual = len(job.frameworks) == 1 and job.resources.device != "gpu"
    return job.frameworks[0] if is_usual else ""


def _environment(job: TrainingJob, work: Path) -> dict[str, str]:
    """Return all that the child knows of the world."""
    threads = str(_threads(job))
    return {
        **bare_environment(work),
        "PYTHONFAULTHANDLER": "1",
        "PYTHONUNBUFFERED": "1",
        "KERAS_BACKEND": "tensorflow",
        "MPLCONFIGDIR": str(work),
        "MPLBACKEND": "agg",
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "OMP_WAIT_POLICY": "PASSIVE",  # threads that wait give their core to others
        "OPENBLAS_NUM_THREADS": threads,
        "MALLOC_ARENA_MAX": "2",
        **_about_gpus(is_wanted=job.resources.device == "gpu"),
    }


def _about_gpus(*, is_wanted: bool) -> dict[str, str]:
    """Show no GPU to a training that wants none; TensorFlow would complain of that in its log."""
    if is_wanted:
        return {"TF_CPP_MIN_LOG_LEVEL": "2"}
    return {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}


def _with_frameworks(job: TrainingJob, model_py: bytes) -> TrainingJob:
    """Return the job with the frameworks that model.py imports."""
    imported = modelcode.packages(model_py.decode("utf-8-sig", "replace"), "model.py")
    chosen = frameworks.choose(imported, job.params.framework, installed())
    return replace(job, frameworks=chosen)


def _check_memory(job: TrainingJob) -> None:
    memory = job.resources.memory_bytes
    if memory < LEAST_MEMORY:
        raise PermanentError(
            f"memory is {memory // 1024**2} MB, but training needs {LEAST_MEMORY // 1024**2} MB "
            "before the first layer",
            stage="train",
            hint='"memory": "3gb" in the submission',
        )
