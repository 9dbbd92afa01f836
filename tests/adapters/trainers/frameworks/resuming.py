"""A training that goes on from a checkpoint, beside the same one that nobody interrupted."""

import itertools

from mlaas4hep.adapters.trainers.child import checkpoint
from mlaas4hep.adapters.trainers.child.checkpoint import Position


def taken_up(train, path, after):
    """Return a whole training and one that goes on from the checkpoint it left after some rounds.

    The whole training leaves its checkpoint on the way, as they all do: one that is killed then
    is the same up to there, and needs not be trained again. `train` takes how many rounds are done.
    """
    whole = train(done=0)
    rounds = whole.rounds()
    history = tuple(itertools.islice(rounds, after))
    position = Position(rounds=after, history=history, labels=whole.labels.seen)
    checkpoint.save(path, whole.model, position, "print")
    whole.history = [*history, *rounds]
    whole.model.finish()

    resumed = train(done=after)
    assert checkpoint.restore(path, resumed.model, "print") == position
    resumed.finish()
    assert [*history, *resumed.history] == whole.history
    return whole, resumed
