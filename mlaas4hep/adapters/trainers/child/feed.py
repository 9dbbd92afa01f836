"""Chunks as they come: asked for one ahead, mapped into memory, never copied as a whole."""

import mmap
import os
from collections.abc import Iterable, Iterator

from mlaas4hep.adapters.trainers.channel import Channel
from mlaas4hep.core import wire
from mlaas4hep.core.data.chunk import Chunk, decode
from mlaas4hep.core.models.training import ChunkWanted


class ChunkFeed:
    """Asks the parent for chunks over a channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def chunks(self, indices: Iterable[int]) -> Iterator[tuple[int, Chunk]]:
        """Yield these chunks in order; while one is used, the next is on its way."""
        before: int | None = None
        for index in indices:
            self._ask(index)
            if before is not None:
                yield before, self._receive()
            before = index
        if before is not None:
            yield before, self._receive()

    def _ask(self, index: int) -> None:
        self._channel.send(ChunkWanted.__name__, wire.dump(ChunkWanted(index=index)))

    def _receive(self) -> Chunk:
        packet = self._channel.receive()
        if packet is None or packet.descriptor is None:
            raise EOFError("the parent sent no chunk")
        try:
            mapped = mmap.mmap(packet.descriptor, 0, access=mmap.ACCESS_READ)
        finally:
            os.close(packet.descriptor)
        mapped.madvise(mmap.MADV_WILLNEED)
        return decode(memoryview(mapped))
