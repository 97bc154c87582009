"""Amounts, currencies, intervals."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ingestion.normalize.salary import (
    PERIODS_PER_YEAR,
    Salary,
    currency_code,
    interval_of,
    local_currency,
    make_salary,
    parse_salary,
    plausible,
)
from app.orm.job import SALARY_INTERVALS

PIECES = st.sampled_from(
    "$ € £ 120 150k 90,000 70.000 - – to k K /hr per year 401k USD CHF salary: raised M 7 0".split(" ")
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=8).map(" ".join))


@settings(deadline=None)
@given(text=TEXTS, header=st.booleans())
def test_a_salary_found_is_ordered_plausible_and_named(text: str, header: bool) -> None:
    found = parse_salary(text, header=header)
    if found is None:
        return
    assert found.minimum is not None or found.maximum is not None
    assert found.minimum is None or found.maximum is None or found.minimum <= found.maximum
    assert found.interval in SALARY_INTERVALS
    assert len(found.currency) in (0, 3)
    assert plausible(found)


@settings(deadline=None)
@given(st.floats(allow_nan=True), st.floats(), st.sampled_from(sorted(PERIODS_PER_YEAR)))
def test_bounds_are_put_in_order(low: float, high: float, interval: str) -> None:
    found = make_salary(low, high, "EUR", interval)  # type: ignore[arg-type]
    if found is not None and found.minimum is not None and found.maximum is not None:
        assert found.minimum <= found.maximum
        annual = found.annual()
        assert annual.minimum is not None
        assert annual.maximum is not None
        assert annual.minimum <= annual.maximum


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$120k-150k", Salary(120_000, 150_000, "USD")),
        ("$120-150k", Salary(120_000, 150_000, "USD")),
        ("€50k - €60k", Salary(50_000, 60_000, "EUR")),
        ("£70-80k", Salary(70_000, 80_000, "GBP")),
        ("$115,000 to $160,000", Salary(115_000, 160_000, "USD")),
        ("70.000€ - 85.000€", Salary(70_000, 85_000, "EUR")),
        ("100-130K CHF", Salary(100_000, 130_000, "CHF")),
        ("60k-140k USD", Salary(60_000, 140_000, "USD")),
        ("$100k CAD", Salary(100_000, 100_000, "CAD")),
        ("up to $150k", Salary(None, 150_000, "USD")),
        ("$90k+", Salary(90_000, None, "USD")),
        ("$40-$60/hr", Salary(40, 60, "USD", "hour")),
        ("€400 per day", Salary(400, 400, "EUR", "day")),
        ("£2,500 per month", Salary(2_500, 2_500, "GBP", "month")),
        ("90k-120k", Salary(90_000, 120_000, "")),
        ("$10M raised", None),
        ("401k", None),
        ("$5k referral bonus", None),
        ("2015-2016", None),
    ],
)
def test_headers(text: str, expected: Salary | None) -> None:
    assert parse_salary(text, header=True) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Salary: $95,000 a year, plus 401k.", Salary(95_000, 95_000, "USD")),
        ("We pay between €60k and €75k.", Salary(60_000, 75_000, "EUR")),
        ("We raised $900k in our seed round.", None),
        ("Our customers save $50,000 on average.", None),
        ("A team of 30-40k users", None),
    ],
)
def test_prose(text: str, expected: Salary | None) -> None:
    assert parse_salary(text) == expected


def test_one_year_has_2080_hours() -> None:
    assert Salary(50, 60, "USD", "hour").annual() == Salary(104_000, 124_800, "USD")
    assert Salary(400, None, "EUR", "day").annual() == Salary(104_000, None, "EUR")


def test_names_of_units_and_currencies() -> None:
    assert [interval_of(v) for v in ("HOUR", "per month", "1 YEAR", "p.a.", "weekly", "DAY", "?")] == [
        "hour",
        "month",
        "year",
        "year",
        "week",
        "day",
        None,
    ]
    assert [currency_code(v) for v in ("$", "eur", "C$", "euros", "x")] == ["USD", "EUR", "CAD", "EUR", ""]
    assert local_currency("USD", "CA") == "CAD"
    assert local_currency("USD", "DE") == "USD"
    assert local_currency("", "DE") == "EUR"
    assert local_currency("", "") == ""
