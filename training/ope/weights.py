"""What each logged impression says about the target policy's page, and whether the log says enough.

The logged propensity of rank r is conditional on the postings above. Dividing the target's marginal
probability g_r(j) by it alone is biased: a posting that already stands above cannot be drawn again, so its
part of slot r would be missing. Des Raj (1956) met this in sampling without replacement: what was drawn
above counts in full, the new draw is divided by its conditional probability. For any f,

    t_r(f) = sum over r' < r of f(j_r') y(j_r') + f(j_r) y(j_r) / p_r     has mean     sum over j of f(j) y(j)

whatever stands above. Here f = g_r, and y(j) is the reward j would have had at rank r. A posting that was
seen at r' < r instead is carried over with theta_r / theta_r', the relative examination of the two ranks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.ope.pages import F64, LoggedPages, OpeError, OverlapError

#: One-sided level at which the log is said to miss part of the target's mass.
_MISSING_Z = 3.1
#: Fewer pages' worth of information than this carry no interval.
_FEWEST = 10.0


@dataclass(frozen=True)
class SlotWeights:
    """All (n, K, K): [i, r', r] is what the impression at rank r' + 1 of page i says about rank r + 1.

    `mass` is the weight of its existence (its sum over r' has mean one for every rank r the page has), and
    `carry` what its reward is multiplied with on the way from r' to r. Zero for r < r'.
    """

    mass: F64
    carry: F64

    @property
    def control(self) -> F64:
        """(n, K) per rank the weight of what was seen; its mean is one when the log covers the target."""
        return np.asarray(self.mass.sum(axis=1))


def slot_weights(pages: LoggedPages, target: F64, examination: F64) -> SlotWeights:
    """target (n, K, K): [i, r', r] probability that the target puts the posting logged at r' at rank r."""
    slots = pages.slots
    above = np.triu(np.ones((slots, slots)), 1)  # r' < r
    both = pages.shown[:, :, None] & pages.shown[:, None, :]
    with np.errstate(divide="ignore"):
        inverse = np.where(pages.shown, 1.0 / pages.propensity, 0.0)
    mass = np.where(both, target * (above + np.eye(slots) * inverse[:, :, None]), 0.0)
    ratio = examination[None, :] / examination[:, None]
    return SlotWeights(mass, np.broadcast_to(np.triu(ratio), mass.shape))


@dataclass(frozen=True)
class Overlap:
    """How far the log covers a target: read before any estimate.

    `effective_pages` is Kish's (sum w)^2 / sum w^2 averaged over ranks; `largest_weight` of one impression
    for its own rank; `covered` the share of the target's mass that the log was seen to cover.
    """

    pages: int
    users: int
    effective_pages: float
    largest_weight: float
    covered: float


def overlap(pages: LoggedPages, weights: SlotWeights) -> Overlap:
    """Raises OverlapError when part of the target's mass lies where the log has none, or next to none."""
    control, shown = weights.control, pages.shown
    own = np.diagonal(weights.mass, axis1=1, axis2=2)
    squares = (control**2).sum(axis=0)
    effective = np.where(squares > 0, control.sum(axis=0) ** 2 / np.where(squares > 0, squares, 1.0), 0.0)
    # Share of slots: what a page has no slot for cannot be covered.
    per_page = control.sum(axis=1) / np.maximum(shown.sum(axis=1), 1)
    found = Overlap(
        pages=len(pages),
        users=len(np.unique(pages.user)),
        effective_pages=float(effective[shown.any(axis=0)].mean()),
        largest_weight=float(own.max(initial=0.0)),
        covered=float(per_page.mean()),
    )
    _refuse(found, per_page, pages)
    return found


def _refuse(found: Overlap, per_page: F64, pages: LoggedPages) -> None:
    if found.users < 2:
        raise OpeError("an interval needs at least two users")
    _, unit = np.unique(pages.user, return_inverse=True)
    excess = np.bincount(unit, per_page - per_page.mean())
    error = float(np.sqrt((excess**2).sum())) / len(pages)
    if found.covered + _MISSING_Z * error < 1.0:
        raise OverlapError(
            f"the log covers {found.covered:.0%} of what the target would show: it puts mass where the "
            "logging policy has (almost) none. Compare a policy nearer to the logged one, or log with more "
            "exploration"
        )
    if found.effective_pages < _FEWEST:
        raise OverlapError(
            f"{found.pages} pages weigh as much as {found.effective_pages:.1f} would: too few for an interval"
        )


def estimate_power(pages: LoggedPages, reference: F64) -> float:
    """The power a of examination ~ rank ** -a, from the log alone.

    reference (n, K): any weight f(j) of the logged posting that does not depend on its rank, such as the
    target's probability of showing it first. t_r(f) of the module's docstring has the same mean times
    theta_r for every r; solved from the top down, then a line through log theta against log rank, each
    rank weighted by its rewards. Zero when there is too little to see a slope.
    """
    full = pages.shown.all(axis=1)
    if not full.any():
        return 0.0
    value = reference[full] * pages.reward[full]
    drawn, above = (value / pages.propensity[full]).mean(axis=0), value.mean(axis=0)
    inverse = np.ones(pages.slots)
    for slot in range(1, pages.slots):
        left = drawn[0] - (inverse[:slot] * above[:slot]).sum()
        inverse[slot] = left / drawn[slot] if drawn[slot] > 0 and left > 0 else np.nan
    known = np.isfinite(inverse) & (pages.reward[full].sum(axis=0) > 0)
    ranks = np.log(np.arange(1, pages.slots + 1))
    weight = pages.reward[full].sum(axis=0) * known
    slope = (weight * ranks * np.log(np.where(known, inverse, 1.0))).sum() / max(
        float((weight * ranks**2).sum()), 1e-12
    )
    return float(np.clip(slope, 0.0, 2.0))
