from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.scoring import (
    SATISFACTION_SCALE,
    Measure,
    Scale,
    grade,
    median,
    percentile,
    rank_in_band,
    score,
    volume_band,
)

RULEBOOK_WEIGHTS = (20, 25, 5, 20, 10, 10, 5, 5)


def points(numerator: int, denominator: int, **given) -> int | None:
    return score([Measure("m", 100, numerator, denominator, **given)]).measures[0].points_tenths


@pytest.mark.parametrize(
    ("numerator", "tenths"),
    [
        (1000, 1000),
        (980, 1000),
        (850, 0),
        (849, 0),
        (0, 0),
        (915, 500),
        (979, 992),
        (851, 8),
    ],
)
def test_98_percent_is_full_85_percent_is_zero_and_linear_between(numerator, tenths) -> None:
    assert points(numerator, 1000) == tenths


def test_points_are_rounded_half_up_from_the_exact_fraction() -> None:
    even = Scale(full=Fraction(1), zero=Fraction(0))
    assert points(1, 2000, scale=even) == 1  # 0.05
    assert points(3, 2000, scale=even) == 2  # 0.15, which no binary float holds
    assert points(49, 100_000, scale=even) == 0  # 0.049


def test_an_inverse_measure_counts_what_did_not_happen() -> None:
    assert points(0, 50, inverse=True) == 1000
    assert points(1, 50, inverse=True) == 1000  # 98 %
    assert points(10, 50, inverse=True) == 0


def test_more_repeats_than_tickets_are_zero_points_and_no_negative_ones() -> None:
    assert points(9, 5, inverse=True) == 0


@pytest.mark.parametrize(("ratings", "tenths"), [(45, 1000), (50, 1000), (30, 0), (10, 0), (40, 667), (38, 533)])
def test_satisfaction_is_full_from_4_5_and_zero_up_to_3(ratings, tenths) -> None:
    assert points(ratings, 10, scale=SATISFACTION_SCALE) == tenths


def test_fewer_than_five_cases_are_not_counted_and_their_weight_goes_to_the_others_in_proportion() -> None:
    result = score([Measure("a", 20, 10, 10), Measure("b", 25, 4, 4), Measure("c", 60, 10, 10)])
    a, b, c = result.measures
    assert (a.effective_weight, c.effective_weight) == (25, 75)
    assert (b.value, b.effective_weight, b.points_tenths) == (None, None, None)
    assert (b.numerator, b.denominator) == (4, 4)
    assert result.total_tenths == 1000


def test_five_cases_count() -> None:
    assert points(5, 5) == 1000


def test_the_least_number_of_cases_can_be_set() -> None:
    assert score([Measure("a", 20, 1, 1)], min_cases=1).total_tenths == 1000
    assert score([Measure("a", 20, 0, 0)], min_cases=0).total_tenths is None


def test_a_month_without_cases_has_no_score_and_no_grade() -> None:
    result = score([Measure("a", 20, 0, 0), Measure("b", 80, 4, 4)])
    assert (result.total_tenths, result.grade) == (None, None)
    assert score([]).measures == ()


def test_the_score_is_the_sum_of_the_rounded_points() -> None:
    result = score([Measure("a", 1, 10, 10), Measure("b", 1, 10, 10), Measure("c", 1, 10, 10)])
    assert [m.points_tenths for m in result.measures] == [333, 333, 333]
    assert result.total_tenths == 999


def test_rounding_never_lifts_the_score_above_100() -> None:
    result = score([Measure(str(n), 1, 10, 10) for n in range(6)])
    assert [m.points_tenths for m in result.measures] == [167] * 6
    assert result.total_tenths == 1000


def test_the_four_measures_of_a_first_scorecard_add_up_by_hand() -> None:
    result = score(
        [
            Measure("first_reply", 20, 95, 100),
            Measure("result", 25, 88, 96),
            Measure("appeals", 10, 3, 96, inverse=True),
            Measure("repeats", 5, 4, 110, inverse=True),
        ]
    )
    # 100/3 x 10/13; 125/3 x (11/12 - .85)/.13; 50/3 x (31/32 - .85)/.13; 25/3 x (53/55 - .85)/.13
    assert [m.points_tenths for m in result.measures] == [256, 214, 152, 73]
    assert (result.total_tenths, result.grade) == (695, "D")


def test_measures_keep_their_order_and_the_exact_value() -> None:
    result = score([Measure("b", 5, 1, 7), Measure("a", 5, 2, 7, inverse=True)])
    assert [(m.key, m.value) for m in result.measures] == [("b", Fraction(1, 7)), ("a", Fraction(5, 7))]


def test_a_measure_without_weight_earns_nothing_and_breaks_nothing() -> None:
    assert score([Measure("a", 0, 5, 5)]).total_tenths is None


@pytest.mark.parametrize("numbers", [(-1, 5, 5), (5, -1, 5), (5, 5, -1)])
def test_negative_numbers_are_refused(numbers) -> None:
    with pytest.raises(ValueError):
        Measure("a", *numbers)


def test_a_scale_that_falls_is_refused_and_a_step_is_allowed() -> None:
    with pytest.raises(ValueError):
        Scale(full=Fraction(1, 2), zero=Fraction(2, 3))
    step = Scale(full=Fraction(1, 2), zero=Fraction(1, 2))
    assert (points(5, 10, scale=step), points(4, 10, scale=step)) == (1000, 0)


cases = st.integers(0, 40).flatmap(lambda d: st.tuples(st.integers(0, d), st.just(d)))


@given(st.lists(cases, min_size=8, max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
def test_effective_weights_always_sum_to_exactly_100_and_the_total_lies_in_0_to_100(numbers, inverse) -> None:
    rows = zip(RULEBOOK_WEIGHTS, numbers, inverse, strict=True)
    result = score([Measure(str(i), w, n, d, inv) for i, (w, (n, d), inv) in enumerate(rows)])
    counted = [m for m in result.measures if m.effective_weight is not None]
    if not counted:
        assert result.total_tenths is None
        return
    assert sum(m.effective_weight for m in counted) == 100
    assert all(m.denominator >= 5 for m in counted)
    assert 0 <= result.total_tenths <= 1000
    assert abs(result.total_tenths - sum(m.points_tenths for m in counted)) <= 4


@pytest.mark.parametrize(
    ("tenths", "letter"),
    [
        (1000, "A"),
        (900, "A"),
        (899, "B"),
        (800, "B"),
        (799, "C"),
        (700, "C"),
        (699, "D"),
        (0, "D"),
    ],
)
def test_grades_begin_at_90_80_and_70(tenths, letter) -> None:
    assert grade(tenths) == letter


@pytest.mark.parametrize(
    ("tickets", "band"),
    [
        (0, 0),
        (29, 0),
        (30, 1),
        (99, 1),
        (100, 2),
        (299, 2),
        (300, 3),
        (9999, 3),
    ],
)
def test_volume_bands_begin_at_30_100_and_300_tickets(tickets, band) -> None:
    assert volume_band(tickets) == band


ENTRIES = [("a", 1, 900), ("b", 1, 950), ("c", 1, 900), ("d", 1, 800), ("e", 2, 1000), ("f", 1, None)]


@pytest.mark.parametrize(("key", "rank"), [("b", (1, 4)), ("a", (2, 4)), ("c", (2, 4)), ("d", (4, 4)), ("e", (1, 1))])
def test_rank_is_inside_the_band_and_ties_share_it(key, rank) -> None:
    assert rank_in_band(key, ENTRIES) == rank


@pytest.mark.parametrize("key", ["f", "nobody"])
def test_without_a_score_there_is_no_rank(key) -> None:
    assert rank_in_band(key, ENTRIES) is None


@pytest.mark.parametrize(("p", "value"), [(5, 15), (30, 20), (40, 20), (50, 35), (90, 50), (100, 50), (1, 15)])
def test_percentiles_are_by_nearest_rank(p, value) -> None:
    assert percentile([35, 20, 15, 50, 40], p) == value


def test_no_values_have_no_percentile() -> None:
    assert percentile([], 90) is None
    assert median([]) is None


@pytest.mark.parametrize("p", [0, 101, -1])
def test_a_percentile_outside_1_to_100_is_refused(p) -> None:
    with pytest.raises(ValueError):
        percentile([1], p)


def test_the_median_of_an_even_number_is_the_lower_middle() -> None:
    assert median([4, 1, 3, 2]) == 2


@given(st.lists(st.integers(0, 10**6), min_size=1), st.integers(1, 100))
def test_at_least_p_percent_of_the_values_are_at_or_below_the_percentile_and_no_smaller_one_does(values, p) -> None:
    found = percentile(values, p)
    assert found in values
    assert sum(v <= found for v in values) * 100 >= p * len(values)
    assert sum(v < found for v in values) * 100 < p * len(values)
