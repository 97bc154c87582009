"""What each logged impression says about the target policy's page, and whether the log says enough.

Let f(j) = sum over ranks k of theta_k g_k(j): how much examination the target is expected to give posting j,
so that V = sum over j of f(j) nu(j) (Li et al. 2018, position-based model). A posting is then evidence about
the target at whatever rank it was logged: far more effective pages than if the ranks had to be the same.

The logged propensity of rank r is conditional on the postings above. Dividing by it as if it were marginal
is biased: a posting that already stands above cannot be drawn again, and its part would be missing. Des Raj
(1956) met this in sampling without replacement: what was drawn above counts in full, the new draw is divided
by its conditional probability. With y_r = reward / theta_r of what was logged at rank r,

    t_r = sum over r' < r of f(j_r') y_r' + f(j_r) y_r / p_r     has mean     sum over j of f(j) nu(j)

whatever stands above. Every slot of a page gives such a t_r, and they are uncorrelated; they are averaged
with weights theta_r / sum of theta, because a reward that is seldom looked at is a noisy one.
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
class PageWeights:
    """mass (n, K): weight of each impression's existence; reward (n, K): what its reward is multiplied by.

    due (n,): examination the target would give its page, sum of theta over the page's slots. The sum of
    `mass` over a page has that mean when the log covers the target.
    """

    mass: F64
    reward: F64
    due: F64

    @property
    def control(self) -> F64:
        """(n,) weight of what was seen of each page."""
        return np.asarray(self.mass.sum(axis=1))


def attention(pages: LoggedPages, target: F64, examination: F64) -> F64:
    """(n, K) f of each logged posting; target (n, K, K): [i, r', r] probability that the target puts the
    posting logged at r' at rank r. Ranks that the page does not have give nothing."""
    shown = pages.shown.astype(np.float64)
    return np.asarray(np.einsum("nij,nj,j->ni", target, shown, examination))


def page_weights(pages: LoggedPages, target: F64, examination: F64) -> PageWeights:
    """target as for `attention`; examination (K,) relative to the top rank."""
    looked = np.where(pages.shown, examination, 0.0)
    share = looked / np.maximum(looked.sum(axis=1, keepdims=True), 1e-12)
    below = share[:, ::-1].cumsum(axis=1)[:, ::-1] - share
    inverse = np.where(pages.shown, 1.0 / pages.propensity, 0.0)
    mass = np.where(pages.shown, attention(pages, target, examination) * (share * inverse + below), 0.0)
    return PageWeights(mass, mass / examination, looked.sum(axis=1))


def marginal_weights(pages: LoggedPages, target: F64) -> F64:
    """(n, K) target over logged probability at the same rank, as if the latter were marginal: biased."""
    own = np.diagonal(target, axis1=1, axis2=2)
    return np.where(pages.shown, own / pages.propensity, 0.0)


@dataclass(frozen=True)
class Overlap:
    """How far the log covers a target: read before any estimate.

    `effective_pages` is Kish's (sum w)^2 / sum w^2 of the pages' weights; `largest_weight` what the reward
    of one impression was multiplied by at most; `covered` the share of the target's examination that the log
    was seen to cover.
    """

    pages: int
    users: int
    effective_pages: float
    largest_weight: float
    covered: float


def overlap(pages: LoggedPages, weights: PageWeights) -> Overlap:
    """Raises OverlapError when part of the target's mass lies where the log has none, or next to none."""
    control = weights.control
    squares = float((control**2).sum())
    found = Overlap(
        pages=len(pages),
        users=len(np.unique(pages.user)),
        effective_pages=float(control.sum()) ** 2 / squares if squares else 0.0,
        largest_weight=float(weights.reward.max(initial=0.0)),
        covered=float(control.sum() / weights.due.sum()),
    )
    _refuse(found, control, weights.due, pages)
    return found


def _refuse(found: Overlap, control: F64, due: F64, pages: LoggedPages) -> None:
    if found.users < 2:
        raise OpeError("an interval needs at least two users")
    _, unit = np.unique(pages.user, return_inverse=True)
    excess = np.bincount(unit, control - found.covered * due)
    error = float(np.sqrt((excess**2).sum()) / due.sum())
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

    reference (n, K): any weight f(j) of the logged posting that does not depend on the rank it was logged
    at, such as the target's probability of having it on the page. Des Raj's sum of f(j) times reward at
    rank r has mean theta_r times the same number for every r; solved from the top down, then a line through
    log theta against log rank, each rank weighted by its rewards. Zero when there is no slope to see.
    """
    full = pages.shown.all(axis=1)
    if not full.any():
        return 0.0
    value = reference[full] * pages.reward[full]
    drawn, above = (value / pages.propensity[full]).mean(axis=0), value.mean(axis=0)
    inverse = np.ones(pages.slots)
    for slot in range(1, pages.slots):
        left = drawn[0] - (np.nan_to_num(inverse[:slot], nan=1.0) * above[:slot]).sum()
        inverse[slot] = left / drawn[slot] if drawn[slot] > 0 and left > 0 else np.nan
    known = np.isfinite(inverse) & (pages.reward[full].sum(axis=0) > 0)
    ranks = np.log(np.arange(1, pages.slots + 1))
    weight = pages.reward[full].sum(axis=0) * known
    slope = (weight * ranks * np.log(np.where(known, inverse, 1.0))).sum() / max(
        float((weight * ranks**2).sum()), 1e-12
    )
    return float(np.clip(slope, 0.0, 2.0))
