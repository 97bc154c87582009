"""Policies whose value is asked for: each says how likely it is to put posting j at rank r of a page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np

from training.ope.pages import F64, I64, Mask, OpeError


class TargetPolicy(Protocol):
    """A ranking policy over the candidates of each page."""

    name: str

    def marginals(self, scores: F64, slots: int) -> F64:
        """(n, slots, m): probability that candidate j of page i stands at rank r + 1.

        scores (n, m), -inf where the page has no such candidate. Each rank's row sums to one while
        candidates are left, and to zero after that.
        """
        ...


class SequentialPolicy(ABC):
    """A policy that fills a page from the top, each slot given those above, without repeating a posting.

    What it puts at a rank depends on what it put above, so the marginals are averages over `draws` pages
    drawn from the policy itself, of the *probabilities* at each slot rather than of the drawn postings
    (Rao-Blackwellised): unbiased, and positive wherever the policy is.
    """

    name: str

    def __init__(self, *, draws: int = 32, seed: int = 0) -> None:
        if draws < 1:
            raise OpeError("a policy needs at least one draw for its marginals")
        self._draws, self._seed = draws, seed

    @abstractmethod
    def step(self, scores: F64, left: Mask) -> F64:
        """(n, draws, m) probabilities of the next slot; scores (n, 1, m), left (n, draws, m)."""

    def marginals(self, scores: F64, slots: int) -> F64:
        random = np.random.default_rng(self._seed)
        n, m = scores.shape
        left = np.repeat(np.isfinite(scores)[:, None, :], self._draws, axis=1)
        out = np.zeros((n, slots, m))
        for slot in range(slots):
            chance = self.step(scores[:, None, :], left)
            out[:, slot] = chance.mean(axis=1)
            np.put_along_axis(left, _draw(chance, random)[:, :, None], False, axis=2)
        return out


def _draw(chance: F64, random: np.random.Generator) -> I64:
    """(n, draws) one column each, by inverse distribution function."""
    running = np.cumsum(chance, axis=2)
    level = random.random(chance.shape[:2]) * running[:, :, -1]
    column = (running <= level[:, :, None]).sum(axis=2)
    return np.asarray(np.minimum(column, chance.shape[2] - 1))


class PlackettLuce(SequentialPolicy):
    """Softmax over score / temperature, without replacement (Plackett 1975)."""

    def __init__(self, temperature: float, *, draws: int = 32, seed: int = 0) -> None:
        super().__init__(draws=draws, seed=seed)
        if not temperature > 0:
            raise OpeError("the temperature must be above zero")
        self.temperature, self.name = temperature, f"softmax {temperature:g}"

    def step(self, scores: F64, left: Mask) -> F64:
        weight = np.where(left, np.exp((scores - _top(scores)) / self.temperature), 0.0)
        return _normalised(weight)


class EpsilonGreedy(SequentialPolicy):
    """The best posting left with probability 1 - epsilon, else any of those left; epsilon 0 just ranks."""

    def __init__(self, epsilon: float, *, draws: int = 32, seed: int = 0) -> None:
        super().__init__(draws=1 if epsilon == 0 else draws, seed=seed)
        if not 0 <= epsilon <= 1:
            raise OpeError("epsilon must lie in [0, 1]")
        self.epsilon, self.name = epsilon, f"epsilon-greedy {epsilon:g}"

    def step(self, scores: F64, left: Mask) -> F64:
        out = self.epsilon * _normalised(left.astype(np.float64))
        best = np.where(left, scores, -np.inf).argmax(axis=2)[:, :, None]
        some = left.any(axis=2, keepdims=True)
        before = np.take_along_axis(out, best, axis=2)
        np.put_along_axis(out, best, before + (1.0 - self.epsilon) * some, axis=2)
        return out


def _top(scores: F64) -> F64:
    top = scores.max(axis=-1, keepdims=True)
    return np.asarray(np.where(np.isfinite(top), top, 0.0))


def _normalised(weight: F64) -> F64:
    total = weight.sum(axis=-1, keepdims=True)
    return np.asarray(weight / np.where(total > 0, total, 1.0))
