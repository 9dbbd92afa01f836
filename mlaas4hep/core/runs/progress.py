"""How much of a stage is done, told apart item by item so that a repeated event counts once."""

import base64
from dataclasses import dataclass, replace

MOST_ITEMS = 1_000_000  #: of one stage, so that a record stays small


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A bitmap of done items; `total` is None until it is known."""

    total: int | None = None
    bitmap: str = ""  #: base64, bit i of byte i // 8 is item i
    started_at: float | None = None  #: seconds since the epoch, UTC
    ended_at: float | None = None

    @property
    def done(self) -> int:
        """Return how many items are done."""
        return int.from_bytes(base64.b64decode(self.bitmap), "little").bit_count()

    @property
    def complete(self) -> bool:
        """Tell whether all items are done (never, while the total is unknown)."""
        return self.total is not None and self.done >= self.total

    def has(self, item: int) -> bool:
        """Tell whether item `item` is done."""
        return bool(int.from_bytes(base64.b64decode(self.bitmap), "little") >> item & 1)

    def missing(self) -> tuple[int, ...]:
        """Return the items that are not done; none while the total is unknown."""
        bits = int.from_bytes(base64.b64decode(self.bitmap), "little")
        return tuple(item for item in range(self.total or 0) if not bits >> item & 1)

    def expect(self, total: int, at: float) -> "Progress":
        """Return the same progress with the total known and the clock running."""
        started = self.started_at if self.started_at is not None else at
        return replace(self, total=total, started_at=started)

    def mark(self, item: int, at: float) -> "Progress":
        """Return the progress with `item` done; marking twice changes nothing.

        What cannot be an item changes nothing either.
        """
        limit = MOST_ITEMS if self.total is None else self.total
        return self._with(1 << item, at) if 0 <= item < limit else self

    def mark_first(self, items: int, at: float) -> "Progress":
        """Return the progress with the first `items` items done."""
        return self._with((1 << items) - 1, at)

    def _with(self, bits: int, at: float) -> "Progress":
        before = int.from_bytes(base64.b64decode(self.bitmap), "little")
        after = before | bits
        if after == before:
            return self
        raw = after.to_bytes((after.bit_length() + 7) // 8, "little")
        marked = replace(
            self,
            bitmap=base64.b64encode(raw).decode("ascii"),
            started_at=self.started_at if self.started_at is not None else at,
        )
        return replace(marked, ended_at=at) if marked.complete else marked
