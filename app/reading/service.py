"""Summaries and requirements of postings: what is stored is shown, what is missing is made and stored."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import release
from app.errors import InvalidInputError, MatchingUnavailableError, NotFoundError
from app.job import push
from app.job import service as jobs
from app.kit.clock import utcnow
from app.orm import Job, JobFacts, JobSummaryText
from app.reading import repository
from app.reading.places import Places
from app.reading.schemas import (
    BatchAnswer,
    BatchItem,
    RequirementLine,
    RequirementsAnswer,
    SummaryAnswer,
    SummaryLine,
)
from serving.client import ServingClient, ServingError, ServingRejectedError
from serving.language_schemas import (
    PostingFacts,
    ReadPostingsRequest,
    SummarizeRequest,
    Summary,
    SummarySentence,
)
from serving.schemas import JobDocument

#: Postings per call: a call of sixteen takes about two seconds, and nobody's batch waits long for another.
AT_ONCE = 16
TOO_SHORT = "the posting says too little to be shortened"
UNREADABLE = "the posting cannot be read"


async def summary(session: AsyncSession, serving: ServingClient, reference: str) -> SummaryAnswer:
    """Raises NotFoundError and GoneError as the posting itself does, and MatchingUnavailableError."""
    job, _ = await jobs.read(session, reference, None)
    known = (await repository.stored_summaries(session, [job.id])).get(job.id)
    if known and known[1]:
        return summary_answer(job, known[1])
    documents = await _documents(session, [job.id])
    await release(session)
    made, version = await _ask(serving, [d for d, _ in documents])
    if not made:
        raise InvalidInputError(UNREADABLE)
    if made[0].sentences and job.content_hash:
        await repository.store_summary(session, job.id, _row(made[0], version, job.content_hash))
    return _answer(job, made[0].sentences, version)


async def requirements(session: AsyncSession, serving: ServingClient, reference: str) -> RequirementsAnswer:
    """S-214. Raises as `summary` does."""
    job, _ = await jobs.read(session, reference, None)
    known = await repository.facts(session, job.id)
    if known is None or known.content_hash != job.content_hash:
        known = await _read_now(session, serving, job)
    found, places = PostingFacts.model_validate(known.facts), Places(job)
    return RequirementsAnswer(
        job_id=job.public_id,
        requirements=[_line(r, places) for r in found.requirements],
        occupation=found.occupation,
        skills=list(found.skills),
        model_version=known.reader,
        read_at=known.read_at,
    )


async def read_unread(session: AsyncSession, serving: ServingClient, limit: int = AT_ONCE) -> int:
    """Reads the next postings and stores what they say. Returns how many were taken. Raises ServingError."""
    ids = await repository.unread(session, limit)
    documents = await _documents(session, ids)
    await _store_facts(session, serving, documents)
    return len(ids)


# -- batches -------------------------------------------------------------------------------------------


async def start_batch(
    session: AsyncSession, user_id: int, public_ids: Sequence[uuid.UUID]
) -> tuple[int, uuid.UUID, list[uuid.UUID], bool]:
    """(batch, its public id, ids that are no active posting, whether all is done already).

    Raises NotFoundError if no posting is known.
    """
    known = await jobs.ids_by_public_id(session, set(public_ids), active_only=True)
    ordered = [known[p] for p in dict.fromkeys(public_ids) if p in known]
    if not ordered:
        raise NotFoundError("none of these postings is open")
    batch = await repository.create_batch(session, user_id, ordered)
    stored = await repository.stored_summaries(session, ordered)
    ready = [job_id for job_id, (_, row) in stored.items() if row]
    await repository.settle(session, batch.id, ready)
    unknown = [p for p in dict.fromkeys(public_ids) if p not in known]
    return batch.id, batch.public_id, unknown, len(ready) == len(ordered)


async def batch_answer(session: AsyncSession, user_id: int, public_id: uuid.UUID) -> BatchAnswer:
    """Raises NotFoundError for a batch of somebody else."""
    batch = await repository.batch(session, user_id, public_id)
    if batch is None:
        raise NotFoundError("no such batch")
    items = await repository.items(session, batch.id)
    stored = await repository.stored_summaries(session, [item.job_id for item in items])
    results = []
    for item in items:
        job, row = stored[item.job_id]
        shown = summary_answer(job, row) if row and item.status == "done" else None
        results.append(BatchItem(job_id=job.public_id, status=item.status, error=item.error, summary=shown))
    running = any(item.status == "pending" for item in items)
    return BatchAnswer(
        id=batch.public_id,
        status="running" if running else "done",
        href=f"/api/v2/jobs/batch-summarize/{batch.public_id}/",
        results=results,
    )


async def summarize_pending(session: AsyncSession, serving: ServingClient, batch_id: int) -> int:
    """Takes the next postings of a batch; returns how many. Raises ServingError: then they stay pending."""
    ids = await repository.pending(session, batch_id, AT_ONCE)
    if not ids:
        return 0
    documents = {document.job_id: (document, digest) for document, digest in await _documents(session, ids)}
    made, version = await _summaries(serving, [document for document, _ in documents.values()])
    written = {summary.job_id: summary for summary in made}
    for job_id in ids:
        summary, digest = written.get(job_id), documents.get(job_id, (None, ""))[1]
        if summary is None or not digest:
            await repository.settle(session, batch_id, [job_id], UNREADABLE)
        elif not summary.sentences:
            await repository.settle(session, batch_id, [job_id], TOO_SHORT)
        else:
            await repository.store_summary(session, job_id, _row(summary, version, digest))
            await repository.settle(session, batch_id, [job_id])
    return len(ids)


# -- helpers -------------------------------------------------------------------------------------------


def summary_answer(job: Job, row: JobSummaryText) -> SummaryAnswer:
    sentences = [SummarySentence.model_validate(raw) for raw in row.sentences]
    return _answer(job, sentences, row.model_version).model_copy(update={"created_at": row.created_at})


def _answer(job: Job, sentences: Sequence[SummarySentence], version: str) -> SummaryAnswer:
    places = Places(job)
    return SummaryAnswer(
        job_id=job.public_id,
        sentences=[
            SummaryLine(
                text=s.text,
                role=s.role,
                sources=places.sources([(span.start, span.end) for span in s.spans]),
                rewritten=s.rewritten,
            )
            for s in sentences
        ],
        model_version=version,
        created_at=utcnow(),
    )


def _line(fact: Any, places: Places) -> RequirementLine:
    return RequirementLine(
        **fact.model_dump(include={"rank", "need", "text", "years_min", "years_max", "degree"}),
        source=places.sources([(fact.start, fact.end)])[0],
        decided_by="posting" if fact.source == "stated" else "model",
        skills=list(dict.fromkeys(s.label for s in fact.skills)),
        certificates=list(fact.certificates),
        languages=list(fact.languages),
    )


def _row(summary: Summary, version: str, content_hash: str) -> dict[str, Any]:
    return {
        "model_version": version,
        "content_hash": content_hash,
        "summary": " ".join(s.text for s in summary.sentences)[:4000],
        "sentences": [s.model_dump(mode="json") for s in summary.sentences],
    }


async def _documents(session: AsyncSession, job_ids: Sequence[int]) -> list[tuple[JobDocument, str]]:
    """What the models read of each posting, and the content hash it had; unreadable rows are left out."""
    rows: Sequence[RowMapping] = await jobs.records(session, job_ids)
    stored = await repository.stored_summaries(session, job_ids)
    made = [(push.document(row), stored[row["job_id"]][0].content_hash or "") for row in rows]
    return [(document, digest) for document, digest in made if document]


async def _ask(serving: ServingClient, documents: Sequence[JobDocument]) -> tuple[Sequence[Summary], str]:
    """For a person who waits. Raises MatchingUnavailableError."""
    try:
        return await _summaries(serving, documents)
    except ServingError:
        raise MatchingUnavailableError("summaries cannot be written at the moment", retry_after_s=5) from None


async def _summaries(
    serving: ServingClient, documents: Sequence[JobDocument]
) -> tuple[Sequence[Summary], str]:
    """Raises ServingError, except where the postings themselves were refused: then there are none."""
    if not documents:
        return (), ""
    try:
        answer = await serving.summarize(SummarizeRequest(postings=tuple(documents)))
    except ServingRejectedError:
        return (), ""
    return answer.summaries, answer.reader


async def _read_now(session: AsyncSession, serving: ServingClient, job: Job) -> JobFacts:
    documents = await _documents(session, [job.id])
    await release(session)
    try:
        await _store_facts(session, serving, documents)
    except ServingError:
        raise MatchingUnavailableError("postings cannot be read at the moment", retry_after_s=5) from None
    found = await repository.facts(session, job.id)
    if found is None:
        raise InvalidInputError(UNREADABLE)
    return found


async def _store_facts(
    session: AsyncSession, serving: ServingClient, documents: Sequence[tuple[JobDocument, str]]
) -> None:
    if not documents:
        return
    answer = await serving.read_postings(ReadPostingsRequest(postings=tuple(d for d, _ in documents)))
    digests = {document.job_id: digest for document, digest in documents}
    rows = [
        {
            "job_id": found.job_id,
            "content_hash": digests[found.job_id],
            "reader": answer.reader,
            "facts": found.model_dump(mode="json"),
        }
        for found in answer.postings
    ]
    if rows:
        await repository.store_facts(session, rows)
        for found in answer.postings:
            await repository.store_requirements(session, found.job_id, _skill_rows(found))


def _skill_rows(found: PostingFacts) -> str:
    """Skills of the requirements as JSON: the first mention decides need and years."""
    rows: dict[str, dict[str, Any]] = {}
    for requirement in found.requirements:
        for skill in requirement.skills:
            if skill.skill_id:
                rows.setdefault(
                    skill.label.lower(),
                    {
                        "name": skill.label,
                        "skill_id": skill.skill_id,
                        "need": requirement.need,
                        "years": requirement.years_min,
                    },
                )
    return json.dumps(list(rows.values())[:50])
