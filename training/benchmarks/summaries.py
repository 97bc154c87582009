"""`summaries`: are summaries of real postings traced, faithful, and about what matters?

Protocol: postings of a snapshot with at least 600 characters, drawn by seed.
(1) On 500 of them: the share of sentences whose every word stands in the spans they name; facts that the
checker does not find in the posting; and for planted fabrications (a number changed, a skill, a name or a
condition put in) the share the checker catches.
(2) On postings whose headings say what each passage is (weak labels), with the headings taken away: the share
of picked sentences that are duties or requirements, beside the first sentences, random ones, and those
nearest to the centre of the posting (centroid; Radev et al. 2004), all with the same number of sentences.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.faithfulness import FaithfulnessChecker
from features.headings import Role, heading_role
from features.passages import passages
from features.posting_roles import stated_roles
from features.records import JobRecord
from features.skills import SkillMatcher
from features.snapshot import read_jobs
from features.taxonomy import Taxonomy
from models.encoder import SentenceEncoder
from models.sentence_roles import SentenceRoles
from models.summarizer import Summarizer, SummarySentence
from training.benchmarks.posting_roles import default_encoder
from training.benchmarks.report import BenchmarkReport, Meter, Slice, estimates, finish, require_files
from training.language.roles import TRACKED, company_of
from training.metrics import Estimate
from training.progress import say, track
from training.tracking import Run

F64 = npt.NDArray[np.float64]
POSTINGS = 500
MIN_CHARS = 600
SENTENCES = 5
WANTED: tuple[Role, ...] = ("duty", "must")


def run(
    data: Path,
    *,
    json_out: Path | None = None,
    seed: int = 0,
    run: Run | None = None,
    postings: int = POSTINGS,
    roles: Path = TRACKED,
) -> BenchmarkReport:
    """`data` is a snapshot folder with real postings. Raises BenchmarkDataError if it is none."""
    require_files(data, ("jobs.parquet",))
    meter, rng = Meter(), np.random.default_rng(seed)
    encoder, matcher = default_encoder(), SkillMatcher(Taxonomy.load())
    summarizer = Summarizer(SentenceRoles.load(roles), encoder.encode, matcher)
    long = [job for job in read_jobs(data) if len(job.description) >= MIN_CHARS]
    chosen = [long[i] for i in rng.permutation(len(long))]
    faithful = _faithfulness(chosen[:postings], summarizer, matcher, rng)
    headed = [found for job in chosen if (found := _without_headings(job))][:postings]
    ours, others = _picked(headed, summarizer, encoder, rng)
    slices = (faithful, Slice("summaries: headings hidden", len(headed), ours, others, label="ours"))
    speed = _speed(chosen[-100:], summarizer)
    say(", ".join(f"{name} {value:.0f} ms" for name, value in speed.items()) + " a posting")
    params = {"seed": seed, "postings": postings, "sentences": SENTENCES, "data": data.name, **speed}
    report = BenchmarkReport("summaries", slices, params, meter.seconds(), meter.peak_mb())
    return finish(report, json_out, run)


def _faithfulness(
    jobs: Sequence[JobRecord], summarizer: Summarizer, matcher: SkillMatcher, rng: np.random.Generator
) -> Slice:
    traced: list[float] = []
    unfaithful: list[float] = []
    caught: dict[str, list[float]] = {}
    labels = [skill.label for skill in Taxonomy.load().extra if " " not in skill.label]
    for job in track(jobs, len(jobs), "summaries"):
        checker = FaithfulnessChecker(job.description, matcher)
        for sentence in summarizer.summarize(job.title, job.description, SENTENCES):
            traced.append(float(is_traced(sentence, job.description)))
            unfaithful.append(float(bool(checker.unsupported(sentence.text))))
            for kind, planted in fabrications(sentence.text, job.description, labels, rng):
                caught.setdefault(kind, []).append(float(bool(checker.unsupported(planted))))
    values = {"traced": traced, "unfaithful": unfaithful}
    values |= {f"caught_{kind}": hits for kind, hits in sorted(caught.items())}
    values["caught"] = [hit for hits in caught.values() for hit in hits]
    ours = {name: estimates({name: np.array(v, np.float64)})[name] for name, v in values.items()}
    return Slice("summaries: sentences of real postings", len(traced), ours, {}, label="ours")


def is_traced(sentence: SummarySentence, source: str) -> bool:
    pieces = [source[start:end] for start, end in sentence.spans]
    return not sentence.rewritten and sentence.text.removesuffix(" …") == " … ".join(pieces)


def fabrications(
    text: str, source: str, labels: Sequence[str], rng: np.random.Generator
) -> Iterator[tuple[str, str]]:
    """(kind, sentence with one planted untruth): what a careless rewriter might add or change."""
    number = int(rng.integers(13, 97))
    while str(number) in source:
        number += 97
    skill = next(label for label in rng.permutation(labels) if label.lower() not in source.lower())
    name = next(n for n in rng.permutation(_NAMES) if n.lower() not in source.lower())
    digits = [c for c in text.split() if c.isdigit()]
    yield (
        "number",
        text.replace(digits[0], str(number), 1) if digits else f"{text} More than {number} people.",
    )
    yield "skill", f"{text} Experience with {skill}."
    yield "name", f"{text} The office is in {name}."
    term = next((t for t in rng.permutation(_TERMS) if t.lower() not in source.lower()), None)
    if term is not None:
        yield "term", f"{text} This is {term}."


_NAMES = (
    "Reykjavik",
    "Ulaanbaatar",
    "Montevideo",
    "Vandenberghe",
    "Okonkwo",
    "Zephyrline",
    "Tartu",
    "Gaborone",
)
_TERMS = ("unpaid", "a freelance contract", "an internship", "optional", "without a pension", "mandatory")


# -- what is picked ------------------------------------------------------------------------------------


def _without_headings(job: JobRecord) -> tuple[JobRecord, dict[str, Role]] | None:
    """The posting with its headings taken away, and what they said of each passage; None where they said
    nothing of duties and requirements."""
    parts = passages(job.description)
    said: dict[str, Role] = {}
    for part, role in zip(parts, stated_roles(parts), strict=True):
        above = heading_role(parts[part.heading].text) if part.heading >= 0 else None
        if part.kind != "heading" and role is not None and role == above:
            said[part.text] = role
    if not {"duty", "must"} & set(said.values()) or len(set(said.values())) < 3:
        return None
    kept = "\n".join(p.text for p in parts if p.kind != "heading")
    return JobRecord(job.job_id, job.title, company=company_of(job.description), description=kept), said


def _picked(
    headed: Sequence[tuple[JobRecord, dict[str, Role]]],
    summarizer: Summarizer,
    encoder: SentenceEncoder,
    rng: np.random.Generator,
) -> tuple[dict[str, Estimate], dict[str, dict[str, Estimate]]]:
    values: dict[str, list[float]] = {
        name: [] for name in ("ours", "the first", "random", "nearest the centre")
    }
    for job, said in track(headed, len(headed), "headings hidden"):
        texts = [p.text for p in passages(job.description)]
        vectors = encoder.encode(texts)
        ours = summarizer.summarize(job.title, job.description, SENTENCES)
        count = max(1, len(ours))
        centre = np.argsort(-(vectors @ vectors.mean(0)), kind="stable")[:count]
        picks = {
            "ours": [next((t for t in texts if t.startswith(s.text.removesuffix(" …"))), "") for s in ours],
            "the first": texts[:count],
            "random": [texts[i] for i in rng.permutation(len(texts))[:count]],
            "nearest the centre": [texts[i] for i in centre],
        }
        for name, picked in picks.items():
            known = [said[t] in WANTED for t in picked if t in said]
            if known:
                values[name].append(float(np.mean(known)))
    made = {n: estimates({"wanted": np.array(v, np.float64)}) for n, v in values.items()}
    return made.pop("ours"), made


def _speed(jobs: Sequence[JobRecord], summarizer: Summarizer) -> dict[str, float]:
    """Median and 95th percentile in milliseconds, of postings that the encoder has not seen before; one at
    a time, one thread. A batch costs the same for each: texts run alone, at their exact length."""
    times: list[float] = []
    for job in jobs:
        started = time.perf_counter()
        summarizer.summarize(job.title, job.description, SENTENCES)
        times.append(1000 * (time.perf_counter() - started))
    return {"single_p50": float(np.median(times)), "single_p95": float(np.percentile(times, 95))}
