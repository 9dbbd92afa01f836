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
        self._due = 0  #: chunks that were asked for and have not been taken

    def chunks(self, indices: Iterable[int]) -> Iterator[tuple[int, Chunk]]:
        """Yield these chunks in order; while one is used, the next is on its way.

        A reader that stops early leaves one on its way: it is dropped before the next one asks.
        """
        while self._due:
            os.close(self._receive_chunk())
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
        self._due += 1

    def _receive(self) -> Chunk:
        descriptor = self._receive_chunk()
        try:
            mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
        finally:
            os.close(descriptor)
        mapped.madvise(mmap.MADV_WILLNEED)
        return decode(memoryview(mapped))

    def _receive_chunk(self) -> int:
        """Return the descriptor of the chunk that was asked for first."""
        packet = self._channel.receive()
        if packet is None or packet.descriptor is None:
            raise EOFError("the parent sent no chunk")
        self._due -= 1
        return packet.descriptor
