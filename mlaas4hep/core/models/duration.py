"""How long a run takes, as far as anybody can know before it begins."""

from dataclasses import dataclass

_FASTER, _SLOWER = 2.0, 4.0  #: disks, servers, neighbours: one measured rate may be off by so much
_OVERHEAD_S = 2.0  #: events that travel, files that are opened, results that are stored: at most
_PASSES = 2  #: entries are read to be measured, and again to be prepared
READING = "one reader's time; several readers share it, and what was read before is not read again"
UNKNOWN = "the training: no run of this model.py with these params has ended yet"
NEVER = "waiting for other runs, the start of the framework, checks and conversions at the end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """A time between two bounds, in seconds."""

    low: float
    high: float

    @classmethod
    def around(cls, seconds: float) -> "Seconds":
        """Return the bounds of a time that was computed from one measured rate."""
        high = seconds * _SLOWER + _OVERHEAD_S
        return cls(low=round(seconds / _FASTER, 2), high=round(high, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeEstimate:
    """How long the parts of a run take of which a rate is known."""

    reading: Seconds  #: and measuring and preparing what was read
    training: Seconds | None  #: None: no rate is known
    measured_entries: int  #: that the rate of reading was measured on
    not_included: tuple[str, ...]
    about: str = READING


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Some entries that were read and measured, rows that were made of some, and how long that took."""

    entries: int
    seconds: float
    rows: int = 0  #: as chunks have them: of wide branches they take longer than the reading
    rows_s: float = 0.0

    def reading_s(self, entries: int, selected: int) -> float:
        """Return how long it takes to measure entries, and to prepare those that are selected."""
        shaping = selected * self.rows_s / self.rows if self.rows else 0.0
        return _PASSES * entries * self.seconds / self.entries + shaping


def estimated(probe: Probe, entries: int, selected: int, training_s: float | None) -> TimeEstimate:
    """Return how long a run of so many entries takes.

    Args:
        probe: what reading was measured on; not empty.
        entries: that the run reads, before cuts.
        selected: of which chunks are made, about.
        training_s: how long the training takes by the pace of an earlier one, if there is one.
    """
    return TimeEstimate(
        reading=Seconds.around(probe.reading_s(entries, selected)),
        training=None if training_s is None else Seconds.around(training_s),
        measured_entries=probe.entries,
        not_included=(NEVER,) if training_s is not None else (UNKNOWN, NEVER),
    )
