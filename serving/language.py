"""Text read for people: resumes, postings, skills, summaries. A plain class; the service makes it an API.

The models come with the release that answers and are loaded when they are first needed, or by `warm`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from features.resume.parse import Parser
from features.resume.records import ParsedResume
from models.language import LanguageModels, PostingReading, SkillFound
from models.rewriter import LocalRewriter
from serving import mapping
from serving.engine import Engine
from serving.errors import PartMissingError
from serving.language_schemas import (
    FindSkillsRequest,
    FindSkillsResponse,
    OccupationFact,
    PostingFacts,
    ReadNotice,
    ReadPostingsRequest,
    ReadPostingsResponse,
    ReadResumeRequest,
    ReadResumeResponse,
    RequirementFact,
    SkillEvidence,
    Span,
    StandardizeRequest,
    StandardizeResponse,
    StandardSkill,
    SummarizeRequest,
    SummarizeResponse,
    Summary,
    SummarySentence,
)

log = logging.getLogger(__name__)


class LanguageDesk:
    """Thread-safe. One per worker; `rewriter` is a local folder of a sequence-to-sequence model, or None."""

    def __init__(self, *, max_children: int = 2, rewriter: Path | None = None) -> None:
        self._max_children = max_children
        self._rewriter_folder = rewriter
        self._rewriter: LocalRewriter | None = None
        self._parser: Parser | None = None
        self._models: tuple[str, LanguageModels] | None = None
        self._loading = threading.Lock()

    def warm(self, engine: Engine) -> None:
        """Loads, beside everything else, what the first request would otherwise wait for."""
        threading.Thread(target=self._warm, args=(engine,), name="language", daemon=True).start()

    def _warm(self, engine: Engine) -> None:
        try:
            self.models(engine)
        except Exception:  # the next request that needs them says so to whoever asks
            log.exception("the language models of release %s do not load", engine.release.release_id)

    def models(self, engine: Engine) -> LanguageModels:
        """Those of the engine's release; the release before them goes when nobody uses it any more."""
        held = self._models
        release_id = engine.release.release_id
        if held is None or held[0] != release_id:
            with self._loading:
                held = self._models
                if held is None or held[0] != release_id:
                    held = self._models = (release_id, self._load(engine))
        return held[1]

    def _load(self, engine: Engine) -> LanguageModels:
        if self._rewriter_folder is not None and self._rewriter is None:
            self._rewriter = LocalRewriter(self._rewriter_folder)
        release = engine.release
        models = LanguageModels.load(
            release.language_path, release.language_files, engine.bundle, self._rewriter
        )
        log.info("reads text with %s of release %s", models.version, release.release_id)
        return models

    def _parser_of(self, engine: Engine) -> Parser:
        with self._loading:
            if self._parser is None:
                gazetteer = engine.bundle.transform.gazetteer
                self._parser = Parser(max_children=self._max_children, gazetteer=gazetteer)
            return self._parser

    # -- resumes -------------------------------------------------------------------------------------

    def read_resume(self, engine: Engine, request: ReadResumeRequest) -> ReadResumeResponse:
        """Raises ResumeError for a file that cannot be read; its `code` says why."""
        parser, models = self._parser_of(engine), self.models(engine)
        if request.data is not None:
            parsed = parser.parse(request.data, request.filename)
        else:
            parsed = parser.parse_text(request.text)
        text = parsed.model_text()
        (skills,) = models.find_skills([text])
        return ReadResumeResponse(
            resume=parsed.to_json_resume(),
            text=parsed.text,
            model_text=text,
            skills=tuple(_evidence(s) for s in _with_stated(parsed, skills, models)),
            experience_years=parsed.experience_years,
            language=parsed.language,
            warnings=tuple(
                ReadNotice(code=n.code, detail=n.detail, page=n.page, text=n.text) for n in parsed.warnings
            ),
            reader=models.version,
        )

    # -- skills --------------------------------------------------------------------------------------

    def find_skills(self, engine: Engine, request: FindSkillsRequest) -> FindSkillsResponse:
        models = self.models(engine)
        found = models.find_skills(request.texts)
        return FindSkillsResponse(
            skills=tuple(tuple(_evidence(s) for s in skills) for skills in found), reader=models.version
        )

    def standardize(self, engine: Engine, request: StandardizeRequest) -> StandardizeResponse:
        models = self.models(engine)
        linked = models.standardize(request.labels)
        skills = tuple(
            StandardSkill(stated=stated, skill_id="", label=stated, confidence=0.0, method="none")
            if skill is None
            else StandardSkill(
                stated=stated,
                skill_id=skill.skill_id,
                label=skill.label,
                confidence=skill.confidence,
                method=skill.method,
            )
            for stated, skill in zip(request.labels, linked, strict=True)
        )
        return StandardizeResponse(skills=skills, reader=models.version)

    # -- postings ------------------------------------------------------------------------------------

    def read_postings(self, engine: Engine, request: ReadPostingsRequest) -> ReadPostingsResponse:
        models = self.models(engine)
        jobs = [mapping.job_record(document) for document in request.postings]
        read = models.read_postings(jobs)
        facts = [_facts(job.job_id, reading) for job, reading in zip(jobs, read, strict=True)]
        return ReadPostingsResponse(postings=tuple(facts), reader=models.version)

    def summarize(self, engine: Engine, request: SummarizeRequest) -> SummarizeResponse:
        """Raises PartMissingError if the release cannot summarise."""
        models = self.models(engine)
        if models.summarizer is None:
            raise PartMissingError(f"release {engine.release.release_id} has no model of passages")
        out = []
        for document in request.postings:
            job = mapping.job_record(document)
            sentences = models.summarizer.summarize(job.title, job.description, request.sentences)
            written = tuple(
                SummarySentence(
                    text=s.text,
                    role=s.role,
                    spans=tuple(Span(start=start, end=end) for start, end in s.spans),
                    rewritten=s.rewritten,
                )
                for s in sentences
            )
            out.append(Summary(job_id=job.job_id, sentences=written))
        return SummarizeResponse(summaries=tuple(out), reader=models.version)


def _evidence(skill: SkillFound) -> SkillEvidence:
    return SkillEvidence(
        skill_id=skill.skill_id,
        label=skill.label,
        surface=skill.surface[:300],
        start=skill.start,
        end=skill.end,
        level=skill.level,
        confidence=skill.confidence,
        method=skill.method,
    )


def _with_stated(
    parsed: ParsedResume, found: Sequence[SkillFound], models: LanguageModels
) -> list[SkillFound]:
    """The skills that the resume lists itself count even where no model saw them in the text."""
    seen = [(s.start, s.end) for s in found]
    stated = [s for s in parsed.skills if all(s.end <= a or s.start >= b for a, b in seen)]
    linked = models.standardize([s.value for s in stated]) if stated else []
    made = [
        SkillFound(
            skill.skill_id if skill else "",
            skill.label if skill else field.value,
            field.value,
            field.start,
            field.end,
            "",
            round(field.confidence * (skill.confidence if skill else 1.0), 4),
            f"stated+{skill.method}" if skill else "stated",
        )
        for field, skill in zip(stated, linked, strict=True)
    ]
    return sorted([*found, *made], key=lambda s: (s.start, s.end))


def _facts(job_id: int, reading: PostingReading) -> PostingFacts:
    return PostingFacts(
        job_id=job_id,
        occupation=_occupation(reading),
        skills=tuple(_evidence(s) for s in reading.skills),
        requirements=tuple(_requirement(reading, at) for at in range(len(reading.requirements))),
    )


def _occupation(reading: PostingReading) -> OccupationFact:
    title = reading.title
    if title is None:
        return OccupationFact()
    if not title.known:
        return OccupationFact(seniority=title.seniority)
    best = title.matches[0]
    return OccupationFact(
        occupation_id=best.id,
        label=best.label,
        confidence=best.confidence,
        category=title.category,
        seniority=title.seniority,
    )


def _requirement(reading: PostingReading, at: int) -> RequirementFact:
    """Its skills are those found in the whole posting that stand within it."""
    asked = reading.requirements[at]
    inside = [s for s in reading.skills if asked.start <= s.start and s.end <= asked.end]
    return RequirementFact(
        rank=asked.rank,
        need=asked.need,
        text=asked.text,
        start=asked.start,
        end=asked.end,
        source=asked.source,
        skills=tuple(_evidence(s) for s in inside),
        years_min=asked.years.low if asked.years else None,
        years_max=asked.years.high if asked.years else None,
        degree=asked.degree.name if asked.degree else "",
        certificates=tuple(c.name for c in asked.certificates),
        languages=tuple(n.name for n in asked.languages),
    )
