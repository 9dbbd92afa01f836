"""Who trains, validates and tests: decided for each entry by itself, always the same."""

import numpy as np
import pytest

from mlaas4hep.core.data.planning.draws import drawn
from mlaas4hep.core.models.sample.split import Split

ENTRIES = np.arange(100_000)
DRAWS = drawn("signal.root", ENTRIES)


def test_every_entry_is_in_exactly_one_set():
    split = Split.of(DRAWS, seed=21, validation=0.3, test=0.2)

    together = np.sort(np.concatenate((split.train, split.validation, split.test)))
    assert together.tolist() == ENTRIES.tolist()


@pytest.mark.parametrize("seed", [0, 1, 21, 2**40])
def test_shares_hold_over_the_sample(seed):
    split = Split.of(DRAWS, seed=seed, validation=0.3, test=0.2)

    assert len(split.test) == pytest.approx(20_000, rel=0.03)
    assert len(split.validation) == pytest.approx(24_000, rel=0.03)


def test_shares_hold_for_a_rare_class_that_is_spread_over_many_chunks():
    """One signal entry a chunk: rounding in each chunk alike would hold none of them out."""
    rare = drawn("rare.root", np.arange(120))
    chunks = [np.append(DRAWS[i * 100 : i * 100 + 100], rare[i]) for i in range(120)]
    splits = [Split.of(chunk, seed=21, validation=0.3, test=0.2) for chunk in chunks]

    assert 12 <= sum(100 in split.test for split in splits) <= 36


@pytest.mark.parametrize("size", [7, 1000, 99_999])
def test_the_cut_into_chunks_does_not_show(size):
    whole = Split.of(DRAWS, seed=3, validation=0.3, test=0.2)
    found = [
        start + Split.of(DRAWS[start : start + size], seed=3, validation=0.3, test=0.2).test
        for start in range(0, len(DRAWS), size)
    ]

    assert np.concatenate(found).tolist() == whole.test.tolist()


def test_another_seed_or_file_gives_another_split():
    one = Split.of(DRAWS, seed=1, validation=0.5)
    other = Split.of(DRAWS, seed=2, validation=0.5)
    elsewhere = Split.of(drawn("b.root", ENTRIES), seed=1, validation=0.5)

    for different in (other, elsewhere):
        shared = np.intersect1d(one.validation, different.validation)
        assert len(shared) == pytest.approx(25_000, rel=0.05)


def test_something_is_left_to_train_on():
    for entry in range(50):
        split = Split.of(DRAWS[entry : entry + 1], seed=1, validation=0.9, test=0.2)
        assert len(split.train) == 1


def test_nobody_validates_who_is_not_asked_to():
    split = Split.of(DRAWS, seed=1, validation=0.0)

    assert len(split.train) == len(DRAWS)


def test_a_person_says_who_validates_and_the_held_out_stay_the_same():
    draws = drawn("a.root", np.arange(1000))
    validating = np.arange(1000) % 5 == 0

    plain = Split.of(draws, seed=3, validation=0.3, test=0.2)
    split = Split.by_parts(validating, draws, seed=3, test=0.2)

    assert split.test.tolist() == plain.test.tolist()
    assert (split.validation % 5 == 0).all()
    assert (split.train % 5 != 0).all()
    assert len(split.test) + len(split.validation) + len(split.train) == 1000
