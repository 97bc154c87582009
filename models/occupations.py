"""Title -> occupation: a vacancy's or a resume's title, ranked over the occupations of a taxonomy.

    linker = OccupationLinker.build(taxonomy.occupations, encoder.encode, fusion)
    reading = linker.read(["Sr. Data Engineer II (m/f/d)"])[0]
    reading.matches[0]      # OccupationMatch(id="esco:...", label="data engineer", confidence=0.83)
    reading.category        # "Computer and Mathematical"; reading.seniority == "senior"
    linker.save(folder); OccupationLinker.load(folder)

Every kind of evidence (see occupations_evidence) is weighed by a conditional logit (McFadden 1974) over all
occupations, whose weights training fits; its probability, calibrated, is the confidence. Where none is
likely the title is `known=False`: better no occupation than a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.places import Gazetteer
from features.taxonomy import Occupation, normalise
from features.titles import Seniority, core_title, seniority
from models.calibration import Calibration
from models.occupations_evidence import (
    EXAMPLE_COLUMNS,
    FORM_COLUMNS,
    Encode,
    Examples,
    Forms,
    Titles,
    halved,
)
from models.occupations_groups import job_category
from models.occupations_prior import estimate_prior
from models.projection import Projection

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
_BATCH = 64
_EPSILON = 1e-6
#: A title that is a label to the letter leads by this much (e^5: all others together stay under a tenth).
_CERTAIN = np.float32(5.0)


class OccupationError(ValueError):
    """There is nothing to link to, or saved files are damaged or of another encoder."""


@dataclass(frozen=True)
class Fusion:
    """What each kind of evidence counts, and what a probability of the logit is really worth.

    `calibration` maps the logit of a match's softmax probability to its confidence; below `unknown` the
    first match is not believed.
    """

    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "lexical_best": 4.0,
            "lexical_profile": 1.6,
            "vector_best": 4.0,
            "vector_pool": 8.0,
            "vector_profile": 8.0,
            "vector_label": 1.6,
            "moved_profile": 4.8,
            "label_words": -0.24,
            "prior": 1.0,
        }
    )
    calibration: Calibration = field(default_factory=lambda: Calibration(1.0, 0.0, "uncalibrated"))
    unknown: float = 0.05

    def logits(self, evidence: F32, columns: Sequence[str]) -> F32:
        """evidence (n, occupations, len(columns)) -> (n, occupations)."""
        weights = np.array([self.weights.get(name, 0.0) for name in columns], np.float32)
        return np.asarray(evidence @ weights, np.float32)

    def confidence(self, probability: F32) -> F32:
        clipped = np.clip(probability, _EPSILON, 1 - _EPSILON)
        return self.calibration.probability(np.log(clipped / (1 - clipped)))


@dataclass(frozen=True, slots=True)
class OccupationMatch:
    id: str
    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class TitleReading:
    """`title` is what was looked up; `category` the SOC major group most of the probability falls on ("" if
    unknown); `known` is whether the first match is to be believed."""

    title: str
    seniority: Seniority
    matches: tuple[OccupationMatch, ...]
    category: str
    known: bool


class OccupationLinker:
    """Immutable after `build`; safe to share between threads."""

    def __init__(
        self,
        occupations: Sequence[Occupation],
        encode: Encode,
        forms: Forms,
        fusion: Fusion,
        examples: Examples | None = None,
        projection: Projection | None = None,
        gazetteer: Gazetteer | None = None,
    ) -> None:
        self.occupations = tuple(occupations)
        self.projection = projection or Projection.identity(forms.vectors.shape[1])
        self.encode, self.forms, self.fusion, self.examples = encode, forms, fusion, examples
        self._gazetteer = gazetteer
        self.columns = FORM_COLUMNS + (EXAMPLE_COLUMNS if examples else ())
        self._labels = _by_label(self.occupations)

    @classmethod
    def build(
        cls,
        occupations: Sequence[Occupation],
        encode: Encode,
        fusion: Fusion | None = None,
        *,
        projection: Projection | None = None,
        groups: Sequence[str] | None = None,
        gazetteer: Gazetteer | None = None,
    ) -> OccupationLinker:
        """`projection` gives a second view of `encode`'s vectors; `groups` (default: SOC codes) are smoothed
        over.

        Raises OccupationError without occupations, or if one has no name.
        """
        names = [_names(o) for o in occupations]
        if not names or not all(names):
            raise OccupationError("no occupation, or one without a name")
        texts = [text for group in names for text in group]
        owner = np.repeat(np.arange(len(names)), [len(group) for group in names]).astype(np.int64)
        codes = [o.soc or o.id for o in occupations] if groups is None else list(groups)
        vectors = halved(encode(texts))
        projection = projection or Projection.identity(vectors.shape[1])
        forms = Forms(texts, owner, _numbered(codes), vectors, projection)
        return cls(occupations, encode, forms, fusion or Fusion(), None, projection, gazetteer)

    def with_examples(self, titles: Sequence[str], ids: Sequence[str], fusion: Fusion) -> OccupationLinker:
        """Also learns from titles whose occupation is known. Raises KeyError for an unknown id."""
        row = {o.id: i for i, o in enumerate(self.occupations)}
        owner = np.array([row[i] for i in ids], np.int64)
        examples = Examples(self._titles(titles, stored=True), owner, len(self.occupations))
        return self._changed(fusion=fusion, examples=examples)

    def read(self, titles: Sequence[str], k: int = 5) -> list[TitleReading]:
        """Titles as people write them; a blank one has no matches."""
        out: list[TitleReading] = []
        for start in range(0, len(titles), _BATCH):
            part = titles[start : start + _BATCH]
            probability = self.probabilities(part)
            out.extend(self._reading(t, p, k) for t, p in zip(part, probability, strict=True))
        return out

    def probabilities(self, titles: Sequence[str]) -> F32:
        """(n, occupations) softmax over all occupations; one whose label the title is comes first."""
        logits = self.logits(titles)
        logits -= logits.max(1, keepdims=True)
        np.exp(logits, out=logits)
        return np.asarray(logits / logits.sum(1, keepdims=True), np.float32)

    def logits(self, titles: Sequence[str]) -> F32:
        """(n, occupations) float32, higher is better."""
        parts = [self._logits(titles[a : a + _BATCH]) for a in range(0, len(titles), _BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.occupations)), np.float32)

    def _logits(self, titles: Sequence[str]) -> F32:
        logits = self.fusion.logits(self.evidence(titles), self.columns)
        if self.examples is None:  # examples know how a source really uses a label
            for row, title in enumerate(titles):
                self._lift(logits[row], title)
        return logits

    def _lift(self, logits: F32, title: str) -> None:
        exact = self._labels.get(normalise(title)) or self._labels.get(normalise(self.core(title)))
        if exact:
            logits[exact] += logits.max() - logits[exact].min() + _CERTAIN

    def evidence(self, titles: Sequence[str]) -> F32:
        """(n, occupations, len(self.columns)) float32."""
        ready = self._titles(titles)
        forms = self.forms.evidence(ready)
        if self.examples is None:
            return forms
        return np.concatenate([forms, self.examples.evidence(ready)], axis=2)

    def evidence_without(self, at: I64, titles: Sequence[str]) -> F32:
        """The same for examples, `titles` in rows `at` of them, each as if it were not among them."""
        if self.examples is None:
            raise OccupationError("this linker has no examples")
        return np.concatenate(
            [self.forms.evidence(self._titles(titles)), self.examples.evidence_without(at)], axis=2
        )

    def weighed(self, fusion: Fusion) -> OccupationLinker:
        """The same evidence under other weights."""
        return self._changed(fusion=fusion)

    def with_prior(self, titles: Sequence[str], rounds: int = 1) -> OccupationLinker:
        """Odds of the occupations from a source's unlabelled titles: a job board has more sales assistants
        than secretaries general."""
        bare = self.with_odds(np.zeros(len(self.occupations), np.float32))
        logits = [bare.logits(titles[a : a + _BATCH]) for a in range(0, len(titles), _BATCH)]
        return self.with_odds(estimate_prior(logits, rounds))

    def with_odds(self, prior: F32) -> OccupationLinker:
        """`prior` (occupations,): logarithms of shares; zeros for none."""
        return self._changed(forms=self.forms.with_prior(prior))

    def _changed(
        self, *, forms: Forms | None = None, fusion: Fusion | None = None, examples: Examples | None = None
    ) -> OccupationLinker:
        return OccupationLinker(
            self.occupations,
            self.encode,
            forms or self.forms,
            fusion or self.fusion,
            examples or self.examples,
            self.projection,
            self._gazetteer,
        )

    def core(self, title: str) -> str:
        return core_title(title, self._gazetteer)

    def _titles(self, titles: Sequence[str], *, stored: bool = False) -> Titles:
        texts = tuple(self.core(t) for t in titles)
        vectors = halved(self.encode(texts)) if stored else self.encode(texts)
        return Titles(texts, vectors, self.projection(vectors))

    def _reading(self, title: str, probability: F32, k: int) -> TitleReading:
        text = self.core(title)
        if not normalise(text):
            return TitleReading(text, seniority(title), (), "", False)
        confidence = self.fusion.confidence(probability)
        best = np.argsort(-probability, kind="stable")[:k]
        matches = tuple(
            OccupationMatch(self.occupations[i].id, self.occupations[i].label, float(confidence[i]))
            for i in best
        )
        known = bool(matches) and matches[0].confidence >= self.fusion.unknown
        category = self._category(probability) if known else ""
        return TitleReading(text, seniority(title), matches, category, known)

    def _category(self, probability: F32) -> str:
        total: dict[str, float] = {}
        for i in np.argsort(-probability, kind="stable")[:20]:
            group = job_category(self.occupations[i].soc)
            total[group] = total.get(group, 0.0) + float(probability[i])
        return max(total, key=lambda name: total[name])

    def save(self, folder: Path) -> None:
        """JSON, .npy and the encoder's own files; see occupations_files."""
        from models.occupations_files import save_linker

        save_linker(self, folder)

    @classmethod
    def load(
        cls, folder: Path, encode: Encode | None = None, gazetteer: Gazetteer | None = None
    ) -> OccupationLinker:
        """The same bits as were saved. Without `encode` the folder's own encoder is used.

        Raises OccupationError if a file is missing or damaged.
        """
        from models.occupations_files import load_linker

        return load_linker(folder, encode, gazetteer)


def _names(occupation: Occupation) -> list[str]:
    """Every spelling once, the label first; what holds no letter or digit counts for nothing."""
    by_form: dict[str, str] = {}
    for name in (occupation.label, *occupation.aliases):
        by_form.setdefault(normalise(name), name)
    return [name for form, name in by_form.items() if form]


def _by_label(occupations: Iterable[Occupation]) -> dict[str, list[int]]:
    """Normalised label -> its occupations (the US classification repeats some of ESCO's labels)."""
    labels: dict[str, list[int]] = {}
    for i, occupation in enumerate(occupations):
        if form := normalise(occupation.label):
            labels.setdefault(form, []).append(i)
    return labels


def _numbered(codes: Sequence[str]) -> I64:
    number = {code: i for i, code in enumerate(sorted(set(codes)))}
    return np.array([number[code] for code in codes], np.int64)
