"""The tables of a bias audit in the form of New York City's Local Law 144 of 2021.

Rules: 6 RCNY 5-300 to 5-304. For a score that is a number, the *scoring rate* of a category is the share of
its people whose score lies above the median of the whole sample; the *impact ratio* is a category's scoring
rate divided by that of the category with the highest. Sex, race/ethnicity, and both together; how many people
are of unknown category is told; a category of less than 2 % of the data may be left out of the ratios, and is
listed apart here. The four-fifths rule of thumb is 29 CFR 1607.4(D).

These are inputs of an audit; that it be independent is up to whoever uses the tool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from training.audit.identities import UNKNOWN

F64 = npt.NDArray[np.float64]
SMALL_SHARE = 0.02
FOUR_FIFTHS = 0.8


@dataclass(frozen=True, slots=True)
class Row:
    """One category. `ratio` with its 95 % interval is None for small categories (`small`).

    `p_value`: of the difference to the best category, two-sided, pooled two-proportion test.
    """

    category: str
    people: int
    above: int
    rate: float
    ratio: float | None
    low: float | None
    high: float | None
    p_value: float | None
    small: bool

    @property
    def below_four_fifths(self) -> bool:
        return self.ratio is not None and self.ratio < FOUR_FIFTHS


@dataclass(frozen=True, slots=True)
class Table:
    """`score` is "fit" or "interest", `by` what the categories are of; `unscored` people got no number."""

    score: str
    by: str
    median: float
    people: int
    unknown: int
    unscored: int
    rows: tuple[Row, ...]

    @property
    def compared(self) -> list[Row]:
        return [row for row in self.rows if row.ratio is not None]


def audit_tables(score: str, values: F64, sex: Sequence[str], race: Sequence[str]) -> tuple[Table, ...]:
    """By sex, by race/ethnicity, and by both. `values` (n,), NaN where the model gave no number."""
    both = [UNKNOWN if UNKNOWN in pair else ", ".join(pair) for pair in zip(sex, race, strict=True)]
    return (
        _table(score, "sex", values, sex),
        _table(score, "race/ethnicity", values, race),
        _table(score, "sex and race/ethnicity", values, both),
    )


def _table(score: str, by: str, values: F64, categories: Sequence[str]) -> Table:
    scored = ~np.isnan(values)
    names = np.array(categories)
    median = float(np.median(values[scored])) if scored.any() else float("nan")
    known = scored & (names != UNKNOWN)
    total = int(known.sum())
    counts = []
    for name in sorted(set(names[known].tolist())):
        own = values[known & (names == name)]
        counts.append((name, len(own), int((own > median).sum())))
    return Table(
        score=score,
        by=by,
        median=median,
        people=int(scored.sum()),
        unknown=int((scored & (names == UNKNOWN)).sum()),
        unscored=int((~scored).sum()),
        rows=tuple(_rows(counts, total)),
    )


def _rows(counts: list[tuple[str, int, int]], total: int) -> list[Row]:
    large = [c for c in counts if c[1] >= SMALL_SHARE * total]
    best = max(large, key=lambda c: c[2] / c[1]) if large else None
    rows = []
    for name, n, above in counts:
        if best is None or best[2] == 0 or (name, n, above) not in large:
            rows.append(Row(name, n, above, above / n, None, None, None, None, small=n < SMALL_SHARE * total))
            continue
        low, high = ratio_interval(above, n, best[2], best[1])
        ratio = (above / n) / (best[2] / best[1])
        p = 1.0 if name == best[0] else two_proportions(above, n, best[2], best[1])
        rows.append(Row(name, n, above, above / n, ratio, low, high, p, small=False))
    return rows


def ratio_interval(above: int, n: int, best: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of a ratio of two proportions on the log scale (Katz et al. 1978), with half a case added to
    each count so that none is zero (Walter 1975)."""
    one, other = (above + 0.5) / (n + 0.5), (best + 0.5) / (of + 0.5)
    error = np.sqrt(1 / (above + 0.5) - 1 / (n + 0.5) + 1 / (best + 0.5) - 1 / (of + 0.5))
    reach = NormalDist().inv_cdf(0.5 + level / 2) * float(error)
    return float(one / other * np.exp(-reach)), float(one / other * np.exp(reach))


def two_proportions(a: int, n: int, b: int, m: int) -> float:
    """Two-sided p of equal proportions a/n and b/m, pooled normal test; 1 where it is not defined."""
    pooled = (a + b) / (n + m)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return 2 * NormalDist().cdf(-abs(a / n - b / m) / float(error)) if error > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Verdict:
    passed: bool
    detail: str


def gate(tables: Sequence[Table], *, alpha: float = 0.001) -> Verdict:
    """Fails if a category's impact ratio is below four fifths and that is not chance: the difference to the
    best category is significant at `alpha` over all comparisons made here (Bonferroni).

    The best category is the luckiest one too, so every pair of a table could have been compared and counts.
    One release in a thousand may be held up by chance: at one in twenty a fresh installation had none.
    """
    compared = [(table, row) for table in tables for row in table.compared]
    if not compared:
        return Verdict(False, "no category has enough people with a score")
    pairs = sum(len(table.compared) * (len(table.compared) + 1) // 2 for table in tables)
    least = min(row.ratio for _, row in compared if row.ratio is not None)
    found = [
        f"{table.score} by {table.by}: {row.category} {row.ratio:.2f}"
        for table, row in compared
        if row.below_four_fifths and row.p_value is not None and row.p_value < alpha / pairs
    ]
    if found:
        return Verdict(False, f"impact ratio below {FOUR_FIFTHS:g}: {'; '.join(found[:4])}")
    return Verdict(
        True, f"{len(compared)} impact ratios, lowest {least:.2f}, none below {FOUR_FIFTHS:g} beyond chance"
    )
