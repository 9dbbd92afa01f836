"""A run's figures as TensorBoard reads them: an event file, made when somebody asks for it."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlaas4hep.errors import NotFoundError

_VERSION = "brain.Event:2"  #: of the format, in the first record
Figures = Mapping[str, float | None]


def event_file(rounds: Sequence[Figures], final: Figures, at: float) -> bytes:
    """Return an event file: one scalar a figure and round; the same figures give the same bytes.

    Args:
        rounds: figures of each, the first is step 0; what is None has no scalar there.
        final: of the whole run; those that no round has stand at the last step.
        at: time of every record, seconds since the epoch: rounds are not timed.

    Raises:
        NotFoundError: what writes such files is not installed here.
    """
    steps = [dict(each) for each in rounds] or [{}]
    named = {name for each in steps for name in each}
    steps[-1] |= {name: value for name, value in final.items() if name not in named}
    return _written(steps, at)


def _written(steps: Sequence[Figures], at: float) -> bytes:
    try:
        from tensorboardX.proto.event_pb2 import Event  # noqa: PLC0415 - an extra
        from tensorboardX.record_writer import RecordWriter  # noqa: PLC0415 - the same
        from tensorboardX.summary import scalar  # noqa: PLC0415 - the same
    except ModuleNotFoundError as error:
        raise NotFoundError(
            f"no event files are written here: {error.name} is not installed",
            hint="pip install 'mlaas4hep[tensorboard]'",
        ) from error
    with tempfile.TemporaryDirectory(prefix="mlaas-events-") as folder:
        path = Path(folder) / "events"
        writer = RecordWriter(str(path))
        writer.write(Event(wall_time=at, file_version=_VERSION).SerializeToString())
        for step, figures in enumerate(steps):
            for name, value in figures.items():
                if value is not None:
                    summary = scalar(name, value)
                    event = Event(wall_time=at, step=step, summary=summary)
                    writer.write(event.SerializeToString())
        writer.close()
        return path.read_bytes()
