"""What a training process says, believed only as far as it makes sense for its job."""

import fcntl
import os
import stat
from typing import BinaryIO

from mlaas4hep.adapters.trainers.channel import Packet
from mlaas4hep.core import wire
from mlaas4hep.core.harmless import harmless
from mlaas4hep.core.models.training import (
    ChunkWanted,
    FileMade,
    ModelBuilt,
    RoundEnded,
    TrainingFailed,
    TrainingFinished,
    TrainingJob,
    TrainingReport,
)
from mlaas4hep.errors import InvalidRequestError, PermanentError, UnfitEntryError

_KINDS: dict[str, type[ModelBuilt | ChunkWanted | RoundEnded | TrainingFinished]] = {
    kind.__name__: kind for kind in (ModelBuilt, ChunkWanted, RoundEnded, TrainingFinished)
}
_FOLDERS = ("bundle", "plots")
_LONGEST_NAME = 200
_MOST_FILES = 500
_MOST_WANTED = 8  #: chunks at once
_MOST_LOOKS = 64  #: at all chunks, before the first round and after the last
_SPARE = 2  #: checkpoints besides one a round
_MOST_ROUNDS = 10_000_000
_MOST_FIGURES = 500_000  #: of all rounds together: all are kept, and shown as one list
_LONGEST_TEXT = 1000  #: of a name


class Reports:
    """Packets to reports; model.py runs in the process that sends them, and may send its own."""

    def __init__(self, job: TrainingJob) -> None:
        self._job = job
        self._next_round = 0
        self._rounds = 0
        self._figures = 0
        self._files = 0
        self._checkpoints = 0
        self._wanted = 0
        self._wanted_ever = 0
        self.is_built = False

    def given(self) -> None:
        """Count a chunk that was handed over."""
        self._wanted -= 1

    def of(self, packet: Packet) -> TrainingReport:
        """Return what a packet says.

        Raises:
            PermanentError: that the training failed, or nonsense.
        """
        if packet.kind == FileMade.__name__:
            return self._file(packet)
        if packet.descriptor is not None:
            os.close(packet.descriptor)
        try:
            if packet.kind in _KINDS:
                return self._checked(wire.load(_KINDS[packet.kind], packet.body))
            failed = wire.load(TrainingFailed, packet.body)
        except InvalidRequestError as error:
            raise _nonsense(packet.kind) from error
        message, hint = harmless(failed.message), harmless(failed.hint)
        if failed.entry is not None and 0 <= failed.entry.chunk < self._job.chunks:
            raise UnfitEntryError(
                message, chunk=failed.entry.chunk, draw=failed.entry.draw, hint=hint
            )
        raise PermanentError(
            message,
            stage="train",
            file=_blamed(message),
            branch=harmless(failed.branch),
            hint=hint,
        )

    def _checked(
        self, report: ModelBuilt | ChunkWanted | RoundEnded | TrainingFinished
    ) -> ModelBuilt | ChunkWanted | RoundEnded | TrainingFinished:
        job = self._job
        match report:
            case ModelBuilt() if not self.is_built and _is_sensible(report):
                self.is_built = True
                self._rounds = report.rounds
                self._next_round = report.resumed
            case ChunkWanted() if 0 <= report.index < job.chunks and self._may_want_more():
                self._wanted += 1
                self._wanted_ever += 1
            case RoundEnded() if self._is_next(report):
                self._next_round += 1
                self._count_figures(report)
            case TrainingFinished() if self._next_round > 0 and _is_plain(report):
                pass  # it may stop early
            case _:
                raise _nonsense(type(report).__name__)
        return report

    def _file(self, packet: Packet) -> FileMade:
        if packet.descriptor is None:
            raise _nonsense(packet.kind)
        is_checkpoint = packet.body == b"checkpoint"
        self._checkpoints += is_checkpoint
        self._files += not is_checkpoint
        name = packet.body.decode("utf-8", "replace")
        file = _opened(packet.descriptor)
        if file is None or not _is_name(name) or self._too_many_files():
            if file is not None:
                file.close()
            raise _nonsense(packet.kind)
        return FileMade(name=name, file=file)

    def _is_next(self, report: RoundEnded) -> bool:
        names = tuple(name for name, _ in report.metrics)
        return self._next_round == report.round < self._rounds and _are_printable(names)

    def _count_figures(self, report: RoundEnded) -> None:
        self._figures += len(report.metrics) + 1
        if self._figures > _MOST_FIGURES:
            raise PermanentError(
                f"the training told more than {_MOST_FIGURES} figures of its rounds",
                stage="train",
                hint="fewer epochs, trees or metrics",
            )

    def _may_want_more(self) -> bool:
        """Tell whether so many chunks can be needed.

        A round learns from all chunks and validates on all; before the rounds and after them, all
        are looked at a few times.
        """
        most = (2 * self._rounds + _MOST_LOOKS) * self._job.chunks + _MOST_WANTED
        return self._wanted < _MOST_WANTED and self._wanted_ever < most

    def _too_many_files(self) -> bool:
        return self._files > _MOST_FILES or self._checkpoints > self._next_round + _SPARE


def _opened(descriptor: int) -> BinaryIO | None:
    """Return the file of a descriptor, which is closed, opened for reading; None: it is none.

    The way in which the other side opened it (for writing alone, say) and its place in it do not count.
    But opened it must be: one that only names a file (O_PATH) is had of any, also of those that are
    kept from the other side and that we may read.
    """
    try:
        is_name = bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_PATH)
        if is_name or not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return open(f"/proc/self/fd/{descriptor}", "rb")  # noqa: PTH123 - it is no path
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _is_sensible(built: ModelBuilt) -> bool:
    summary = built.summary
    outputs = (name for name, _ in summary.outputs)
    whys = (each.why for each in summary.ranges)
    texts = (*summary.layers, summary.loss, *outputs, *whys, *built.isolation)
    is_possible = 0 <= built.resumed <= built.rounds <= _MOST_ROUNDS
    return is_possible and _are_printable(texts) and _are_harmless(summary.warnings)


def _is_plain(finished: TrainingFinished) -> bool:
    """Tell whether the texts, which go into the record and the card of the model, are names."""
    pairs = (*finished.versions, *finished.outputs, *finished.metrics)
    parts = (str(part) for pair in pairs for part in pair)
    of_goals = (text for each in finished.goals for text in (each.label, each.output, each.loss))
    files = (each.file for each in finished.conversions)
    lacking = (text for each in finished.not_made for text in (each.file, each.reason))
    names = (*parts, *of_goals, *files, *lacking, finished.input_node, finished.output_node)
    return _are_printable(names) and _are_harmless(finished.warnings)


def _are_harmless(texts: tuple[str, ...]) -> bool:
    """Tell whether lines of text do not speak to a terminal."""
    return all(harmless(text) == text for text in texts)


def _are_printable(texts: tuple[str, ...]) -> bool:
    """Tell whether a terminal or a log may show them as they are."""
    return all(text.isprintable() and len(text) <= _LONGEST_TEXT for text in texts)


def _is_name(name: str) -> bool:
    if name == "checkpoint":
        return True
    folder, *parts = name.split("/")
    return (
        folder in _FOLDERS
        and len(name) <= _LONGEST_NAME
        and bool(parts)
        and all(part and part.isprintable() and not part.startswith(".") for part in parts)
    )


def _nonsense(kind: str) -> PermanentError:
    return PermanentError(
        f"the training process sent a {kind[:40]!r} that makes no sense", stage="train"
    )


def _blamed(message: str) -> str:
    """Return the file that a message begins with; empty if it is none of those of a request."""
    return next((file for file in ("model.py", "params.json") if message.startswith(file)), "")
