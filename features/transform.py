"""`FeatureTransform`: the one way from records to `Inputs`, for training and for serving alike."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.blind import RULES, Blinder, WorkWords, place_without_code
from features.demands import Demand, find_demands
from features.evidence import Evidence, read_evidence
from features.inputs import Bag, History, Inputs
from features.personal import Span, blank_spans
from features.places import Gazetteer, Place
from features.records import POSITIVE_KINDS, InteractionRecord, JobRecord, UserRecord
from features.skills import SkillMatcher, SkillMention
from features.stuffing import outside, stuffed_spans
from features.tabular import JOB_FEATURE_ORDER, USER_FEATURE_ORDER, GeoFeatures, job_floats, user_floats
from features.taxonomy import Taxonomy, taxonomy_folder
from features.text import bucket, job_body_text, job_title_text, terms, user_body_text, user_title_text, words

F32 = npt.NDArray[np.float32]
Encode = Callable[[Sequence[str]], F32]
_DAY = 86_400.0


@dataclass(frozen=True)
class TransformConfig:
    """Sizes are numbers of hash buckets; `body_chars` bounds what the skill reader sees of a posting."""

    term_buckets: int = 1 << 15
    place_buckets: int = 1 << 12
    company_buckets: int = 1 << 13
    history: int = 20
    body_chars: int = 8_000
    geo_waves: int = 96


@dataclass(frozen=True, slots=True)
class BlindUser:
    """A seeker without the person. `record` holds the blinded title and text, `skills` are indices read from
    the text without its private spans, most telling source first; `place` is without postcode."""

    record: UserRecord
    skills: list[int]
    place: Place | None


@dataclass(frozen=True)
class FieldSizes:
    """Widths of the dense fields and id ranges of the bag fields, for building a tower."""

    job_dense: dict[str, int]
    user_dense: dict[str, int]
    bags: dict[str, int]


class FeatureTransform:
    """Fit on the training catalogue (document frequencies of terms and skills), then frozen.

    The taxonomy folder is kept with the transform when it is saved: the ids a model was trained on travel
    with it, so a later taxonomy cannot silently renumber its skills.
    """

    def __init__(self, config: TransformConfig | None = None, taxonomy: Path | None = None) -> None:
        self.config = config or TransformConfig()
        self.taxonomy_folder = taxonomy or taxonomy_folder()
        self.taxonomy = Taxonomy.load(self.taxonomy_folder)
        self.matcher = SkillMatcher(self.taxonomy)
        self.gazetteer = Gazetteer.load(self.taxonomy_folder)
        self.blinder = Blinder.of(self.taxonomy)
        self._geo = GeoFeatures(self.config.geo_waves)
        self.documents = 0
        self.term_df = np.zeros(self.config.term_buckets, np.int64)
        self.skill_df = np.zeros(len(self.taxonomy.skills), np.int64)

    # -- fit -----------------------------------------------------------------------------------------

    def fit(self, jobs: Iterable[JobRecord]) -> FeatureTransform:
        """Counts in how many postings each term and skill occurs, and collects the words of work that a
        resume may use. Streams; call it once."""
        counted = WorkWords()
        for job in jobs:
            self.documents += 1
            counted.add(job)
            for b in {bucket(t, self.config.term_buckets) for t in terms(job.title)}:
                self.term_df[b] += 1
            for index in self.job_skills(job):
                self.skill_df[index] += 1
        self.blinder = Blinder.of(self.taxonomy, counted)
        return self

    def _idf(self, df: int) -> float:
        return math.log((1 + self.documents) / (1 + df)) + 1.0

    # -- facts ---------------------------------------------------------------------------------------

    def job_skills(self, job: JobRecord) -> list[int]:
        """Indices of the skills stated or mentioned, most telling source first, no repeats."""
        text = f"{job.title}\n{job.description[: self.config.body_chars]}"
        return self._skills(job.skills, text)

    def user_skills(self, user: UserRecord) -> list[int]:
        """As `job_skills`; nothing is read from a name, an address, a school or another private span."""
        return self.blind(user).skills

    def blind(self, user: UserRecord) -> BlindUser:
        """What the model may know of a seeker: see features/blind.py."""
        text, silent, mentions = self._evident(user.resume_text)
        resolved = [self.matcher.resolve(label) for label in user.skills]
        found = resolved + [m.skill_id for m in self.matcher.find(user.desired_title)]
        found += [m.skill_id for m in mentions]
        stated = (
            label if known else self.blinder.stated(label)
            for label, known in zip(user.skills, resolved, strict=True)
        )
        record = replace(
            user,
            desired_title=self.blinder.title(user.desired_title),
            resume_text=self.blinder.blinded(text, silent, mentions),
            skills=tuple(filter(None, stated)),
        )
        return BlindUser(record, self._indices(found), self.user_place(user))

    def evident(self, text: str) -> str:
        """A resume's text, equally long, with spaces where it must not count as evidence: all that is private
        (features/personal.py) and all that is stuffing (features/stuffing.py)."""
        return self._evident(text)[0]

    def _evident(self, text: str) -> tuple[str, list[Span], list[SkillMention]]:
        """(evident text, spans that no encoder may see, skills mentioned in the evident text)."""
        blank, silent = self.blinder.read(text)
        mentions = self.matcher.find(blank)
        stuffed = stuffed_spans(blank, mentions)
        return blank_spans(blank, stuffed), silent, outside(mentions, stuffed)

    def _skills(self, stated: Sequence[str], text: str) -> list[int]:
        found = [self.matcher.resolve(label) for label in stated]
        return self._indices(found + [mention.skill_id for mention in self.matcher.find(text)])

    def _indices(self, found: Iterable[str | None]) -> list[int]:
        index = self.taxonomy.skill_index
        return list(dict.fromkeys(index[s] for s in found if s is not None))

    def demands(self, job: JobRecord) -> tuple[Demand, ...]:
        """What the posting asks for; keys of skills are rows of this transform's taxonomy."""
        return find_demands(job, self.matcher, self._skill_row, max_chars=self.config.body_chars)

    def evidence(self, user: UserRecord) -> Evidence:
        return read_evidence(user, self.matcher, self._skill_row, blank=self.evident)

    def _skill_row(self, skill_id: str) -> int:
        return self.taxonomy.skill_index[skill_id]

    def job_places(self, job: JobRecord) -> list[Place]:
        return list(self.gazetteer.resolve_all(job.location)[:5])

    def user_place(self, user: UserRecord) -> Place | None:
        return self.gazetteer.resolve(place_without_code(user.location))

    # -- inputs --------------------------------------------------------------------------------------

    def job_inputs(self, jobs: Sequence[JobRecord], encode: Encode) -> Inputs:
        """`encode` maps n texts to (n, d) float32 unit vectors; an empty text must give zeros."""
        skills = [self.job_skills(j) for j in jobs]
        places = [self.job_places(j) for j in jobs]
        floats = [
            job_floats(j, p[0] if p else None, bool(s)) for j, p, s in zip(jobs, places, skills, strict=True)
        ]
        dense = {
            "title_text": encode([job_title_text(j) for j in jobs]),
            "body_text": encode([job_body_text(j) for j in jobs]),
            "geo": self._geo_rows(places),
            "tabular": np.array(floats, np.float32).reshape(len(jobs), len(JOB_FEATURE_ORDER)),
        }
        bags = self._bags([j.title for j in jobs], places, skills)
        bags["company"] = Bag.from_rows(self._company(j.company) for j in jobs)
        return Inputs(dense, bags)

    def user_inputs(self, users: Sequence[UserRecord], encode: Encode, at: datetime | None = None) -> Inputs:
        """`at` is the moment described (default now): interactions at or after it are not read.

        Texts are blinded: nothing about the person reaches `encode` or a bag."""
        blind = [self.blind(u) for u in users]
        skills, found = [b.skills for b in blind], [b.place for b in blind]
        floats = [user_floats(u, p, bool(s)) for u, p, s in zip(users, found, skills, strict=True)]
        dense = {
            "title_text": encode([user_title_text(b.record) for b in blind]),
            "body_text": encode([user_body_text(b.record) for b in blind]),
            "geo": self._geo_rows([[p] if p else [] for p in found]),
            "tabular": np.array(floats, np.float32).reshape(len(users), len(USER_FEATURE_ORDER)),
        }
        bags = self._bags([b.record.desired_title for b in blind], [[p] if p else [] for p in found], skills)
        moment = at or datetime.now(UTC)
        return Inputs(dense, bags, self.history([u.history for u in users], [moment] * len(users)))

    def history(self, rows: Sequence[Sequence[InteractionRecord]], at: Sequence[datetime]) -> History:
        """The newest `config.history` positive interactions strictly before each row's moment."""
        size = self.config.history
        ids = np.full((len(rows), size), -1, np.int64)
        kinds = np.zeros((len(rows), size), np.int64)
        age = np.zeros((len(rows), size), np.float32)
        for i, (row, moment) in enumerate(zip(rows, at, strict=True)):
            past = [e for e in row if e.kind in POSITIVE_KINDS and e.at < moment][-size:]
            for k, e in enumerate(past, start=size - len(past)):
                ids[i, k] = e.job_id
                kinds[i, k] = POSITIVE_KINDS.index(e.kind)
                age[i, k] = (moment - e.at).total_seconds() / _DAY
        return History(ids, kinds, age)

    def _bags(
        self, titles: Sequence[str], places: Sequence[Sequence[Place]], skills: Sequence[Sequence[int]]
    ) -> dict[str, Bag]:
        return {
            "terms": Bag.from_rows(self._terms(t) for t in titles),
            "place": Bag.from_rows(self._place(p) for p in places),
            "skills": Bag.from_rows(_unit({i: self._idf(int(self.skill_df[i])) for i in s}) for s in skills),
        }

    def _terms(self, title: str) -> dict[int, float]:
        counts = Counter(bucket(t, self.config.term_buckets) for t in terms(title))
        return _unit({b: c * self._idf(int(self.term_df[b])) for b, c in counts.items()})

    def _place(self, places: Sequence[Place]) -> dict[int, float]:
        row: dict[int, float] = {}
        for p in places:
            keys = [f"country:{p.country}"]
            if p.admin1:
                keys.append(f"admin1:{p.country}.{p.admin1}")
            if p.city:
                keys.append(f"city:{p.country}.{p.admin1}.{p.city}")
            for key in keys:
                row[bucket(key, self.config.place_buckets)] = 1.0
        return _unit(row)

    def _company(self, name: str) -> dict[int, float]:
        whole = " ".join(words(name))
        return {bucket(whole, self.config.company_buckets): 1.0} if whole else {}

    def _geo_rows(self, places: Sequence[Sequence[Place]]) -> F32:
        out = np.zeros((len(places), self._geo.width), np.float32)
        for i, row in enumerate(places):
            for p in row:
                out[i] += self._geo(p)
        norm = np.linalg.norm(out, axis=1, keepdims=True)
        out /= np.where(norm > 0, norm, 1.0)
        return out

    # -- sizes, save, load ---------------------------------------------------------------------------

    def sizes(self, text_width: int) -> FieldSizes:
        shared = {"title_text": text_width, "body_text": text_width, "geo": self._geo.width}
        return FieldSizes(
            job_dense={**shared, "tabular": len(JOB_FEATURE_ORDER)},
            user_dense={**shared, "tabular": len(USER_FEATURE_ORDER)},
            bags={
                "terms": self.config.term_buckets,
                "place": self.config.place_buckets,
                "skills": len(self.taxonomy.skills),
                "company": self.config.company_buckets,
            },
        )

    def digest(self) -> str:
        """Names what was fitted: equal digests give equal inputs."""
        h = hashlib.sha256(json.dumps(asdict(self.config), sort_keys=True).encode())
        h.update(self.taxonomy.version.encode())
        h.update(self.term_df.tobytes() + self.skill_df.tobytes() + str(self.documents).encode())
        h.update(self.blinder.digest())
        return h.hexdigest()

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.taxonomy_folder, folder / "taxonomy", dirs_exist_ok=True)
        np.save(folder / "term_df.npy", self.term_df)
        np.save(folder / "skill_df.npy", self.skill_df)
        self.blinder.save(folder)
        meta = {
            "config": asdict(self.config),
            "documents": self.documents,
            "taxonomy": self.taxonomy.version,
            "blind_rules": RULES,
            "job_feature_order": JOB_FEATURE_ORDER,
            "user_feature_order": USER_FEATURE_ORDER,
        }
        (folder / "transform.json").write_text(json.dumps(meta, indent=1))

    @classmethod
    def load(cls, folder: Path) -> FeatureTransform:
        """Raises ValueError if the folder was fitted by code that read other features than this code."""
        meta = json.loads((folder / "transform.json").read_text())
        orders = (tuple(meta["job_feature_order"]), tuple(meta["user_feature_order"]))
        if orders != (JOB_FEATURE_ORDER, USER_FEATURE_ORDER):
            raise ValueError(f"{folder} was fitted with another feature order than this code computes")
        if meta.get("blind_rules") != RULES:
            raise ValueError(f"{folder} does not blind resumes as this code does: fit the transform again")
        transform = cls(TransformConfig(**meta["config"]), folder / "taxonomy")
        if transform.taxonomy.version != meta["taxonomy"]:
            raise ValueError(f"the taxonomy in {folder} is not the one the transform was fitted with")
        transform.documents = int(meta["documents"])
        transform.term_df = np.load(folder / "term_df.npy", allow_pickle=False)
        transform.skill_df = np.load(folder / "skill_df.npy", allow_pickle=False)
        transform.blinder = Blinder.load(folder)
        return transform


def _unit(row: dict[int, float]) -> dict[int, float]:
    norm = math.sqrt(sum(w * w for w in row.values()))
    return {k: w / norm for k, w in row.items()} if norm else {}
