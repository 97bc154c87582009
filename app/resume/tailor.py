"""A resume for one posting: selects, reorders and shortens what is there, and cites where it stands.

Decides only which items of which lists and which sentences of which texts are kept, in what order (a `Plan`);
carrying it out copies, so there is no place where a word could be made up. `provenance` checks it anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from app.resume import provenance
from app.resume.document import Document
from app.resume.pointers import child, leaves
from app.resume.provenance import Cited
from app.resume.ranking import Ranker, Wanted
from app.resume.sentences import joined, sentences

Json = dict[str, Any]
#: Bullets of the first, second, ... job; of all later ones the last number.
BULLETS = (6, 5, 4, 3)
PROJECTS, COURSES, PROJECT_BULLETS = 4, 8, 3
SUMMARY_SENTENCES, ENTRY_SENTENCES = 4, 3
#: Skills that the posting does not ask for are left out beyond so many.
SKILLS = 40


class InventedError(Exception):
    """A tailored resume says what its source does not. Never shown: it means the code is wrong."""


@dataclass(frozen=True, slots=True)
class Tailored:
    """`matched` and `missing` are the posting's skills that the resume names and does not name."""

    document: Document
    matched: list[str]
    missing: list[str]


@dataclass(slots=True)
class Plan:
    """Pointer of a list -> numbers of the items to keep, in their new order; pointer of a text -> numbers of
    the sentences to keep. What is not mentioned is kept as it is."""

    items: dict[str, list[int]] = field(default_factory=dict)
    sentences: dict[str, list[int]] = field(default_factory=dict)


def tailor(document: Document, wanted: Wanted) -> Tailored:
    """Raises InventedError."""
    data = document.json_data()
    hidden = frozenset(document.x_jobpilot.hidden)
    visible = {name: value for name, value in data.items() if name not in provenance.APART}
    copy, origins = carry_out(visible, make_plan(visible, wanted), hidden)
    wrong = provenance.problems(data, copy, origins, hidden)
    if wrong:
        raise InventedError("; ".join(wrong[:5]))
    listed = [
        {"path": path, "source": cited.source, "sentences": list(cited.sentences)}
        for path, cited in origins.items()
    ]
    stated = "\n".join(str(value) for _, value in leaves(copy))
    matched = wanted.named_in(stated)
    return Tailored(
        Document.model_validate({**copy, "x-jobpilot": {"origins": listed}}),
        matched,
        [skill for skill in wanted.skills if skill not in matched],
    )


def carry_out(data: Json, plan: Plan, hidden: frozenset[str] = frozenset()) -> tuple[Json, dict[str, Cited]]:
    """The copy, and where each of its texts comes from."""
    origins: dict[str, Cited] = {}

    def copied(value: Any, given: str, made: str) -> Any:
        if isinstance(value, dict):
            names = [name for name in value if child(given, name) not in hidden]
            inside = {name: copied(value[name], child(given, name), child(made, name)) for name in names}
            return {name: item for name, item in inside.items() if item not in ("", [], {})}
        if isinstance(value, list):
            numbers = plan.items.get(given, range(len(value)))
            kept = [number for number in numbers if child(given, number) not in hidden]
            return [copied(value[n], child(given, n), child(made, at)) for at, n in enumerate(kept)]
        kept_sentences = plan.sentences.get(given)
        if kept_sentences is None:
            origins[made] = Cited(given)
            return value
        if not kept_sentences:
            return ""
        origins[made] = Cited(given, tuple(kept_sentences))
        found = sentences(value)
        return joined(found[number] for number in kept_sentences)

    result: Json = copied(data, "", "")
    return result, origins


def make_plan(data: Json, wanted: Wanted) -> Plan:
    ranker = Ranker(wanted, [text for _, text in leaves(data)])
    plan = Plan()
    basics = data.get("basics", {})
    _shorten(plan, ranker, "/basics/summary", basics.get("summary", ""), SUMMARY_SENTENCES)
    for section in ("work", "volunteer", "projects"):
        for number, entry in enumerate(data.get(section, [])):
            at = f"/{section}/{number}"
            most = PROJECT_BULLETS if section == "projects" else BULLETS[min(number, len(BULLETS) - 1)]
            plan.items[f"{at}/highlights"] = _best(ranker, entry.get("highlights", []), most)
            for name in ("summary", "description"):
                _shorten(plan, ranker, f"{at}/{name}", entry.get(name, ""), ENTRY_SENTENCES)
    for number, entry in enumerate(data.get("education", [])):
        plan.items[f"/education/{number}/courses"] = _best(ranker, entry.get("courses", []), COURSES)
    plan.items["/projects"] = _best(ranker, list(map(_said, data.get("projects", []))), PROJECTS)
    for section in ("certificates", "awards", "publications", "interests"):
        plan.items[f"/{section}"] = _best(ranker, list(map(_said, data.get(section, []))))
    _skills(plan, ranker, data.get("skills", []))
    return plan


def _said(entry: Json) -> str:
    return "\n".join(str(value) for _, value in leaves(entry))


def _best(ranker: Ranker, texts: list[str], most: int | None = None) -> list[int]:
    """Numbers of the texts, the most relevant first; what is equally relevant stays in order."""
    return _ordered(range(len(texts)), lambda number: ranker.score(texts[number]))[:most]


def _ordered(numbers: Iterable[int], score: Callable[[int], float]) -> list[int]:
    return sorted(numbers, key=lambda number: -score(number))


def _shorten(plan: Plan, ranker: Ranker, pointer: str, text: str, most: int) -> None:
    """Keeps the first sentence, which says what the others are about, and the most relevant ones."""
    found = [sentence.text for sentence in sentences(text)]
    if len(found) > most:
        best = _best(ranker, found[1:], most - 1)
        plan.sentences[pointer] = [0, *sorted(number + 1 for number in best)]


def _skills(plan: Plan, ranker: Ranker, groups: list[Json]) -> None:
    """Groups and what is in them by relevance; of those nobody asked for, only as many as there is room."""
    scores = [ranker.score(_said(group)) for group in groups]
    plan.items["/skills"] = _ordered(range(len(groups)), lambda number: scores[number])
    room = SKILLS - sum(_asked(ranker, group) for group in groups)
    dropped = []
    for number in plan.items["/skills"]:
        keywords = groups[number].get("keywords", [])
        kept = []
        for item in _best(ranker, keywords):
            asked = ranker.score(keywords[item]) > 0
            if asked or room > 0:
                kept.append(item)
                room -= not asked
        plan.items[f"/skills/{number}/keywords"] = kept
        if keywords and not kept:
            dropped.append(number)
    plan.items["/skills"] = [number for number in plan.items["/skills"] if number not in dropped]


def _asked(ranker: Ranker, group: Json) -> int:
    return sum(ranker.score(keyword) > 0 for keyword in group.get("keywords", []))
