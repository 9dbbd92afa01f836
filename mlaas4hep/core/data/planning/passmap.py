"""Where the entries that pass the cuts lie in a file, without reading it again."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import accumulate

from mlaas4hep.core.data.specs.specs import RangeCount, Specs
from mlaas4hep.errors import InvalidRequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Read entries [start, stop) of a file, and take [skip, skip + take) of those that pass."""

    file: int
    start: int
    stop: int
    skip: int
    take: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PassMap:
    """Where in one file the passing entries lie, as far as the specs tell."""

    counts: tuple[RangeCount, ...]
    passed_before: tuple[int, ...]  #: passing entries before each range, and in all at the end

    @classmethod
    def of(cls, specs: Specs, file: int) -> "PassMap":
        """Return the map of one file."""
        first = bisect_left(specs.ranges, file, key=lambda count: count.file)
        last = bisect_right(specs.ranges, file, key=lambda count: count.file)
        counts = specs.ranges[first:last]
        return cls(counts=counts, passed_before=(0, *accumulate(count.passed for count in counts)))

    def readings(self, start: int, stop: int) -> tuple[Reading, ...]:
        """Return what to read to get passing entries [start, stop), in order.

        Raises:
            InvalidRequestError: the specs know of fewer entries.
        """
        if not 0 <= start <= stop <= self.passed_before[-1]:
            raise InvalidRequestError(
                f"entries [{start}, {stop}) are asked for, but the specs know of"
                f" {self.passed_before[-1]} that pass",
                hint="measure the specs of these files again",
            )
        found: list[Reading] = []
        at = bisect_right(self.passed_before, start) - 1
        while start < stop:
            count, before = self.counts[at], self.passed_before[at]
            skip, take = start - before, min(stop, before + count.passed) - start
            if take:
                found.append(_reading(count, skip, take))
            start += take
            at += 1
        return tuple(found)


def _reading(count: RangeCount, skip: int, take: int) -> Reading:
    if count.is_whole:
        start = count.start + skip
        return Reading(file=count.file, start=start, stop=start + take, skip=0, take=take)
    return Reading(file=count.file, start=count.start, stop=count.stop, skip=skip, take=take)
