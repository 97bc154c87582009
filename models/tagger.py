"""Skill and knowledge spans in text: a trained token tagger, served by ONNX Runtime without torch.

Kinds as in SkillSpan (Zhang et al. 2022, NAACL): `skill` is an ability in words ("lead a team"), `knowledge`
a thing known ("Python", "nursing degree"); the two may overlap. A folder written by `save_tagger` holds

    tagger.onnx      merged encoder and heads, int8
    tokenizer.json   word pieces
    tagger.json      shape scores, calibration, sha256 of both files
    card.json        data, licence, command, seed, figures
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from models.bio import decode, span_log_p, spans
from models.calibration import Calibration
from models.tagger_text import I64, SHAPES, PieceReader, Word, read_segments, shapes, windows

F32 = npt.NDArray[np.float32]
Kind = Literal["skill", "knowledge"]
KINDS: tuple[Kind, Kind] = ("skill", "knowledge")
TAGS = 3
#: Text beyond this is not read: about forty pages.
MAX_CHARS = 120_000
#: Framed ids of windows, (tokens,) each -> scores (tokens, kinds * tags) each.
Engine = Callable[[list[I64]], list[F32]]
_FILES = ("tagger.onnx", "tokenizer.json")


class TaggerError(RuntimeError):
    """The folder is not a complete, unaltered tagger."""


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]`; `confidence` is the calibrated probability that exactly this span is one."""

    start: int
    end: int
    kind: Kind
    confidence: float


@dataclass(frozen=True, slots=True)
class WordSpan:
    """Words [start, end) of one segment; `log_p` is the model's own log-probability."""

    segment: int
    start: int
    end: int
    kind: Kind
    log_p: float


@dataclass(frozen=True)
class TaggerConfig:
    """`shape_scores` (3, SHAPES, kinds * tags): for the word before, the word, the word after."""

    shape_scores: F32
    calibration: Mapping[Kind, Calibration]

    @classmethod
    def plain(cls) -> TaggerConfig:
        zeros = np.zeros((3, SHAPES, len(KINDS) * TAGS), np.float32)
        return cls(zeros, {kind: Calibration(1.0, 0.0) for kind in KINDS})

    def document(self) -> dict[str, Any]:
        return {
            "format": 1,
            "shape_scores": self.shape_scores.round(5).tolist(),
            "calibration": {k: asdict(v) for k, v in self.calibration.items()},
        }

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> TaggerConfig:
        return cls(
            np.array(raw["shape_scores"], np.float32),
            {kind: Calibration(**raw["calibration"][kind]) for kind in KINDS},
        )


class SpanReader:
    """Segments of words -> spans of words, over any engine that scores word pieces."""

    def __init__(self, engine: Engine, pieces: PieceReader, config: TaggerConfig) -> None:
        self._engine, self._pieces, self.config = engine, pieces, config

    def read(self, texts: Sequence[Sequence[Sequence[Word]]]) -> list[list[WordSpan]]:
        """Per text, in order of segment, then kind, then place."""
        scored = self.log_probabilities(texts)
        return [list(best_spans(text, log_p)) for text, log_p in zip(texts, scored, strict=True)]

    def log_probabilities(self, texts: Sequence[Sequence[Sequence[Word]]]) -> list[F32]:
        """Per text (words, kinds, tags): every window of every text goes to the engine in one call."""
        read = [self._pieces.read([[w.text for w in s] for s in text]) for text in texts]
        plans = [windows(len(pieces.ids)) for pieces in read]
        batch = [
            self._pieces.framed(pieces.ids[w.start : w.stop])
            for pieces, plan in zip(read, plans, strict=True)
            for w in plan
        ]
        answers = iter(self._engine(batch))
        out = []
        for text, pieces, plan in zip(texts, read, plans, strict=True):
            scores = np.zeros((len(pieces.ids), len(KINDS) * TAGS), np.float32)
            for w in plan:
                scores[w.own : w.own_stop] = next(answers)[1 + w.own - w.start : 1 + w.own_stop - w.start]
            scores = scores[pieces.first] + self._shape_scores(text)
            out.append(_log_softmax(scores.reshape(-1, len(KINDS), TAGS)))
        return out

    def _shape_scores(self, text: Sequence[Sequence[Word]]) -> F32:
        around = shapes_around([[w.text for w in segment] for segment in text])
        table = self.config.shape_scores
        return np.asarray(sum(table[i][around[:, i]] for i in range(3)), np.float32)


class SkillTagger:
    """Finds spans in any text. Load once and share: it is immutable and safe to call from many threads."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        """Raises TaggerError if a file is missing or altered."""
        raw = _manifest(folder)
        self.folder = folder
        self.version = hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()[:16]
        self._session = _session(folder / "tagger.onnx")
        self._threads = threads
        pieces = PieceReader(folder / "tokenizer.json")
        self._reader = SpanReader(self._run, pieces, TaggerConfig.read(raw))

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """Per text the spans by start, then end; of one kind none overlap. Only `MAX_CHARS` are read."""
        segmented = [read_segments(text[:MAX_CHARS]) for text in texts]
        found = self.find_words(segmented)
        return [self._placed(s, f) for s, f in zip(segmented, found, strict=True)]

    def find_words(self, texts: Sequence[Sequence[Sequence[Word]]]) -> list[list[WordSpan]]:
        """The same for texts that come as segments of words, as annotated data does."""
        return self._reader.read(texts)

    def _placed(self, segments: list[list[Word]], found: list[WordSpan]) -> list[Span]:
        out = []
        for span in found:
            words = segments[span.segment]
            p = float(self._reader.config.calibration[span.kind].probability(span.log_p))
            out.append(Span(words[span.start].start, words[span.end - 1].end, span.kind, p))
        return sorted(out, key=lambda s: (s.start, s.end, s.kind))

    def _run(self, batch: list[I64]) -> list[F32]:
        if self._threads == 1 or len(batch) < 2:
            return [self._run_one(ids) for ids in batch]
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(self._run_one, batch))

    def _run_one(self, ids: I64) -> F32:
        """Alone at its exact length: int8 activation scales would tie a window to its neighbours."""
        (scores,) = self._session.run(None, {"input_ids": ids[None]})
        return np.asarray(scores[0], np.float32)


def shapes_around(segments: Sequence[Sequence[str]]) -> I64:
    """(words, 3): shape of the word before, the word, the word after; 0 beyond a segment's edge."""
    rows = [np.zeros((0, 3), np.int64)]
    for words in segments:
        padded = np.array([0, *shapes(words), 0], np.int64)
        rows.append(np.stack([padded[:-2], padded[1:-1], padded[2:]], 1))
    return np.concatenate(rows)


def save_tagger(
    folder: Path, onnx: Path, tokenizer: Path, config: TaggerConfig, card: Mapping[str, Any]
) -> Path:
    """Copies the parts together and writes their digests."""
    folder.mkdir(parents=True, exist_ok=True)
    for source, name in zip((onnx, tokenizer), _FILES, strict=True):
        if source.resolve() != (folder / name).resolve():
            shutil.copyfile(source, folder / name)
    raw = config.document() | {"files": {name: _digest(folder / name) for name in _FILES}}
    (folder / "tagger.json").write_text(json.dumps(raw))
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    return folder


def best_spans(text: Sequence[Sequence[Word]], log_p: F32) -> Iterator[WordSpan]:
    """Decodes (words, kinds, tags) of one text, each segment by itself."""
    at = 0
    for number, words in enumerate(text):
        own = log_p[at : at + len(words)]
        at += len(words)
        for row, kind in enumerate(KINDS):
            # SkillSpan's text has no commas to learn from; but no name of a thing reaches over one.
            closed = [w.after_comma for w in words] if kind == "knowledge" else ()
            scores = own[:, row]
            for start, end in spans(decode(scores, closed)):
                yield WordSpan(number, start, end, kind, span_log_p(scores, start, end))


def _log_softmax(scores: F32) -> F32:
    shifted = scores - scores.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)), np.float32)


def _session(path: Path) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Spinning threads starve their neighbours on a shared two-core machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        raw: dict[str, Any] = json.loads((folder / "tagger.json").read_text())
        changed = [name for name in _FILES if _digest(folder / name) != raw["files"][name]]
    except (OSError, ValueError, KeyError) as error:
        raise TaggerError(f"{folder} is not a whole tagger: {error}") from error
    if changed:
        raise TaggerError(f"{folder} was altered after it was written: {', '.join(changed)}")
    return raw


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
