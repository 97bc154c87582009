"""SQL of what stands beside a posting: place, tags, requirements, summaries, and what is like it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Row, String, bindparam, delete, insert, literal, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.job.simhash import NEAR
from app.orm import Job, JobSummaryText, SkillRequirement, Tag, job_tag

# The label says best what a name means; an alias may be shared, and then names nothing for certain.
_TERMS = text("""
SELECT DISTINCT ON (wanted.key) wanted.key, t.id
FROM unnest(CAST(:keys AS text[])) AS wanted(key)
JOIN skill_term t ON t.label_key = wanted.key OR t.alias_keys @> ARRAY[wanted.key]
ORDER BY wanted.key, (t.label_key = wanted.key) DESC, t.id
""")
_TRAITS = text("""
SELECT skill_keys::text AS skills, plainto_tsquery('english', title)::text AS words, company_id, location_id
FROM job WHERE id = :job_id
""")
_NEWEST = "ORDER BY posted_at DESC LIMIT 150"
_COLUMNS = "SELECT id, posted_at, skill_keys, company_id, location_id, search_vector FROM job"
# The traits stand in the statement itself. As parameters they would be unknown to the planner, and whether
# a word is rare or in every other title decides between two plans that are a hundredfold apart. (How many
# titles have all the words is guessed badly, so that is not asked for.)
_SIMILAR = text(f"""
WITH candidate AS (
  ({_COLUMNS} WHERE status = 'active' AND skill_keys && CAST(:keys AS text[]) {_NEWEST})
  UNION
  ({_COLUMNS} WHERE status = 'active' AND search_vector @@ CAST(:any_word AS tsquery) {_NEWEST})
)
SELECT id FROM candidate
ORDER BY (SELECT count(*) FROM unnest(CAST(:keys AS text[])) AS key WHERE key = ANY(skill_keys))
           / greatest(cardinality(CAST(:keys AS text[])), 1)::float8
         + coalesce(ts_rank(search_vector, CAST(:any_word AS tsquery), 1), 0)
         + .2 * (company_id = :company_id)::int + .2 * coalesce((location_id = :location_id)::int, 0) DESC,
  posted_at DESC, id DESC
LIMIT :limit
""").bindparams(  # noqa: S608 - the inserted texts are the constants above
    *(bindparam(name, type_=String(), literal_execute=True) for name in ("keys", "any_word")),
    bindparam("location_id", type_=BigInteger()),
)

# The same company, title and place, and nearly the same text. Among several, the group it is in already.
_REGROUP = text("""
UPDATE job SET repost_group = coalesce((
  SELECT o.repost_group FROM job o
  WHERE o.company_id = job.company_id AND lower(o.title) = lower(job.title)
    AND lower(o.location) = lower(job.location) AND o.id <> job.id AND o.repost_group IS NOT NULL
    AND bit_count((o.simhash # job.simhash)::bit(64)) <= :near
  ORDER BY (o.repost_group IS NOT DISTINCT FROM job.repost_group) DESC, o.id LIMIT 1
), nextval('repost_group_seq')) WHERE id = :id
""")
#: First key of the advisory locks under which postings of one company are grouped ("rept" in ASCII).
_GROUP_LOCK = 0x72657074


async def requirements(session: AsyncSession, job_id: int) -> Sequence[SkillRequirement]:
    query = select(SkillRequirement).where(SkillRequirement.job_id == job_id).order_by(SkillRequirement.id)
    return (await session.scalars(query)).all()


async def replace_requirements(session: AsyncSession, job_id: int, rows: Sequence[dict[str, Any]]) -> None:
    """What the employer states replaces everything that was known; rows have distinct `name_key`s."""
    await session.execute(delete(SkillRequirement).where(SkillRequirement.job_id == job_id))
    if not rows:
        return
    keys = [row["name_key"] for row in rows]
    terms: dict[str, int] = {row.key: row.id for row in await session.execute(_TERMS, {"keys": keys})}
    await session.execute(
        insert(SkillRequirement),
        [row | {"job_id": job_id, "term_id": terms.get(row["name_key"])} for row in rows],
    )


async def replace_tags(session: AsyncSession, job_id: int, slugs: Sequence[str]) -> None:
    """Makes the tags that are new. In order of name, so that two writers do not wait for each other."""
    await session.execute(delete(job_tag).where(job_tag.c.job_id == job_id))
    wanted = sorted(set(slugs))
    if not wanted:
        return
    made = upsert(Tag).values([{"slug": slug, "name": slug.replace("-", " ")} for slug in wanted])
    await session.execute(made.on_conflict_do_nothing())
    chosen = select(literal(job_id), Tag.id).where(Tag.slug.in_(wanted))
    await session.execute(insert(job_tag).from_select(["job_id", "tag_id"], chosen))


async def summary(session: AsyncSession, job: Job) -> JobSummaryText | None:
    """The newest summary of the content the posting has now."""
    query = (
        select(JobSummaryText)
        .where(JobSummaryText.job_id == job.id, JobSummaryText.content_hash == job.content_hash)
        .order_by(JobSummaryText.id.desc())
        .limit(1)
    )
    return await session.scalar(query)


async def similar_ids(session: AsyncSession, job_id: int, limit: int) -> list[int]:
    """Active postings that share skills or words of the title, likest first."""
    traits = (await session.execute(_TRAITS, {"job_id": job_id})).one()
    values = {
        "keys": traits.skills,
        "any_word": traits.words.replace(" & ", " | "),
        "company_id": traits.company_id,
        "location_id": traits.location_id,
        "limit": limit,
    }
    return list((await session.scalars(_SIMILAR, values)).all())


async def not_annotated(session: AsyncSession, limit: int) -> Sequence[Row[Any]]:
    """Postings whose place, simhash and group are not those of their present content, locked."""
    query = text(
        "SELECT id, company_id, title, description, location, content_hash FROM job "
        "WHERE annotated_hash IS DISTINCT FROM content_hash OR repost_group IS NULL "
        "ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED"
    )
    return (await session.execute(query, {"limit": limit})).all()


async def annotate(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Writes what was found. Not a change of the posting: `updated_at` stays."""
    statement = text(
        "UPDATE job SET location_id = :location_id, simhash = :simhash, annotated_hash = :content_hash "
        "WHERE id = :id"
    )
    await session.execute(statement, list(rows))


async def regroup(session: AsyncSession, jobs: Sequence[tuple[int, int]]) -> None:
    """(posting, company): finds for each annotated posting whose repost it is, or gives it its own group.

    One after another within a company: of two that are published at once, the later finds the earlier.
    Not a change of the posting either.
    """
    keys = sorted({company_id % 2147483647 for _, company_id in jobs})
    lock = text("SELECT pg_advisory_xact_lock(:lock, CAST(:key AS int))")
    for key in keys:
        await session.execute(lock, {"lock": _GROUP_LOCK, "key": key})
    for job_id, _ in jobs:
        await session.execute(_REGROUP, {"id": job_id, "near": NEAR})
