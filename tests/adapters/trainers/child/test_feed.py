"""Chunks come in the order in which they were asked for, whoever stopped reading before."""

import os
from collections import deque

import numpy as np

from mlaas4hep.adapters.trainers.channel import Packet
from mlaas4hep.adapters.trainers.child.feed import ChunkFeed
from mlaas4hep.core import wire
from mlaas4hep.core.data.chunk import encode
from mlaas4hep.core.models.training import ChunkWanted


class Parent:
    """Answers each wish with a chunk of one entry whose label is its index."""

    def __init__(self, folder):
        self._folder = folder
        self._answers = deque()

    def send(self, kind, body):
        assert kind == ChunkWanted.__name__
        index = wire.load(ChunkWanted, body).index
        path = self._folder / f"{index}.chunk"
        path.write_bytes(encode(np.zeros((1, 1), np.float32), np.array([index], np.float32)))
        self._answers.append(os.open(path, os.O_RDONLY))

    def receive(self):
        return Packet(kind="chunk", body=b"", descriptor=self._answers.popleft())


def labels(chunks):
    return [(index, float(chunk.y[0])) for index, chunk in chunks]


def test_chunks_come_in_order(tmp_path):
    assert labels(ChunkFeed(Parent(tmp_path)).chunks([2, 0, 1])) == [(2, 2.0), (0, 0.0), (1, 1.0)]


def test_a_reader_that_stops_early_leaves_nothing_to_the_next(tmp_path):
    feed = ChunkFeed(Parent(tmp_path))
    first = feed.chunks([0, 1, 2])
    next(first)
    first.close()

    assert labels(feed.chunks([3, 4])) == [(3, 3.0), (4, 4.0)]
