from __future__ import annotations

import pytest

from features.records import UserRecord
from features.skills import SkillMatcher
from features.stuffing import COPIED_WORDS, MAX_LISTED, copied_spans, outside, stuffed_spans
from features.taxonomy import Taxonomy

RESUME = "Experience\nData Engineer, Quillmark, 2019-2024\n- Built pipelines with Python and Airflow"
POSTING = """Data Engineer wanted. We are looking for a Data Engineer in Leeds.

What you bring
- Solid knowledge of Kubernetes
- Experience with Terraform, Kafka and Scala

What we offer
- 30 days of holiday
Apply with a short letter. All backgrounds are welcome."""


def counted(matcher: SkillMatcher, text: str) -> set[str]:
    mentions = matcher.find(text)
    return {m.label for m in outside(mentions, stuffed_spans(text, mentions))}


def test_an_honest_resume_loses_nothing(matcher: SkillMatcher) -> None:
    skills = "Skills\nPython, SQL, Docker, Kubernetes, Terraform, Kafka"
    text = f"{RESUME}\n\n{skills}\n\nI would like to work with you."
    assert stuffed_spans(text, matcher.find(text)) == []


def test_headings_of_a_resume_alone_are_no_posting(matcher: SkillMatcher) -> None:
    payroll = "- Ran payroll" + " and kept the books of a company with three sites" * 9
    lines = ("Core Responsibilities", payroll, "Company Name", "Benefits Administration", "- SQL")
    text = "\n".join(lines * 4)
    assert len(text) > 1_500
    assert stuffed_spans(text, matcher.find(text)) == []


@pytest.mark.parametrize("resume_goes_on", ["", "\n\nEducation\nBSc, 2012"])
def test_a_pasted_posting_is_no_evidence(matcher: SkillMatcher, resume_goes_on: str) -> None:
    text = f"{RESUME}\n\n{POSTING}{resume_goes_on}"
    assert counted(matcher, text) == counted(matcher, RESUME)
    ends = [end for _, end in stuffed_spans(text)]
    assert max(ends) == len(f"{RESUME}\n\n{POSTING}")


@pytest.mark.parametrize(
    "hidden",
    [
        '<span style="color:white">{}</span>',
        '<p style="font-size:0">{}</p>',
        "<!-- {} -->",
        '<div style="display: none">{}</div>',
    ],
)
def test_hidden_markup_is_no_evidence(matcher: SkillMatcher, hidden: str) -> None:
    text = f"{RESUME}\n{hidden.format('Kubernetes and Terraform')}"
    assert counted(matcher, text) == counted(matcher, RESUME)


def test_shown_markup_is(matcher: SkillMatcher) -> None:
    text = f'{RESUME}\n<span style="color:black">Kubernetes and Terraform</span>'
    assert {"Kubernetes", "Terraform"} <= counted(matcher, text)


def test_a_list_without_end_is_no_evidence(taxonomy: Taxonomy, matcher: SkillMatcher) -> None:
    names = [s.label for s in taxonomy.skills if s.type == "technology"][: 2 * MAX_LISTED]
    text = f"{RESUME}\n\n{', '.join(names)}"
    assert len(matcher.find(text)) > MAX_LISTED
    assert counted(matcher, text) == counted(matcher, RESUME)
    few = f"{RESUME}\n\n{', '.join(names[:20])}"
    assert len(counted(matcher, few)) > len(counted(matcher, RESUME))


def test_long_copies_of_the_posting_at_hand_are_found() -> None:
    posting = " ".join(f"word{i}" for i in range(100))
    part = " ".join(f"word{i}" for i in range(20, 20 + COPIED_WORDS + 5))
    text = f"Mine. {part} Mine again."
    assert [text[a:b] for a, b in copied_spans(text, posting)] == [part]
    assert copied_spans("Mine. " + " ".join(part.split()[: COPIED_WORDS - 1]), posting) == []


def test_repeating_a_skill_changes_nothing(matcher: SkillMatcher) -> None:
    user = UserRecord(1, resume_text=RESUME)
    assert counted(matcher, user.resume_text + "\nPython" * 30) == counted(matcher, RESUME)


def test_what_is_repeated_again_and_again_is_no_evidence(matcher: SkillMatcher) -> None:
    """Alone "Routing" is a word; among others in a list it would be taken for a skill."""
    line = "Routing and switching Firewalls Linux Wireless networks BGP"
    assert counted(matcher, f"{RESUME}\n\n" + f"{line}\n\n" * 20) == counted(matcher, RESUME)
    assert counted(matcher, f"{RESUME}\n\n{line}") > counted(matcher, RESUME)
