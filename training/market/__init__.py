"""A simulated job market: companies, postings, seekers and behaviour. Everything it writes is synthetic.

It serves the demo and the behaviour tests, and comparisons between models, never claims about people.
`generate(config, out)` writes a whole market, `write_postings(config, out)` any number of postings. The
same config gives the same bytes (on one kind of machine with one set of library versions).

How a seeker comes to act
-------------------------
A seeker u meets posting j at time t. The expected utility is a weighted sum of what the posting *shows*
(the weights and their defaults are the fields of `Preferences`):

    U =  coverage   2.0 * share of demanded skills u has; a must counts 1, a nice-to-have .35, a related
                          skill (React for Vue.js) half
      +  occupation 3.0 * (.8 * proximity(wanted, j) + .2 * proximity(past, j)); 1 for the same
                          occupation, else .3 for the family + .8 * cosine of the skill profiles, at most .85
      -  distance   3.0 * (1 - exp(-km / 60)) * (1 - mobility of u) * {1 on-site, .75 hybrid, 0 remote}
      -  abroad     0.5 if j is in another country
      +  remote     1.2 * (1 + .5 * t / period) * fit[u's wish, j's mode]    (REMOTE_FIT; the drift of taste)
      +  salary     1.3 * clip(log(shown pay / expectation), -.5, .35) / .35, or -.15 if the pay is hidden
      -  level      1.0 for each level above u's own, .6 for each level below
      -  freshness   .5 * min(age in days / 30, 1)
      +  taste      1.2 * <taste of u, vector of the company>  (company = its industry's vector + noise; u's
                          taste lies near that of one industry, which past employers and wishes hint at)
      +  reputation  .3 * standing of the company
      +  social     .12 * log(1 + recent views of j)

and what u feels is U plus noise, N(0, .5^2), which stays the same each time the two meet.
What u does with an impression at rank r:

    examined   with probability r ** -.45                                 (position bias)
    view       if examined, with probability sigmoid(2 * (utility - 3.0))
    save       if viewed,   with probability sigmoid(2 * (utility - 4.0))
    apply      if viewed,   with probability sigmoid(2 * (utility - 4.8))
    dismiss    if examined and not viewed, with probability .06 * (1 - sigmoid(2 * (utility - 3.0)))

A posting applied for or dismissed is not shown to u again. Impressions come from a logged mixed policy
(`training.market.policy`, release id `market-policy-v1`) with exact propensities. Over time the demand for
occupations and skills shifts, salaries rise, and remote work gains weight.

What a model can and cannot know: postings leave out or paraphrase skills, hide salaries and write places in
many ways; resumes leave skills out; 15 % of seekers have thin profiles; the noise of a pair, the taste beyond
its hints and a seeker's unstated mobility show only in behaviour. `Oracle` and `true_utility` give the
expected utility for analysis; nothing may train on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training.market.config import POLICY_RELEASE_ID, MarketConfig, Policy, Preferences
from training.market.posting_text import iter_postings as _iter_postings
from training.market.preference import Oracle, true_utility
from training.market.world import World
from training.market.write import FileEntry, Manifest, generate, write_postings


def iter_postings(config: MarketConfig, first: int = 0, last: int | None = None) -> Iterator[dict[str, Any]]:
    """Rows of postings.parquet first..last-1 (all by default), one at a time."""
    return _iter_postings(World(config), first, last)


__all__ = [
    "POLICY_RELEASE_ID",
    "FileEntry",
    "Manifest",
    "MarketConfig",
    "Oracle",
    "Policy",
    "Preferences",
    "generate",
    "iter_postings",
    "true_utility",
    "write_postings",
]
