"""ESCO and O*NET as published -> names of occupations (both CC BY 4.0).

Expected below one folder: `taxonomy_esco_tabiya/csv/occupations.csv.gz` (ESCO 1.1.1 in Tabiya's columns) and
`taxonomy_onet27/*.txt.gz` (O*NET 27.0, tab separated) with `crosswalk_esco_onet.csv.gz`.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.benchmarks.report import require_files

ESCO_FILE = "taxonomy_esco_tabiya/csv/occupations.csv.gz"
ONET = "taxonomy_onet27"
ONET_TITLES = f"{ONET}/Occupation Data.txt.gz"
ONET_NAMES = (
    (f"{ONET}/Alternate Titles.txt.gz", "Alternate Title"),
    (f"{ONET}/Sample of Reported Titles.txt.gz", "Reported Job Title"),
)
CROSSWALK = f"{ONET}/crosswalk_esco_onet.csv.gz"
MAX_TABLE_BYTES = 64 * 2**20
_CODE = "O*NET-SOC Code"


@dataclass(frozen=True, slots=True)
class NamedOccupation:
    """`names` has the label first; `group` is the ISCO unit group (ESCO) or the SOC minor group (O*NET)."""

    id: str
    group: str
    names: tuple[str, ...]


def read_esco(folder: Path) -> list[NamedOccupation]:
    """ESCO occupations in the order of the file; ids are URIs. Raises BenchmarkDataError if absent."""
    require_files(folder, (ESCO_FILE,))
    return [
        NamedOccupation(
            row["ORIGINURI"], row["ISCOGROUPCODE"], _names([row["PREFERREDLABEL"], *alternatives])
        )
        for row in csv.DictReader(io.StringIO(_text(folder / ESCO_FILE)))
        for alternatives in [row["ALTLABELS"].split("\n")]
    ]


def read_onet(folder: Path) -> list[NamedOccupation]:
    """O*NET occupations with their alternate and reported titles; ids are O*NET-SOC codes."""
    require_files(folder, (ONET_TITLES, *(name for name, _ in ONET_NAMES)))
    names: dict[str, list[str]] = {row[_CODE]: [row["Title"]] for row in _tabbed(folder / ONET_TITLES)}
    for file, column in ONET_NAMES:
        for row in _tabbed(folder / file):
            names[row[_CODE]].append(row[column])
    return [NamedOccupation(code, code[:4], _names(texts)) for code, texts in names.items()]


def read_crosswalk(folder: Path, matches: Sequence[str]) -> dict[str, list[str]]:
    """O*NET-SOC code -> ESCO URIs whose kind of match is one of `matches` ("exactMatch", ...)."""
    require_files(folder, (CROSSWALK,))
    text = _text(folder / CROSSWALK)
    rows = csv.DictReader(io.StringIO(text[text.index("O*NET Id,") :]))
    out: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["Type of Match"] in matches and "/occupation/" in row["ESCO or ISCO URI"]:
            out[row["O*NET Id"]].append(row["ESCO or ISCO URI"])
    return dict(out)


def _names(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(t.strip() for t in texts if t.strip()))


def _tabbed(path: Path) -> Iterator[dict[str, str]]:
    return iter(csv.DictReader(io.StringIO(_text(path)), delimiter="\t", quoting=csv.QUOTE_NONE))


def _text(path: Path) -> str:
    with gzip.open(path) as file:
        content = file.read(MAX_TABLE_BYTES + 1)
    if len(content) > MAX_TABLE_BYTES:
        raise ValueError(f"{path} holds more than {MAX_TABLE_BYTES} bytes")
    return content.decode("utf-8-sig")
