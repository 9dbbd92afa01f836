import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaas4hep.core.models.split import Split


def labels_of(*counts):
    return np.repeat(np.arange(len(counts), dtype=np.float32), counts)


@given(
    entries=st.integers(1, 300),
    validation=st.floats(0, 0.95),
    test=st.sampled_from([0.0, 0.2]),
    stratified=st.booleans(),
)
def test_every_entry_is_in_exactly_one_set_and_something_is_left_to_train_on(
    entries, validation, test, stratified
):
    labels = np.random.default_rng(entries).integers(0, 3, entries).astype(np.float32)

    split = Split.of(
        labels, seed=1, chunk=2, validation=validation, test=test, stratified=stratified
    )

    rows = np.concatenate((split.train, split.validation, split.test))
    assert sorted(rows) == list(range(entries))
    assert len(split.train)


def test_each_set_keeps_the_share_of_each_label():
    labels = labels_of(900, 90, 10)

    split = Split.of(labels, seed=1, chunk=0, validation=0.25, test=0.2, stratified=True)

    assert np.bincount(labels[split.test].astype(int)).tolist() == [180, 18, 2]
    assert np.bincount(labels[split.validation].astype(int)).tolist() == [180, 18, 2]
    assert np.bincount(labels[split.train].astype(int)).tolist() == [540, 54, 6]


@pytest.mark.parametrize("stratified", [True, False])
def test_the_same_seed_and_chunk_give_the_same_split(stratified):
    labels = labels_of(50, 50)

    def split(seed, chunk):
        made = Split.of(labels, seed=seed, chunk=chunk, validation=0.3, stratified=stratified)
        return made.train.tolist()

    assert split(1, 0) == split(1, 0)
    assert split(1, 0) != split(1, 1)
    assert split(1, 0) != split(2, 0)


def test_the_sizes_are_the_rounded_shares():
    split = Split.of(labels_of(1000), seed=1, chunk=0, validation=0.3, test=0.2)

    assert (len(split.train), len(split.validation), len(split.test)) == (560, 240, 200)
