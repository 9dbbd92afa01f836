"""Missing values, clips, scalings and constants: what becomes of values, and that it is the same later."""

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, RobustScaler, StandardScaler

from mlaas4hep.core import wire
from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.data.matrix import Layout, fill
from mlaas4hep.core.data.specs.sketch import Sketcher
from mlaas4hep.core.data.specs.specs import Specs, sketched
from mlaas4hep.core.data.values.rules import Rules
from mlaas4hep.core.data.values.treatment import Scale, Treatment
from mlaas4hep.core.data.values.treatments import treated
from mlaas4hep.core.selection.ranges import measured_values
from mlaas4hep.errors import InvalidRequestError

RANDOM = np.random.default_rng(3)
VALUES = np.exp(RANDOM.normal(3, 1, 500)).astype(np.float32)
FOR_ALL = "*"


def entries(**flat):
    flat = {name: np.asarray(values) for name, values in flat.items()}
    return Columns(entries=len(next(iter(flat.values()))), flat=flat, jagged={})


def specs_of(columns, rules):
    values, found = measured_values(columns, rules, 0, columns.entries)
    sketcher = Sketcher(columns.entries, len(columns.names))
    sketcher.add(values, 0)
    return treated(sketched(found, sketcher.sketches()), rules)


def shaped(columns, rules, specs=None):
    specs = specs or specs_of(columns, rules)
    specs = wire.load(Specs, wire.dump(specs))  # as it travels
    layout = Layout.of(specs)
    x = np.empty((columns.entries, layout.width), np.float32)
    mask = np.empty(x.shape, np.uint8)
    fill(layout, columns, x, mask)
    return layout.columns, x, mask


def test_without_rules_no_branch_has_a_treatment():
    columns = entries(a=VALUES, b=np.arange(500))

    assert all(spec.treatment is None for spec in specs_of(columns, Rules()).branches)


@pytest.mark.parametrize(
    ("kind", "reference"),
    [("standard", StandardScaler()), ("robust", RobustScaler()), ("minmax", MinMaxScaler())],
)
@pytest.mark.parametrize("count", [4, 30, 500])
def test_scalings_are_those_of_scikit_learn(kind, reference, count):
    values = VALUES[:count]
    _, x, _ = shaped(entries(a=values), Rules(scaling=((FOR_ALL, kind),)))

    expected = reference.fit_transform(values.astype(np.float64).reshape(-1, 1))
    np.testing.assert_allclose(x, expected, atol=1e-6, rtol=1e-6)


def test_quantile_scaling_spreads_values_evenly():
    _, x, _ = shaped(entries(a=VALUES), Rules(scaling=((FOR_ALL, "quantile"),)))

    np.testing.assert_allclose(np.sort(x[:, 0]), np.linspace(0, 1, 500), atol=1 / 128)


def test_quantile_scaling_of_few_values_is_their_rank():
    few = VALUES[:30]
    _, x, _ = shaped(entries(a=few), Rules(scaling=((FOR_ALL, "quantile"),)))

    np.testing.assert_allclose(x[:, 0], few.argsort().argsort() / 29, atol=1e-6)


@pytest.mark.parametrize("shares", [(0.7, 0.3), (0.99, 0.01), (0.2, 0.5, 0.3), (0.01, 0.98, 0.01)])
def test_quantile_scaling_of_values_that_repeat_is_that_of_scikit_learn(shares):
    values = np.repeat(np.arange(len(shares), dtype=float), [int(500 * each) for each in shares])

    _, x, _ = shaped(entries(a=values), Rules(scaling=((FOR_ALL, "quantile"),)))

    expected = QuantileTransformer(n_quantiles=129).fit_transform(values.reshape(-1, 1))
    np.testing.assert_allclose(x, expected, atol=1e-6)


def test_quantile_scaling_of_a_model_of_1_0_stays_as_it_was_trained():
    values = np.array([0.0, 1, 2, np.nan])

    Scale(kind="quantile", knots=(0.0, 0.0, 0.0, 1.0, 2.0)).apply(values)

    np.testing.assert_array_equal(values, [0.5, 0.75, 1.0, np.nan])


def test_log_scaling_keeps_the_order_and_the_ends():
    values = np.array([-1000.0, -1, 0, 1, 1e6])

    _, x, _ = shaped(entries(a=values), Rules(scaling=((FOR_ALL, "log"),)))

    assert (np.diff(x[:, 0]) > 0).all()
    assert x[0, 0] == 0.0
    assert x[-1, 0] == 1.0


def test_the_first_pattern_that_matches_wins():
    rules = Rules(scaling=(("a*", "standard"), (FOR_ALL, "minmax")))

    _, x, _ = shaped(entries(a1=VALUES, b=VALUES), rules)

    assert x[:, 0].min() < 0
    assert (x[:, 1].min(), x[:, 1].max()) == (0.0, 1.0)


def test_missing_values_are_padding_and_do_not_count():
    values = np.array([-999.0, 10, 20, 30], np.float32)

    _, x, mask = shaped(entries(a=values), Rules(missing=((FOR_ALL, (-999.0,)),)))

    assert x[:, 0].tolist() == [0.0, 0.0, 0.5, 1.0]
    assert mask[:, 0].tolist() == [1, 0, 0, 0]


def test_missing_integers_and_single_precision_are_recognised():
    columns = entries(i=np.array([-999, 1, 2]), f=np.array([-1e30, 1, 2], np.float32))

    _, _, mask = shaped(columns, Rules(missing=((FOR_ALL, (-999.0, -1e30)),)))

    assert mask.tolist() == [[1, 1], [0, 0], [0, 0]]


def test_missing_values_in_rows_are_padding_where_they_are():
    rows = Jagged(content=np.array([1.0, -1, 3]), offsets=np.array([0, 2, 3]))
    columns = Columns(entries=2, flat={}, jagged={"j": rows})

    _, x, mask = shaped(columns, Rules(missing=((FOR_ALL, (-1.0,)),)))

    assert x.tolist() == [[0.0, 0.0], [1.0, 0.0]]
    assert mask.tolist() == [[0, 1], [0, 1]]


def test_an_indicator_stands_behind_the_flat_branches_that_miss_values():
    rows = Jagged(content=np.array([1.0, 2, 3]), offsets=np.array([0, 2, 2, 3]))
    flat = {"a": np.array([-9.0, 1, 2]), "b": np.array([1.0, 2, 3])}
    columns = Columns(entries=3, flat=flat, jagged={"j": rows})

    names, x, mask = shaped(columns, Rules(missing=((FOR_ALL, (-9.0,)),), indicator=True))

    assert names == ("a", "b", "a_missing", "j_0", "j_1")
    assert x[:, 2].tolist() == [1.0, 0.0, 0.0]
    assert mask[:, 2].tolist() == [0, 0, 0]
    assert x[:, 3].tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("missing", [(), ((FOR_ALL, (-9.0,)),)])
def test_an_indicator_tells_what_is_no_number_whatever_else_means_missing(missing):
    columns = entries(a=np.array([np.nan, 1, 2]), b=np.array([1.0, np.inf, 3]), c=np.arange(3.0))

    names, x, _ = shaped(columns, Rules(missing=missing, indicator=True))

    assert names == ("a", "b", "c", "a_missing", "b_missing")
    assert x[:, 3:].tolist() == [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]


def test_an_indicator_with_the_name_of_a_branch_is_refused():
    columns = entries(a=np.array([-9.0, 1]), a_missing=np.array([0.0, 1]))

    with pytest.raises(InvalidRequestError, match="a_missing"):
        specs_of(columns, Rules(missing=((FOR_ALL, (-9.0,)),), indicator=True))


def test_clipping_to_quantiles_makes_room_for_the_others():
    values = VALUES.copy()
    values[7] = 1e7

    _, x, _ = shaped(entries(a=values), Rules(clip=((FOR_ALL, None),)))

    ends = np.quantile(values.astype(np.float64), (0.005, 0.995))
    expected = (np.clip(values, *ends) - ends[0]) / (ends[1] - ends[0])
    np.testing.assert_allclose(x[:, 0], expected, atol=1e-6)
    assert x[7, 0] == 1.0
    assert np.std(np.delete(x[:, 0], 7)) > 0.05


def test_clipping_to_a_range_moves_values_to_its_ends():
    _, x, _ = shaped(entries(a=np.array([-5.0, 0, 5, 10, 99])), Rules(clip=(("a", (0.0, 10.0)),)))

    assert x[:, 0].tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]


@pytest.mark.parametrize("kind", ["standard", "robust", "log", "quantile"])
def test_the_largest_doubles_are_scaled_as_others(kind):
    values = np.linspace(1, 1.7, 50)

    _, x, mask = shaped(entries(a=1e308 * values), Rules(scaling=((FOR_ALL, kind),)))
    _, small, _ = shaped(entries(a=1e8 * values), Rules(scaling=((FOR_ALL, kind),)))

    assert not mask.any()
    np.testing.assert_allclose(x, small, atol=1e-3)


@pytest.mark.parametrize("kind", ["standard", "robust"])
def test_values_that_are_too_far_apart_for_a_scaling_are_refused(kind):
    with pytest.raises(InvalidRequestError, match=r"from -1\.5e\+308 to 1e\+308"):
        specs_of(entries(a=np.array([-1.5e308, 0, 1e308])), Rules(scaling=((FOR_ALL, kind),)))


@pytest.mark.parametrize("kind", ["standard", "robust", "log", "quantile"])
def test_what_is_not_finite_stays_padding_in_every_scaling(kind):
    values = np.array([1.0, np.nan, 2, np.inf, 4])

    _, x, mask = shaped(
        entries(a=values), Rules(scaling=((FOR_ALL, kind),), clip=((FOR_ALL, None),))
    )

    assert mask[:, 0].tolist() == [0, 1, 0, 1, 0]
    assert np.isfinite(x).all()


def test_a_constant_may_be_dropped():
    names, x, _ = shaped(entries(a=np.ones(5), b=np.arange(5)), Rules(constant="drop"))

    assert names == ("b",)
    assert x.shape == (5, 1)


@pytest.mark.parametrize(
    ("value", "expected"), [(5.0, 5.0), (-1000.0, -1000.0), (1001.0, 0.0), (9e18, 0.0)]
)
def test_a_constant_stays_where_it_is_harmless(value, expected):
    _, x, _ = shaped(entries(a=np.full(3, value), b=np.arange(3)), Rules())

    assert x[:, 0].tolist() == [expected] * 3


@pytest.mark.parametrize("kind", [np.int64, np.uint64])
@pytest.mark.parametrize("scaling", ["minmax", "standard"])
def test_integers_that_doubles_cannot_hold_are_apart(kind, scaling):
    values = (2**60 + np.arange(6)).astype(kind)

    _, x, _ = shaped(entries(a=values), Rules(scaling=((FOR_ALL, scaling),)))

    steps = np.diff(x[:, 0])
    assert (steps > 0.1).all()
    np.testing.assert_allclose(steps, steps[0], rtol=1e-5)


def test_integers_above_the_signed_ones_are_apart():
    values = np.uint64(2**63) + np.arange(5, dtype=np.uint64)

    _, x, _ = shaped(entries(a=values), Rules())

    assert x[:, 0].tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_an_integer_below_all_that_were_seen_is_negative():
    specs = specs_of(entries(a=2**60 + np.arange(5)), Rules())

    _, x, _ = shaped(entries(a=np.array([2**60 - 4])), Rules(), specs)

    assert x[0, 0] == -1.0


@pytest.mark.parametrize(
    ("kind", "values", "first"),
    [
        ("uint64", [2**64 - 1, 2**63, 2**64 - 5, 2**64 - 6, 0], -5),  # up to 2^64 + 4 apart
        ("uint64", [2**64 - 1, 3], -(2**63)),
        ("int64", [-5, 7, 2**62], -5),
        ("int64", [-(2**63), 2**63 - 1, 0], -(2**63)),
        ("int64", [-5, -(2**63), 5], 2**63 + 1),  # below all that training has seen
        ("uint8", [0, 255], -(2**60) - 1),
        ("uint8", [0, 255], 2**60 + 1),
    ],
)
def test_whole_numbers_without_a_sign_and_negative_ones_are_as_far_apart_as_they_are(
    kind, values, first
):
    room = np.empty(len(values))

    Treatment(first=first).load(np.array(values, kind), room)

    assert room.tolist() == pytest.approx([value - first for value in values], rel=2**-52)
