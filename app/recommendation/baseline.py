"""The fallback ranking: what PostgreSQL alone can say when the matching service is silent.

score = .5 x share of the seeker's skills the posting names + .2 x place + .2 x 2^(-age / 30 days)
      + .1 x n / (n + 10), where n = saves + applications.
Skills are matched as tags, or as phrases in the text of a posting that has no tags.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.recommendation.schemas import RecommendationQuery
from serving.schemas import UserDocument

#: What every version of it is named by; its scores are an order and no probabilities.
FAMILY = "postgres-baseline-"
RELEASE_ID = f"{FAMILY}2"
#: Candidates looked at: the newest that name a skill, and the newest of all so that nobody gets nothing.
WITH_SKILL, NEWEST = 500, 200
#: Skills beyond these would only lengthen the query.
MAX_SKILLS = 30

_FILTERS = """
  status = 'active' AND NOT id = ANY(CAST(:exclude AS bigint[]))
  AND (cardinality(CAST(:remote AS text[])) = 0 OR remote_option = ANY(:remote))
  AND (cardinality(CAST(:job_types AS text[])) = 0 OR job_type = ANY(:job_types))
  AND (CAST(:salary_min AS float8) IS NULL
       OR coalesce(annual_salary_max, annual_salary_min) >= CAST(:salary_min AS numeric))
  AND (:near = '' OR location ILIKE :near_pattern)
"""
_COLUMNS = "id, location, remote_option, posted_at, skill_keys, search_vector"
_NAMES_A_SKILL = """
  (skill_keys && CAST(:keys AS text[]) OR search_vector @@ websearch_to_tsquery('english', :any_skill))
"""
_QUERY = text(f"""
WITH wanted AS (
  SELECT lower(name) AS key, phraseto_tsquery('english', name) AS phrase
  FROM unnest(CAST(:skills AS text[])) AS name
), candidate AS (
  (SELECT {_COLUMNS} FROM job WHERE {_NAMES_A_SKILL} AND {_FILTERS} ORDER BY posted_at DESC LIMIT :with_skill)
  UNION ALL
  (SELECT {_COLUMNS} FROM job WHERE {_FILTERS} ORDER BY posted_at DESC LIMIT :newest)
), scored AS (
  SELECT DISTINCT ON (id) id, posted_at,
    .5 * coalesce((
      SELECT avg((key = ANY(skill_keys) OR (cardinality(skill_keys) = 0 AND search_vector @@ phrase))::int)
      FROM wanted), 0)
    + .2 * (:place <> '' AND location ILIKE :place_pattern
            OR remote_option = 'remote' AND CAST(:likes_remote AS boolean))::int
    + .2 * power(.5, greatest(extract(epoch FROM now() - posted_at), 0) / (30 * 86400.0))
    + .1 * coalesce((SELECT (save_count + application_count) / (save_count + application_count + 10.0)
                     FROM job_counter WHERE job_id = id), 0) AS score
  FROM candidate ORDER BY id
)
SELECT id, least(greatest(score, 0), 1)::float8 AS score FROM scored
ORDER BY score DESC, posted_at DESC, id DESC LIMIT :limit
""")  # noqa: S608 - the inserted text is the constant above


@dataclass(frozen=True, slots=True)
class Candidate:
    job_id: int
    score: float


async def recommend(
    session: AsyncSession,
    user: UserDocument,
    query: RecommendationQuery,
    exclude: Collection[int],
    limit: int,
) -> list[Candidate]:
    """The best active postings, best first. Distances are unknown here: `near` matches the place's name."""
    rows = await session.execute(_QUERY, _parameters(user, query, exclude, limit))
    return [Candidate(job_id=row.id, score=row.score) for row in rows]


def _parameters(
    user: UserDocument, query: RecommendationQuery, exclude: Collection[int], limit: int
) -> dict[str, Any]:
    skills = list(user.skills[:MAX_SKILLS])
    place = user.location.partition(",")[0].strip()
    return {
        "skills": skills,
        "keys": [skill.lower() for skill in skills],
        "any_skill": " or ".join('"' + skill.replace('"', " ") + '"' for skill in skills),
        "exclude": list(exclude),
        "remote": list(query.remote),
        "job_types": list(query.job_type),
        "salary_min": query.salary_min,
        "near": query.near,
        "near_pattern": _pattern(query.near.partition(",")[0]),
        "place": place,
        "place_pattern": _pattern(place),
        "likes_remote": user.remote in ("remote", "unspecified"),
        "with_skill": WITH_SKILL,
        "newest": NEWEST,
        "limit": limit,
    }


def _pattern(name: str) -> str:
    """ILIKE pattern that finds `name` anywhere, with nothing in it taken for a wildcard."""
    escaped = name.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
