"""S-201, S-213: summaries that can be traced, and a rewriter that is believed only where it is checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.headings import ROLES
from features.passages import passages
from features.skills import SkillMatcher
from features.taxonomy import Taxonomy
from models.encoder import SentenceEncoder
from models.sentence_roles import WIDTH, SentenceRoles, best_roles, role_inputs
from models.summarizer import AT_MOST, MAX_SENTENCE_CHARS, Summarizer, pick, shortened
from models.testing import TRACKED_ROLES, encoder_folder

POSTING = """Harbour Lights runs ferries in Lisbon. It is owned by its captains.

What you will do
- Design and operate the booking platform that every passenger uses, from the first click to the gangway.
- Review code and mentor two juniors.
- Design and operate our booking platform for all passengers.

What you bring
- At least four years of Python in production.
- Experience with PostgreSQL and Kubernetes.

Benefits
- 30 days of vacation and free ferry rides.

We are an equal opportunity employer. Write to jobs@harbour-lights.example or see https://harbour.example.
"""


class Says:
    """A rewriter whose every answer is the same."""

    version = "says"

    def __init__(self, text: str) -> None:
        self.text = text

    def rewrite(self, sentences: Sequence[str]) -> list[str]:
        return [self.text for _ in sentences]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder(encoder_folder())


@pytest.fixture(scope="module")
def matcher() -> SkillMatcher:
    return SkillMatcher(Taxonomy.load())


@pytest.fixture(scope="module")
def summarizer(encoder: SentenceEncoder, matcher: SkillMatcher) -> Summarizer:
    return Summarizer(SentenceRoles.load(TRACKED_ROLES), encoder.encode, matcher)


def test_s201_a_summary_says_what_the_posting_says_and_where(summarizer: Summarizer) -> None:
    found = summarizer.summarize("Backend Engineer", POSTING, 5)
    assert 3 <= len(found) <= 5
    for sentence in found:
        (span,) = sentence.spans
        assert sentence.text == POSTING[slice(*span)]
        assert not sentence.rewritten
    roles = [s.role for s in found]
    assert {"duty", "must"} <= set(roles)
    assert not {"legal", "logistics"} & set(roles)
    assert roles.index("duty") < roles.index("must")


def test_what_was_said_is_not_said_twice(summarizer: Summarizer) -> None:
    found = summarizer.summarize("Backend Engineer", POSTING, 4)
    assert sum("booking platform" in s.text for s in found) == 1


def test_a_posting_that_says_nothing_has_no_summary(summarizer: Summarizer) -> None:
    for text in ("", "   \n\n", "Apply now!", "https://example.org/jobs/12345678"):
        assert summarizer.summarize("Engineer", text) == []


def test_s213_a_rewriter_is_believed_only_where_it_is_faithful(
    encoder: SentenceEncoder, matcher: SkillMatcher
) -> None:
    roles = SentenceRoles.load(TRACKED_ROLES)
    plain = Summarizer(roles, encoder.encode, matcher).summarize("Engineer", POSTING, 2)
    for lie in ("Uses Rust.", "Pays 99k.", "Work in Oslo.", "", "Fully remote."):
        lying = Summarizer(roles, encoder.encode, matcher, Says(lie))
        assert lying.summarize("Engineer", POSTING, 2) == plain
    honest = Summarizer(roles, encoder.encode, matcher, Says("Operate the platform.")).summarize(
        "Engineer", POSTING, 2
    )
    assert [s.text for s in honest] == ["Operate the platform."] * 2
    assert all(s.rewritten for s in honest)
    assert [s.spans for s in honest] == [s.spans for s in plain]


def test_long_sentences_end_at_a_clause(summarizer: Summarizer) -> None:
    text = (
        "You will plan routes, " + "talk to the captains of every ferry in the harbour, " * 8 + "and go home."
    )
    end = shortened(text)
    assert end <= MAX_SENTENCE_CHARS
    assert text[end] == ","
    assert shortened("word" * 100) == MAX_SENTENCE_CHARS
    assert shortened("Short.") == 6


def test_no_role_takes_the_whole_summary() -> None:
    n = 8
    roles = np.zeros((n, len(ROLES)), np.float32)
    roles[:, ROLES.index("must")] = 1.0
    picked = pick(np.linspace(1, 0.5, n).astype(np.float32), np.eye(n, dtype=np.float32), roles, n)
    assert picked == list(range(AT_MOST["must"]))


def test_roles_are_saved_and_loaded_as_they_are(tmp_path: Path, encoder: SentenceEncoder) -> None:
    roles = SentenceRoles.load(TRACKED_ROLES)
    roles.save(tmp_path / "roles")
    again = SentenceRoles.load(tmp_path / "roles")
    parts = passages(POSTING)
    one, other = (r.probabilities(parts, encoder.encode) for r in (roles, again))
    assert np.array_equal(one, other)
    assert np.allclose(one.sum(1), 1, atol=1e-5)
    with pytest.raises(ValueError, match="not for"):
        SentenceRoles(np.zeros((WIDTH, 2), np.float32), np.zeros(2, np.float32))


def test_headings_are_no_neighbours(encoder: SentenceEncoder) -> None:
    """A passage's inputs are the same whether a heading stands above it or not, but for its place."""
    with_heading = passages("We sail.\nRequirements:\nYou know knots well.")
    without = passages("We sail.\nYou know knots well.")
    one = role_inputs(with_heading, encoder.encode)[2].toarray()[0]
    other = role_inputs(without, encoder.encode)[1].toarray()[0]
    different = np.flatnonzero(one != other)
    assert different.tolist() == [3 * 384]


def test_only_what_is_sure_counts() -> None:
    sure = np.full((2, len(ROLES)), 0.02, np.float32)
    sure[0, 1], sure[1, 0] = 0.88, 0.6
    assert best_roles(sure, 0.8) == {0: ROLES[1]}


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=600), st.integers(1, 12))
def test_any_text_is_summarised_within_bounds(summarizer: Summarizer, text: str, count: int) -> None:
    found = summarizer.summarize("Engineer", text, count)
    assert len(found) <= count
    for s in found:
        assert s.text.removesuffix(" …") == text[slice(*s.spans[0])]
