"""Words of resumes and postings -> skills of a taxonomy, ranked: the skill linker.

    linker = linker_from(taxonomy.skills, trained, work)        # or SkillLinker.build(skills, encode)
    linker.link(["experience with Postgres", "lead a team of five"], k=5)   # ranked LinkedSkills
    linker.standardize(["Postgres", "blorbing"])     # [LinkedSkill("esco:...", "PostgreSQL", ...), None]
    linker.save(folder); SkillLinker.load(folder)

A text that is a label or alias, case and punctuation aside, is answered from the table. Otherwise every skill
is scored by a logistic regression over kinds of evidence (see linker_evidence); its probability, fitted on
names that the encoder has never seen, is the confidence. Below `Reranker.refuse` no skill is meant.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from features.taxonomy import Skill
from models.encoder import SentenceEncoder, export_encoder
from models.linker_encoder import FILES, Encode, export_linker_encoder
from models.linker_evidence import COLUMNS, Named, Names

F32 = npt.NDArray[np.float32]
Method = Literal["exact", "alias", "lexical", "embedding"]
FORMAT = 1
#: What training hands over; see `linker_from`.
ADAPTER, RERANKER = "adapter.safetensors", "reranker.json"
MAX_TEXTS = 10_000
_BATCH = 8
#: Logits that a text gets by being a skill's label or alias to the letter: above what evidence sums to.
_IS_LABEL, _IS_ALIAS = 60.0, 30.0
_CONFIDENCE: dict[Method, float] = {"exact": 0.99, "alias": 0.95}
_METHOD_OF_NAME: dict[bool, Method] = {True: "exact", False: "alias"}
#: From this share of a name's words on, a text holds the name.
_HOLDS_NAME, _MOST_OF_NAME = "covered", 0.8


class LinkerError(ValueError):
    """There is nothing to link to, or saved files are damaged or of another encoder."""


@dataclass(frozen=True, slots=True)
class LinkedSkill:
    """`method`: the text is the label (exact), another name (alias), holds one in other words (lexical), or
    only means it (embedding)."""

    skill_id: str
    label: str
    confidence: float
    method: Method


@dataclass(frozen=True)
class Reranker:
    """Logistic regression: logit = bias + sum of weight * column. `refuse`: the confidence below which
    `standardize` says that the taxonomy has no such skill."""

    weights: Mapping[str, float] = field(
        default_factory=lambda: {"sentence": 6.0, "phrase": 6.0, "chars": 3.0}
    )
    bias: float = -10.0
    refuse: float = 0.5

    def __post_init__(self) -> None:
        unknown = set(self.weights) - set(COLUMNS)
        if unknown:
            raise LinkerError(f"no evidence is called {', '.join(sorted(unknown))}")

    def logits(self, columns: F32) -> F32:
        """(columns, ...) -> (...)."""
        weights = np.array([self.weights.get(name, 0.0) for name in COLUMNS], np.float32)
        return np.asarray(np.tensordot(weights, columns, 1) + np.float32(self.bias), np.float32)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self) | {"weights": dict(self.weights)}, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Reranker:
        """Raises LinkerError if the file is missing or damaged."""
        try:
            raw = json.loads(path.read_text())
            return cls({k: float(v) for k, v in raw["weights"].items()}, float(raw["bias"]), raw["refuse"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise LinkerError(f"{path} is no reranker: {error}") from error


class SkillLinker:
    """Immutable once built; safe to share between threads."""

    def __init__(self, names: Names, encode: Encode, reranker: Reranker) -> None:
        self.names, self.encode, self.reranker = names, encode, reranker

    @classmethod
    def build(
        cls,
        skills: Sequence[Skill],
        encode: Encode,
        reranker: Reranker | None = None,
        labels: Encode | None = None,
    ) -> SkillLinker:
        """Encodes every label once (about 2 ms each), by `labels` if texts and labels have encoders of their
        own. Raises LinkerError if there is no skill."""
        if not skills:
            raise LinkerError("no skill to link to")
        vectors = (labels or encode)([skill.label for skill in skills])
        # Stored and searched at the precision that is saved, so that a loaded linker is the same to the bit.
        rounded = vectors.astype(np.float16).astype(np.float32)
        return cls(Names(skills, rounded), encode, reranker or Reranker())

    def link(self, texts: Sequence[str], k: int = 10) -> list[list[LinkedSkill]]:
        """At most `k` skills for each text, best first; none for a text without a word.

        Raises ValueError if `k` < 1 or there are more than MAX_TEXTS texts.
        """
        if k < 1 or len(texts) > MAX_TEXTS:
            raise ValueError(f"k = {k}, {len(texts)} texts (at most {MAX_TEXTS})")
        distinct = list(dict.fromkeys(texts))
        answers: dict[str, list[LinkedSkill]] = {}
        for start in range(0, len(distinct), _BATCH):
            batch = distinct[start : start + _BATCH]
            answers |= zip(batch, self._ranked(batch, k), strict=True)
        return [list(answers[text]) for text in texts]

    def standardize(self, texts: Sequence[str]) -> list[LinkedSkill | None]:
        """The one skill that each text means (S-171); None where nothing is meant closely enough."""
        certain = {text: self._certain(text) for text in dict.fromkeys(texts)}
        open_texts = [text for text, skill in certain.items() if skill is None]
        for text, found in zip(open_texts, self.link(open_texts, 1), strict=True):
            if found and (found[0].method in _CONFIDENCE or found[0].confidence >= self.reranker.refuse):
                certain[text] = found[0]
        return [certain[text] for text in texts]

    def scores(self, texts: Sequence[str]) -> F32:
        """(texts, skills) logits, of which `link` takes the top."""
        return self.with_names(texts, self.reranker.logits(self._columns(texts)))

    def with_names(self, texts: Sequence[str], logits: F32) -> F32:
        """`logits` (texts, skills), raised in place where the whole text is a name of the skill."""
        for row, text in enumerate(texts):
            for named in self.names.named(text):
                logits[row, named.skill] += _IS_LABEL if named.is_label else _IS_ALIAS
        return logits

    def _certain(self, text: str) -> LinkedSkill | None:
        """Without looking at evidence: the text names exactly one skill, by label if possible."""
        named = self.names.named(text)
        labels = [n for n in named if n.is_label] or list(named)
        if len(labels) != 1:
            return None
        return self._named(labels[0], labels)

    def _ranked(self, texts: Sequence[str], k: int) -> list[list[LinkedSkill]]:
        columns = self._columns(texts)
        logits = self.with_names(texts, self.reranker.logits(columns))
        lexical = columns[COLUMNS.index(_HOLDS_NAME)]
        out = []
        for row, text in enumerate(texts):
            named = {n.skill: n for n in self.names.named(text)}
            top = _top(logits[row], k) if any(map(str.isalnum, text)) else []
            out.append(
                [
                    self._named(named[s], list(named.values()))
                    if s in named
                    else self._meant(s, float(logits[row, s]), float(lexical[row, s]))
                    for s in top
                ]
            )
        return out

    def _columns(self, texts: Sequence[str]) -> F32:
        return self.names.columns(texts, self.encode, {*self.reranker.weights, _HOLDS_NAME})

    def _named(self, one: Named, everyone: Sequence[Named]) -> LinkedSkill:
        """A name that several skills share is worth as much less."""
        skill, method = self.names.skills[one.skill], _METHOD_OF_NAME[one.is_label]
        sharing = sum(other.is_label == one.is_label for other in everyone)
        return LinkedSkill(skill.id, skill.label, round(_CONFIDENCE[method] / sharing, 4), method)

    def _meant(self, position: int, logit: float, lexical: float) -> LinkedSkill:
        skill = self.names.skills[position]
        probability = 1.0 / (1.0 + math.exp(-min(max(logit, -60.0), 60.0)))
        method: Method = "lexical" if lexical >= _MOST_OF_NAME else "embedding"
        return LinkedSkill(skill.id, skill.label, round(probability, 4), method)

    def save(self, folder: Path) -> None:
        """`linker.json`, `vectors.npy` (float16), `encoder/`; the manifest last, so that half a folder does
        not load. N-gram tables are made again from the names: deterministic, and faster than reading them."""
        folder.mkdir(parents=True, exist_ok=True)
        encoder = getattr(self.encode, "__self__", None)
        version = None
        if isinstance(encoder, SentenceEncoder):
            version = encoder.version
            _copy(encoder.folder, folder / "encoder")
        np.save(folder / "vectors.npy", self.names.vectors.astype(np.float16), allow_pickle=False)
        document = {
            "format": FORMAT,
            "encoder": version,
            "reranker": asdict(self.reranker) | {"weights": dict(self.reranker.weights)},
            "skills": [[s.id, s.label, s.type, s.source, list(s.aliases)] for s in self.names.skills],
        }
        (folder / "linker.json").write_text(json.dumps(document, ensure_ascii=False))

    @classmethod
    def load(cls, folder: Path, encode: Encode | None = None) -> SkillLinker:
        """`encode` instead of the saved encoder, if it is known to be the same. Raises LinkerError."""
        try:
            document = json.loads((folder / "linker.json").read_text())
            if document["format"] != FORMAT:
                raise ValueError(f"format {document['format']}, not {FORMAT}")
            vectors = np.load(folder / "vectors.npy", allow_pickle=False).astype(np.float32)
            skills = [Skill(i, label, kind, of, tuple(a)) for i, label, kind, of, a in document["skills"]]
            reranker = Reranker(**document["reranker"])
            if encode is None:
                encoder = SentenceEncoder(folder / "encoder")
                if encoder.version != document["encoder"]:
                    raise ValueError("the encoder is not the one that made the vectors")
                encode = encoder.encode
            if vectors.shape[:1] != (len(skills),) or not skills:
                raise ValueError(f"{vectors.shape} vectors for {len(skills)} skills")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LinkerError(f"{folder} is no whole linker: {error}") from error
        return cls(Names(skills, vectors), encode, reranker)


def linker_from(
    skills: Sequence[Skill], trained: Path, work: Path, source: Path | None = None
) -> SkillLinker:
    """A linker over `skills` from the folder that training wrote; its engines are exported into `work`.
    `source`: another base encoder than the packaged one, which labels keep.

    Raises AdapterError or LinkerError if a file of `trained` is missing or damaged.
    """
    reranker = Reranker.load(trained / RERANKER)
    texts = SentenceEncoder(export_linker_encoder(trained / ADAPTER, work / "texts", source))
    labels = SentenceEncoder(export_encoder(work / "labels", source))
    return SkillLinker.build(skills, texts.encode, reranker, labels.encode)


def _copy(encoder: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name in FILES:
        if encoder != folder:
            shutil.copyfile(encoder / name, folder / name)


def _top(scores: F32, k: int) -> list[int]:
    """Positions of the `k` greatest, ties by position."""
    k = min(k, len(scores))
    kth = np.partition(scores, len(scores) - k)[len(scores) - k]
    found = np.flatnonzero(scores >= kth)
    return [int(i) for i in found[np.argsort(-scores[found], kind="stable")][:k]]
