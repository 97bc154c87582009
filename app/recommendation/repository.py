"""SQL of recommendations. A page costs two statements: what is known of the seeker, and what is shown.

Both run once per request on the busiest route, so each gathers what would else be four round trips.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.event.tasks import WIRE_KINDS
from app.job.repository import SUMMARY
from serving.schemas import HistoryItem, UserDocument

#: The newest events sent along, and how many events and impressions are looked at for what not to show.
HISTORY = 100
EXCLUDE_EVENTS = 2000
#: Of the companies a seeker hides the newest postings are named to the serving layer, so that its answer is
#: full without them; what is beyond, or newer than the question, is dropped when the answer is shown.
EXCLUDE_OF_COMPANIES = 2000
EXCLUDE_IMPRESSIONS = 2000

_RECORD = tuple(UserDocument.model_fields.keys() - {"history"})
_KNOWN = text(f"""
SELECT {", ".join(_RECORD)},
  ARRAY(SELECT jsonb_build_array(job_id, kind, at) FROM event
        WHERE user_id = :user_id AND kind = ANY(:kinds)
          AND NOT (SELECT profiling_opt_out FROM user_profile WHERE user_id = :user_id)
        ORDER BY at DESC LIMIT :history) AS newest,
  ARRAY(SELECT job_id FROM (SELECT job_id FROM event WHERE user_id = :user_id AND kind = ANY(:hiding)
                            ORDER BY at DESC LIMIT :events) AS e
        UNION
        SELECT job_id FROM (SELECT job_id FROM impression WHERE :seen_too AND user_id = :user_id
                            ORDER BY at DESC LIMIT :impressions) AS i
        UNION
        SELECT id FROM (SELECT j.id FROM hidden_company h JOIN job j ON j.company_id = h.company_id
                        WHERE h.user_id = :user_id AND j.status = 'active'
                        ORDER BY j.posted_at DESC LIMIT :of_companies) AS c) AS hidden
FROM user_record WHERE user_id = :user_id
""")  # noqa: S608 - the inserted names are fields of a class of ours
_SHOW = text(f"""
WITH ranked AS (
  SELECT (item->>0)::bigint AS job_id, (item->>1)::float8 AS score, (item->>2)::float8 AS propensity,
    item->>3 AS release_id, place
  FROM jsonb_array_elements(CAST(:ranked AS jsonb)) WITH ORDINALITY AS given(item, place)
  -- an impression lost in a crash of the whole machine costs training one row; waiting for the disk costs
  -- every page a millisecond
  WHERE set_config('synchronous_commit', 'off', true) IS NOT NULL
), shown AS (
  SELECT r.*, row_number() OVER (ORDER BY r.place)::int AS rank
  FROM ranked r JOIN job j ON j.id = r.job_id WHERE j.status = 'active'
    AND NOT EXISTS (SELECT FROM hidden_company h WHERE h.user_id = :user_id AND h.company_id = j.company_id)
  ORDER BY r.place LIMIT :limit
), logged AS (
  INSERT INTO impression (request_id, user_id, job_id, rank, score, propensity, release_id)
  SELECT :request_id, :user_id, job_id, rank, score, propensity, release_id FROM shown
)
SELECT {SUMMARY}
FROM shown s JOIN job j ON j.id = s.job_id JOIN company c ON c.id = j.company_id ORDER BY s.rank
""")  # noqa: S608 - the inserted text is a constant


@dataclass(frozen=True, slots=True)
class Ranked:
    job_id: int
    score: float
    propensity: float
    release_id: str = ""


async def known(
    session: AsyncSession, user_id: int, *, seen_too: bool = False
) -> tuple[UserDocument, list[int]]:
    """The seeker as the serving layer sees them, newest event last, and postings not to show.

    Those are the dismissed, applied to and of hidden companies; with `seen_too` also those opened, saved or
    shown before. Who objected to profiling has no history: what they state is all a model is told.
    """
    parameters = {
        "user_id": user_id,
        "kinds": list(WIRE_KINDS),
        "history": HISTORY,
        "hiding": ["dismiss", "apply", *(["view", "click", "save"] if seen_too else [])],
        "events": EXCLUDE_EVENTS,
        "seen_too": seen_too,
        "impressions": EXCLUDE_IMPRESSIONS,
        "of_companies": EXCLUDE_OF_COMPANIES,
    }
    row = (await session.execute(_KNOWN, parameters)).one()
    history = tuple(
        HistoryItem(job_id=job_id, kind=WIRE_KINDS[kind], at=at) for job_id, kind, at in reversed(row.newest)
    )
    fields = {name: getattr(row, name) for name in _RECORD}
    return UserDocument(**fields, history=history), sorted(row.hidden)


async def show(
    session: AsyncSession,
    user_id: int,
    ranked: Sequence[Ranked],
    *,
    limit: int,
    request_id: uuid.UUID,
    release_id: str,
) -> Sequence[Row[tuple[object, ...]]]:
    """The first `limit` of `ranked` that are active, as rows for `JobSummary.of_row`, logged as impressions.

    Choosing and logging are one statement: nothing is shown unlogged, and nothing logged was not shown.
    """
    parameters = {
        # one text: psycopg writes arrays element by element in Python
        "ranked": json.dumps(
            [(item.job_id, item.score, item.propensity, item.release_id or release_id) for item in ranked]
        ),
        "limit": limit,
        "request_id": request_id,
        "user_id": user_id,
    }
    return (await session.execute(_SHOW, parameters)).all()
