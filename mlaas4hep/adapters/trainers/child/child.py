"""`python -m mlaas4hep.adapters.trainers.child.child`: the process in which model.py runs.

It confines itself before anything large is imported, then reads its job from its work folder: NumPy
starts threads, and a thread that was there before is not confined. Only `adapters.sandbox` starts it.
"""

import os
import sys
from pathlib import Path

from mlaas4hep.adapters.confinement.confinement import confine
from mlaas4hep.adapters.confinement.imports import without
from mlaas4hep.adapters.confinement.levels import ConfinementError
from mlaas4hep.adapters.trainers.channel import Channel
from mlaas4hep.adapters.trainers.child.imports import quick_and_quiet
from mlaas4hep.core.requests.frameworks import info


def main(arguments: list[str]) -> None:
    """Do the job.

    Args:
        arguments: channel descriptor, parent's process id, memory, mode, seconds for building and
            between checkpoints, seconds of processor time, demanded confinement.
    """
    descriptor, parent, memory_bytes, mode, build_seconds, checkpoint_seconds, *rest = arguments
    cpu_seconds, demand = rest
    work = Path.cwd()
    channel = Channel.inherited(int(descriptor))
    try:
        isolation = confine(
            work=work,
            memory_bytes=int(memory_bytes),
            parent=int(parent),
            cpu_seconds=int(cpu_seconds),
            demand=demand,
            is_watched=True,
        )
    except ConfinementError as error:
        from mlaas4hep.adapters.trainers.child.messages import Messages  # noqa: PLC0415 - as above

        Messages(channel).fail(str(error), "its operator set MLAAS_SANDBOX")
        return
    # from here on nothing can be reached any more; threads of these libraries inherit that
    _work(channel, work, isolation, mode, int(build_seconds), float(checkpoint_seconds))
    sys.stdout.flush()
    os._exit(0)  # some libraries take their time to end; nothing is left to do


def _work(  # noqa: PLR0917 - all that a job is
    channel: Channel,
    work: Path,
    isolation: tuple[str, ...],
    mode: str,
    build_seconds: int,
    checkpoint_seconds: float,
) -> None:
    from mlaas4hep.adapters.trainers.child.messages import Messages  # noqa: PLC0415 - see above
    from mlaas4hep.adapters.trainers.loading import load  # noqa: PLC0415
    from mlaas4hep.core import wire  # noqa: PLC0415
    from mlaas4hep.core.models.training import TrainingJob  # noqa: PLC0415

    job = wire.load(TrainingJob, (work / "job.json").read_bytes())
    hidden = set.intersection(*(set(info(name).hides) for name in job.frameworks))
    with quick_and_quiet(work / "import.log", hidden):
        frameworks = [load(name) for name in job.frameworks]
        from mlaas4hep.adapters.trainers.child.failure import (  # noqa: PLC0415
            LabelError,
            TrainingError,
        )
        from mlaas4hep.adapters.trainers.child.session import Session  # noqa: PLC0415

    session = Session(
        channel=channel, job=job, work=work, isolation=isolation, frameworks=frameworks
    )
    try:
        if mode == "check":
            session.check(build_seconds)
        else:
            session.train(build_seconds, checkpoint_seconds)
    except TrainingError as error:
        branch = job.label if isinstance(error, LabelError) else error.branch
        Messages(channel).fail(str(error), error.hint, error.entry, branch)


def prepare(name: str) -> None:
    """Import what `main` imports for a job of one framework, and make what reads the job."""
    from mlaas4hep.adapters.trainers.loading import load  # noqa: PLC0415 - as above
    from mlaas4hep.core import wire  # noqa: PLC0415
    from mlaas4hep.core.models.training import TrainingJob  # noqa: PLC0415

    with without(info(name).hides):
        load(name)
        import mlaas4hep.adapters.trainers.child.session  # noqa: F401, PLC0415
    wire.prepare(TrainingJob)


if __name__ == "__main__":
    main(sys.argv[1:])
