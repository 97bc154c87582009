"""Demands of many postings as flat arrays, and the figures of `fit` for one person against all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.demands import KINDS, PARTS, STRENGTHS, Demand
from features.evidence import Evidence
from features.matches import FIT_ORDER

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I8 = npt.NDArray[np.int8]
SKILL, YEARS, DEGREE, CERTIFICATE, LANGUAGE = range(len(KINDS))
_NEEDS = len(STRENGTHS)
_MUST = STRENGTHS.index("must")


@dataclass(frozen=True)
class DemandColumns:
    """Posting i owns entries `offsets[i]:offsets[i + 1]`; `text` is a place in `texts` (0: "").

    `names` finds that place by the text in lower case.
    """

    offsets: I64  # (n + 1,)
    kind: I8
    need: I8
    key: I32
    start: I32
    end: I32
    part: I8
    text: I32
    names: Mapping[str, int]
    texts: Sequence[str]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def of(cls, rows: Iterable[Sequence[Demand]]) -> DemandColumns:
        lengths: list[int] = []
        flat: list[Demand] = []
        for row in rows:
            lengths.append(len(row))
            flat.extend(row)
        names, texts = {"": 0}, [""]
        codes = [intern(d.text, names, texts) for d in flat]
        return cls(
            np.concatenate([[0], np.cumsum(np.array(lengths, np.int64))]).astype(np.int64),
            np.array([KINDS.index(d.kind) for d in flat], np.int8),
            np.array([STRENGTHS.index(d.need) for d in flat], np.int8),
            np.array([d.key for d in flat], np.int32),
            np.array([d.start for d in flat], np.int32),
            np.array([d.end for d in flat], np.int32),
            np.array([PARTS.index(d.part) for d in flat], np.int8),
            np.array(codes, np.int32),
            names,
            texts,
        )

    def row(self, i: int) -> tuple[Demand, ...]:
        """The demands of posting i."""
        return tuple(self._demand(k) for k in range(int(self.offsets[i]), int(self.offsets[i + 1])))

    def _demand(self, k: int) -> Demand:
        return Demand(
            KINDS[self.kind[k]],
            STRENGTHS[self.need[k]],
            int(self.key[k]),
            int(self.start[k]),
            int(self.end[k]),
            PARTS[self.part[k]],
            self.texts[self.text[k]],
        )

    def take(self, rows: I64) -> DemandColumns:
        at, offsets = gather(self.offsets, rows)
        return DemandColumns(
            offsets,
            self.kind[at],
            self.need[at],
            self.key[at],
            self.start[at],
            self.end[at],
            self.part[at],
            self.text[at],
            self.names,
            self.texts,
        )

    def row_of_entry(self) -> I64:
        """(entries,) which posting each entry belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))


def intern(text: str, names: dict[str, int], texts: list[str]) -> int:
    """The place of a text in `texts`, whatever its case; both grow."""
    code = names.setdefault(text.casefold(), len(texts))
    if code == len(texts):
        texts.append(text)
    return code


def gather(offsets: I64, rows: I64) -> tuple[I64, I64]:
    """Positions of the entries of `rows` one after another, and the offsets of the result."""
    starts, lengths = offsets[rows], offsets[rows + 1] - offsets[rows]
    out = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(lengths, out=out[1:])
    return np.repeat(starts - out[:-1], lengths) + np.arange(out[-1]), out


def met(columns: DemandColumns, evidence: Evidence) -> npt.NDArray[np.bool_]:
    """(entries,) whether the person shows what each entry asks for; years are never "met" here."""
    size = max(int(columns.key.max(initial=0)), max(evidence.skills, default=0)) + 1
    has = np.zeros(size, np.bool_)
    has[list(evidence.skills)] = True
    out: npt.NDArray[np.bool_] = (columns.kind == SKILL) & has[np.maximum(columns.key, 0)]
    rank = max((rank for rank, _ in evidence.degrees), default=-1)
    out |= (columns.kind == DEGREE) & (columns.key <= rank)
    for kind, shown in ((CERTIFICATE, evidence.certificates), (LANGUAGE, evidence.languages)):
        codes = [columns.names[name] for name in shown if name in columns.names]
        out |= (columns.kind == kind) & np.isin(columns.text, codes)
    return out


def fit_rows(columns: DemandColumns, evidence: Evidence) -> F64:
    """(n, FIT_ORDER): the same figures as `features.matches.fit_row`, for every posting at once."""
    out = np.zeros((len(columns), len(FIT_ORDER)))
    rows, counted = columns.row_of_entry(), columns.kind != YEARS
    cell = rows * _NEEDS + columns.need
    shape = (len(columns), _NEEDS)
    size = len(columns) * _NEEDS
    out[:, :_NEEDS] = np.bincount(cell[counted], minlength=size).reshape(shape)
    shown = met(columns, evidence)
    out[:, _NEEDS : 2 * _NEEDS] = np.bincount(cell[shown], minlength=size).reshape(shape)
    out[:, -2] = -1.0
    asked = ~counted & (columns.need == _MUST)
    np.maximum.at(out[:, -2], rows[asked], columns.key[asked].astype(np.float64))
    out[:, -1] = -1.0 if evidence.years is None else evidence.years
    return out
