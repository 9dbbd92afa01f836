import itertools
import weakref

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child import checkpoint
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.fitting import fit
from mlaas4hep.adapters.trainers.child.labels import SeenLabels
from mlaas4hep.adapters.trainers.child.trainingdata import TrainingData
from mlaas4hep.core.data.chunk import decode
from tests.adapters.trainers.conftest import DENSE, FixedFeed, make_chunk, make_job

pytestmark = pytest.mark.filterwarnings("ignore")


class Fit:
    """A training in this process, round by round."""

    def __init__(self, model, job, feed, done=0):
        self.model = model
        self.labels = SeenLabels(model.summary.task)
        self.data = TrainingData(feed, model, self.labels, job)
        self.rounds = fit(model, self.data, job, self.labels, done)


def test_chunked_training_does_all_epochs_on_each_chunk_in_turn(build):
    feed = FixedFeed(chunks=3)

    rounds = list(Fit(build(DENSE), make_job(training="chunked", epochs=4), feed).rounds)

    assert feed.asked == [0, 1, 2]
    assert len(rounds) == 12
    assert set(rounds[0]) == {"loss", "accuracy", "val_loss", "val_accuracy"}


def test_standard_training_goes_over_all_chunks_in_each_epoch_in_another_order(build):
    feed = FixedFeed(chunks=5)

    rounds = list(Fit(build(DENSE), make_job(chunks=5, training="standard"), feed).rounds)

    assert len(rounds) == 2
    first, validated, second, _ = (feed.asked[start : start + 5] for start in range(0, 20, 5))
    assert first == validated == sorted(second) == [0, 1, 2, 3, 4]
    assert second != first


def test_batches_are_as_large_as_wanted_however_small_the_chunks_are(build):
    job = make_job(chunks=7, training="standard", batch_size=150, split=0.0)
    fit = Fit(build(DENSE, batch_size=10), job, FixedFeed(chunks=7, entries=100))

    blocks = list(fit.data.blocks(range(7), epoch=0))

    batches = [len(block.order) for block in blocks]
    assert sum(batches) == 700
    assert all(rows % 150 == 0 for rows in batches[:-1])


def test_entries_validate_in_batches_as_large_as_wanted_too(build):
    job = make_job(chunks=7, training="standard", batch_size=150, split=0.5)
    fit = Fit(build(DENSE, batch_size=10), job, FixedFeed(chunks=7, entries=100))

    blocks = list(fit.data.validation_blocks())

    labels = [block.y[block.order] for block in fit.data.validation()]
    assert all(len(block.order) % 150 == 0 for block in blocks[:-1])
    np.testing.assert_array_equal(
        np.concatenate([block.y[block.order] for block in blocks]), np.concatenate(labels)
    )


class PassingFeed:
    """A feed of large chunks that keeps none; knows which are in memory."""

    def __init__(self):
        self._given = []

    def chunks(self, indices):
        for index in indices:
            chunk = decode(make_chunk(index, 1000))
            self._given.append(weakref.ref(chunk.x))
            yield index, chunk

    @property
    def in_memory(self):
        return sum(each() is not None for each in self._given)


def test_no_chunk_is_kept_for_the_few_of_its_entries_that_wait_for_others(build):
    feed = PassingFeed()
    job = make_job(chunks=8, training="standard", batch_size=150, split=0.1)

    blocks = Fit(build(DENSE, batch_size=10), job, feed).data.validation_blocks()

    assert len(next(blocks).order) > 400
    assert feed.in_memory <= 1  # that of the last entries


def test_without_shuffling_rows_come_in_the_order_of_the_files(build):
    job = make_job(chunks=2, training="standard", shuffle=False, split=0.0)
    feed = FixedFeed(chunks=2)
    fit = Fit(build(DENSE, batch_size=10), job, feed)

    (block,) = fit.data.blocks(range(2), epoch=1)

    assert block.order.tolist() == list(range(200))
    expected = np.concatenate([feed._chunks[0].x, feed._chunks[1].x])
    np.testing.assert_array_equal(block.x, expected)


@pytest.mark.parametrize("training", ["chunked", "standard"])
def test_a_training_that_goes_on_from_a_checkpoint_ends_as_if_it_never_stopped(
    build, training, tmp_path
):
    job = make_job(training=training, epochs=3)
    whole = Fit(build(DENSE, batch_size=10), job, FixedFeed())
    expected = list(whole.rounds)

    killed = Fit(build(DENSE, batch_size=10), job, FixedFeed())
    history = tuple(itertools.islice(killed.rounds, 2))
    position = checkpoint.Position(rounds=2, history=history, labels=((0.0, 1.0),))
    checkpoint.save(tmp_path / "c.npz", killed.model, position, "print")
    resumed = Fit(build(DENSE, batch_size=10), job, FixedFeed(), done=2)
    restored = checkpoint.restore(tmp_path / "c.npz", resumed.model, "print")
    rest = list(resumed.rounds)

    assert restored == position
    assert [*history, *rest] == [pytest.approx(metrics, abs=1e-6) for metrics in expected]
    for weight, same in zip(resumed.model.keras.weights, whole.model.keras.weights, strict=True):
        np.testing.assert_allclose(weight, same, atol=1e-6)


def test_a_checkpoint_of_another_training_is_not_used(build, tmp_path):
    small, large = build(DENSE), build(DENSE.replace("Dense(8", "Dense(9"))
    checkpoint.save(tmp_path / "c.npz", small, checkpoint.Position(rounds=1), "print")

    assert checkpoint.restore(tmp_path / "c.npz", small, "other print") is None
    assert checkpoint.restore(tmp_path / "c.npz", large, "print") is None
    (tmp_path / "c.npz").write_bytes(b"PK broken")
    assert checkpoint.restore(tmp_path / "c.npz", small, "print") is None
    assert checkpoint.restore(tmp_path / "none", small, "print") is None


def test_a_loss_that_is_not_a_number_ends_the_training(build):
    wild = DENSE.replace('"adam", "binary_crossentropy"', 'keras.optimizers.SGD(1e38), "mse"')
    built = build(wild.replace("sigmoid", "linear"))
    fit = Fit(built, make_job(), FixedFeed())

    with pytest.raises(TrainingError, match=r"the loss became (nan|inf) in epoch \d of chunk 0"):
        list(fit.rounds)
