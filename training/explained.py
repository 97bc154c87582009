"""One pair explained for people who read tables: every row of its ledger, and what a change would bring."""

from __future__ import annotations

from typing import Any

import numpy as np

from features.demands import DEGREES, Demand
from features.edits import applied, edit_for, effort
from features.evidence import Shown
from features.matches import match
from features.records import JobRecord, UserRecord
from features.taxonomy import Taxonomy
from features.transform import FeatureTransform
from models.ledger import Ledger
from training.trust import Pair, Reader


def demand_name(demand: Demand, taxonomy: Taxonomy) -> str:
    if demand.kind == "skill":
        return taxonomy.skills[demand.key].label
    if demand.kind == "years":
        return f"{demand.key} years"
    return DEGREES[demand.key] if demand.kind == "degree" else demand.text


def ledger_rows(ledger: Ledger, user: UserRecord, taxonomy: Taxonomy) -> list[dict[str, Any]]:
    """One entry per row; `cited` quotes the places of the profile that count."""
    out = []
    for row in ledger.rows:
        demand = None if row.match is None else row.match.demand
        cited = () if row.match is None else row.match.shown
        out.append(
            {
                "what": row.kind if demand is None else demand_name(demand, taxonomy),
                "need": "" if demand is None else demand.need,
                "status": row.status,
                "contribution": row.contribution,
                "missed": row.loss,
                "cited": "; ".join(quoted(user, place) for place in cited),
            }
        )
    return out


def quoted(user: UserRecord, place: Shown) -> str:
    """The words at a place of the profile."""
    if place.source == "skills":
        return f"skills: {user.skills[place.start]}"
    if place.source == "profile":
        return f"profile: {user.experience_years:g} years"
    text = user.desired_title if place.source == "title" else user.resume_text
    return f"{place.source}: {text[place.start : place.end]}"


def changes(pair: Pair, reader: Reader, *, most: int = 5) -> list[dict[str, Any]]:
    """The missing demands that would bring most: `fit` now, as the model promises it, and once the profile
    was really changed and read again from nothing."""
    taxonomy, now = reader.transform.taxonomy, reader.logit(pair)
    lost = sorted((r for r in reader.ledger(pair).rows if r.loss > 0 and r.match), key=lambda r: -r.loss)
    out = []
    for row in lost[:most]:
        assert row.match is not None  # noqa: S101
        demand = row.match.demand
        edit = edit_for(demand, demand_name(demand, taxonomy))
        changed = applied(pair.user, edit)
        written = UserRecord(**{name: getattr(changed, name) for name in UserRecord.__slots__})
        after = reader.edited(pair, written)
        out.append(
            {
                "change": f"{edit.kind}: {edit.value}",
                "effort": effort(edit, taxonomy.skills[demand.key].type if demand.kind == "skill" else ""),
                "fit now": _probability(now),
                "fit promised": _probability(now + row.loss),
                "fit after the change": _probability(reader.logit(after)),
                "demands met by it": sum(m.met for m in match(after.demands, after.evidence))
                - sum(m.met for m in match(pair.demands, pair.evidence)),
            }
        )
    return out


def most_telling(pairs: list[Pair], reader: Reader) -> Pair:
    """The pair whose ledger has most rows that are met, of those that also miss something."""

    def telling(pair: Pair) -> tuple[bool, int]:
        status = [row.status for row in reader.ledger(pair).rows]
        return "missing" in status, status.count("met")

    return max(pairs, key=telling)


def _probability(logit: float) -> float:
    return float(1.0 / (1.0 + np.exp(-logit)))


def demand_rows(job: JobRecord, transform: FeatureTransform) -> list[dict[str, Any]]:
    """What a posting asks for, with the words that ask."""
    return [
        {
            "what": demand_name(demand, transform.taxonomy),
            "kind": demand.kind,
            "need": demand.need,
            "part": demand.part,
            "words": asking_words(job, demand),
        }
        for demand in transform.demands(job)
    ]


def asking_words(job: JobRecord, demand: Demand) -> str:
    if demand.part == "skills":
        return job.skills[demand.start]
    return (job.title if demand.part == "title" else job.description)[demand.start : demand.end]
