import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.assessment.histograms import BINS, Histograms
from mlaas4hep.core.data.chunk import decode, encode
from mlaas4hep.core.models.training import Feature

pytestmark = pytest.mark.filterwarnings("ignore")

FLAT = Feature(name="flat", start=0, width=1, low=-10.0, high=10.0)
CONSTANT = Feature(name="constant", start=1, width=1, low=3.0, high=3.0)
JAGGED = Feature(name="jagged", start=2, width=2, low=0.0, high=50.0)


def test_values_are_counted_without_padding_and_holes():
    entries = 40_000  # more than are looked at at a time
    x = np.zeros((entries, 4), np.float32)
    x[:, 0] = np.linspace(0, 1, entries)
    x[:, 1] = 3
    x[:, 2] = 0.5
    classes = (np.arange(entries) % 4 == 0).astype(np.float32)
    counts = np.ones((1, entries), np.uint8)
    counts[0, 0] = 2
    chunk = decode(encode(x, classes, widths=(2,), counts=counts, holes=np.array([0, 20_000 * 4])))

    histograms = Histograms((FLAT, CONSTANT, JAGGED))
    histograms.add(chunk, chunk.y)
    histograms.add(chunk, chunk.y)
    flat, constant, jagged = histograms.result()

    assert flat.counts.sum() == 2 * (entries - 2)
    assert flat.counts.max() - flat.counts.min() < 5
    assert (flat.before[0], flat.before[-1]) == (-10, 10)
    assert (flat.after[0], flat.after[-1]) == (0, 1)
    assert constant.counts.tolist() == [
        2 * entries if bin == BINS // 2 else 0 for bin in range(BINS)
    ]
    assert constant.before[0] < 3 < constant.before[-1]
    assert (jagged.counts[0], jagged.counts[BINS // 2]) == (2, 2 * entries)
    assert {one: counts.sum() for one, counts in jagged.by_class.items()} == {
        0: 2 * (entries * 3 // 4),
        1: 2 * (entries // 4 + 1),
    }


def test_weights_have_variances_by_bin_and_class():
    x = np.array([[0.0], [0.0], [1.0], [-2.0]], np.float32)
    chunk = decode(encode(x, np.array([0.0, 1.0, 1.0, 1.0], np.float32), widths=()))

    histograms = Histograms((FLAT,), weighted=True)
    histograms.add(chunk, chunk.y, np.array([0.5, 2.0, -3.0, 1.0], np.float32))
    found = histograms.result()[0]

    # the last value lies below all bins, and is in the first
    assert (found.counts[0], found.counts[-1], found.counts.sum()) == (3.5, -3, 0.5)
    assert (found.variances[0], found.variances[-1], found.variances.sum()) == (5.25, 9, 14.25)
    assert {one: all.sum() for one, all in found.variances_by_class.items()} == {0: 0.25, 1: 14}


def test_labels_that_are_measured_are_no_classes():
    x = np.zeros((4, 1), np.float32)
    chunk = decode(encode(x, np.array([0.0, 1.0, 2.5, 3.0], np.float32), widths=()))

    histograms = Histograms((FLAT,))
    histograms.add(chunk, chunk.y)

    assert histograms.result()[0].by_class == {}
    assert histograms.result()[0].counts.sum() == 4
