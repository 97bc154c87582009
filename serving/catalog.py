"""The catalogue: what filters and explanations read of every posting, as columns.

A posting occupies a *slot*; a changed posting gets a new one, so a reader never sees half of a change.
`mask` turns hard conditions into a boolean mask aligned to the rows of a JobIndex.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.demand_columns import DemandColumns
from features.job_columns import (
    NO_DATE,
    TYPES,
    JobColumns,
    company_code,
    country_codes,
    level_code,
    microseconds,
    title_words,
)
from features.tabular import JOB_TYPES, REMOTE, salary_usd
from models.facts import PlaceFact
from models.index import JobIndex
from serving.columns import GrowingArray, RaggedArray, TextArray
from serving.demand_store import Demands

Bools = npt.NDArray[np.bool_]
I64 = npt.NDArray[np.int64]

EARTH_KM = 6371.0
_KM_PER_DEGREE = 110.0  # a little short, so that the band of latitudes is a little wide


@dataclass(frozen=True, slots=True)
class Conditions:
    """Hard conditions with every name resolved. A posting that does not state a fact does not meet a
    condition on it: without a salary it is not above one, without a place it is not near one."""

    remote: tuple[str, ...] = ()
    job_types: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    near: tuple[float, float] | None = None  # latitude, longitude
    radius_km: float = 50.0
    salary_usd: float | None = None  # annual
    posted_after: datetime | None = None

    def __bool__(self) -> bool:
        return self != Conditions(radius_km=self.radius_km)


@dataclass(frozen=True, slots=True)
class JobView:
    """What an explanation may say about a posting. `company` is a code, -1 where none is named."""

    title: str
    remote: str
    skills: tuple[int, ...]
    places: tuple[PlaceFact, ...]
    company: int = -1


class Catalog:
    """One writer at a time (`extend` locks), any number of readers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._job_ids: GrowingArray[np.int64] = GrowingArray(np.int64)
        self._digests: GrowingArray[np.uint64] = GrowingArray(np.uint64)  # two per slot
        self._remote: GrowingArray[np.int8] = GrowingArray(np.int8)
        self._type: GrowingArray[np.int8] = GrowingArray(np.int8)
        self._salary: GrowingArray[np.float32] = GrowingArray(np.float32)
        self._posted: GrowingArray[np.int64] = GrowingArray(np.int64)
        self._company: GrowingArray[np.int32] = GrowingArray(np.int32)
        self._skills: RaggedArray[np.int32] = RaggedArray(np.int32)
        self._places = _Places()
        self._titles = TextArray()
        self._level: GrowingArray[np.int8] = GrowingArray(np.int8)
        self._words: RaggedArray[np.int32] = RaggedArray(np.int32)
        self._demands = Demands()
        self._companies: dict[str, int] = {}
        self._slots = _SlotMap()
        self._aligned = _Alignment(0, np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self._job_ids)

    # -- write ---------------------------------------------------------------------------------------

    def extend(self, table: pa.Table) -> None:
        """Rows of JOBS_SCHEMA; a posting that is known already is replaced."""
        with self._lock:
            first, ids = len(self), _numpy(table["job_id"])
            self._places.extend(first, table["places"].combine_chunks())
            skills = table["skills"].combine_chunks()
            self._skills.extend(_lengths(skills), _numpy(pc.list_flatten(skills)))
            titles = table["title"].to_pylist()
            self._titles.extend(titles)
            self._level.extend([level_code(title) for title in titles])
            title_bags = [title_words(title) for title in titles]
            self._words.extend([len(bag) for bag in title_bags], [w for bag in title_bags for w in bag])
            self._demands.extend(table["demands"].combine_chunks())
            self._digests.extend(_digests(table["content_hash"].to_pylist()))
            self._remote.extend(_codes(table["remote"], REMOTE, REMOTE.index("unspecified")))
            self._type.extend(_codes(table["job_type"], TYPES, JOB_TYPES.index("other")))
            self._salary.extend(_salaries(table))
            self._posted.extend(_numpy(table["posted_at"].cast(pa.int64()).fill_null(NO_DATE)))
            self._company.extend([company_code(c, self._companies) for c in table["company"].to_pylist()])
            self._job_ids.extend(ids)  # last: `len` tells readers how far all columns reach
            self._slots.put(ids, first)

    # -- read ----------------------------------------------------------------------------------------

    def slots(self, job_ids: I64) -> I64:
        """(n,) newest slot of each posting, -1 where it was never here."""
        with self._lock:
            return self._slots.get(job_ids)

    def same_content(self, job_ids: I64, hashes: list[str]) -> Bools:
        """(n,) whether the newest slot of each posting has this content hash."""
        slots = self.slots(job_ids)
        known = self._digests.view().reshape(-1, 2)
        wanted = _digests(hashes).reshape(-1, 2)
        same: Bools = slots >= 0
        same[same] = (known[slots[same]] == wanted[same]).all(1)
        return same

    def job(self, slot: int) -> JobView:
        return JobView(
            self._titles[slot],
            REMOTE[self._remote.view()[slot]],
            tuple(self._skills.row(slot).tolist()),
            self._places.row(slot),
            int(self._company.view()[slot]),
        )

    def job_ids(self, slots: I64) -> I64:
        return self._job_ids.view()[slots]

    def company_codes(self) -> dict[str, int]:
        """A copy: names of companies seen so far and their codes; new ones get codes nobody else has."""
        return dict(self._companies)

    def companies(self, slots: I64) -> npt.NDArray[np.int32]:
        return self._company.view()[slots]

    def columns(self, slots: I64) -> JobColumns:
        """What a ranker reads of the postings in these slots, in this order."""
        places = self._places.take(slots)
        word_offsets, words = self._words.positions(slots)
        return JobColumns(
            remote=self._remote.view()[slots],
            job_type=self._type.view()[slots],
            level=self._level.view()[slots],
            salary=self._salary.view()[slots],
            posted=self._posted.view()[slots],
            company=self._company.view()[slots],
            place_offsets=places[0],
            country=places[1],
            lat=places[2],
            lon=places[3],
            word_offsets=word_offsets,
            words=self._words.flat.view()[words],
            demands=self._demands.take(slots),
        )

    def demands(self) -> DemandColumns:
        """Of every slot, in order; a posting that changed has an old slot too."""
        return self._demands.view(len(self))

    def mask(self, conditions: Conditions, index: JobIndex) -> tuple[Bools, int]:
        """A mask of the index's rows and the generation of the layout it fits (see `JobIndex`)."""
        alignment = self._align(index)
        met = self._met(conditions, len(self))
        return alignment.rows(met), alignment.generation

    def _align(self, index: JobIndex) -> _Alignment:
        layout = index.layout()
        with self._lock:
            known = self._aligned
            if known.generation != layout.generation:
                known = _Alignment(layout.generation, self._slots.get(np.asarray(layout.ids)))
            elif len(known.slots) < len(layout.ids):
                added = self._slots.get(np.asarray(layout.ids[len(known.slots) :]))
                known = _Alignment(layout.generation, np.concatenate([known.slots, added]))
            self._aligned = known
        return known

    def _met(self, c: Conditions, n: int) -> Bools:
        """(n,) bool per slot."""
        met: Bools = np.ones(n, np.bool_)
        if c.remote:
            met &= _one_of(self._remote.view()[:n], [REMOTE.index(r) for r in c.remote])
        if c.job_types:
            met &= _one_of(self._type.view()[:n], [TYPES.index(t) for t in c.job_types if t in TYPES])
        if c.salary_usd is not None:
            met &= self._salary.view()[:n] >= c.salary_usd  # NaN compares false
        if c.posted_after is not None:
            met &= self._posted.view()[:n] > microseconds(c.posted_after)
        if c.countries:
            met &= self._places.in_countries(c.countries, n)
        if c.near is not None:
            met &= self._places.within(c.near, c.radius_km, n)
        return met


class _Alignment:
    """Which slot describes each row of one layout. Usually row i is slot i, and nothing has to be moved."""

    def __init__(self, generation: int, slots: I64) -> None:
        self.generation = generation
        self.slots = slots
        self._identical = bool(np.array_equal(slots, np.arange(len(slots))))

    def rows(self, met: Bools) -> Bools:
        if self._identical and len(met) >= len(self.slots):
            return met[: len(self.slots)]
        known = (self.slots >= 0) & (self.slots < len(met))
        out: Bools = np.zeros(len(self.slots), np.bool_)
        out[known] = met[self.slots[known]]
        return out


class _SlotMap:
    """job id -> newest slot: a sorted block for what was loaded, a dict for what came later."""

    def __init__(self) -> None:
        self._ids = np.zeros(0, np.int64)
        self._slots = np.zeros(0, np.int64)
        self._later: dict[int, int] = {}

    def put(self, ids: I64, first: int) -> None:
        self._later.update(zip(ids.tolist(), range(first, first + len(ids)), strict=True))
        if len(self._later) > max(10_000, len(self._ids) // 8):
            self._merge()

    def _merge(self) -> None:
        ids = np.concatenate([self._ids, np.fromiter(self._later.keys(), np.int64)])
        slots = np.concatenate([self._slots, np.fromiter(self._later.values(), np.int64)])
        order = np.lexsort((slots, ids))
        last = np.append(ids[order][1:] != ids[order][:-1], True)
        self._ids, self._slots = ids[order][last], slots[order][last]
        self._later = {}

    def get(self, ids: I64) -> I64:
        found = np.full(len(ids), -1, np.int64)
        if len(self._ids):
            at = np.minimum(np.searchsorted(self._ids, ids), len(self._ids) - 1)
            found = np.where(self._ids[at] == ids, self._slots[at], found)
        if self._later:
            newer = np.array([self._later.get(i, -1) for i in ids.tolist()], np.int64)
            found = np.where(newer >= 0, newer, found)
        return found


class _Places:
    """The places of all postings, one after another; a posting has none to five."""

    def __init__(self) -> None:
        self._slot: GrowingArray[np.int32] = GrowingArray(np.int32)
        self._country: RaggedArray[np.uint16] = RaggedArray(np.uint16)
        self._lat: GrowingArray[np.float32] = GrowingArray(np.float32)
        self._lon: GrowingArray[np.float32] = GrowingArray(np.float32)
        self._label: GrowingArray[np.int32] = GrowingArray(np.int32)
        self._labels: dict[str, int] = {}
        self._names: list[str] = []

    def extend(self, first: int, places: pa.ListArray) -> None:
        lengths, flat = _lengths(places), pc.list_flatten(places)
        self._slot.extend(first + np.repeat(np.arange(len(lengths)), lengths))
        self._lat.extend(_floats(pc.struct_field(flat, "lat")))
        self._lon.extend(_floats(pc.struct_field(flat, "lon")))
        self._label.extend([self._intern(name) for name in pc.struct_field(flat, "label").to_pylist()])
        self._country.extend(lengths, country_codes(pc.struct_field(flat, "country").to_pylist()))

    def _intern(self, name: str) -> int:
        code = self._labels.setdefault(name, len(self._names))
        if code == len(self._names):
            self._names.append(name)
        return code

    def row(self, slot: int) -> tuple[PlaceFact, ...]:
        start, end = self._country.bounds(slot)
        return tuple(self._place(i) for i in range(start, end))

    def _place(self, i: int) -> PlaceFact:
        country = self._country.flat.view()[i : i + 1].tobytes().decode().rstrip("\0")
        lat, lon = float(self._lat.view()[i]), float(self._lon.view()[i])
        known = not np.isnan(lat)
        name = self._names[self._label.view()[i]]
        return PlaceFact(country, name, lat if known else None, lon if known else None)

    def take(
        self, slots: I64
    ) -> tuple[I64, npt.NDArray[np.uint16], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Offsets, countries, latitudes and longitudes of the places of these slots."""
        offsets, at = self._country.positions(slots)
        return offsets, self._country.flat.view()[at], self._lat.view()[at], self._lon.view()[at]

    def in_countries(self, countries: tuple[str, ...], n: int) -> Bools:
        # counted by `_slot`'s end, which is written first, so it is the country column that is complete
        country = self._country.flat.view()
        return self._any(_one_of(country, country_codes([c.upper() for c in countries]).tolist()), n)

    def within(self, centre: tuple[float, float], radius_km: float, n: int) -> Bools:
        """A band of latitudes first: it is one comparison and leaves few for the exact distance."""
        size = len(self._country.flat)
        lat, lon = self._lat.view()[:size], self._lon.view()[:size]
        close = np.abs(lat - np.float32(centre[0])) <= radius_km / _KM_PER_DEGREE
        band = np.flatnonzero(close)
        close[band] = distance_km(centre, lat[band], lon[band]) <= radius_km
        return self._any(close, n)

    def _any(self, hit: Bools, n: int) -> Bools:
        """(places,) -> (n,): postings with at least one place that was hit."""
        slots = self._slot.view()[: len(hit)][hit]
        out: Bools = np.zeros(n, np.bool_)
        out[slots[slots < n]] = True
        return out


def distance_km(
    centre: tuple[float, float], lat: npt.ArrayLike, lon: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Great-circle distance in kilometres from `centre` (degrees): the haversine formula (Sinnott 1984)."""
    lat1, lon1 = np.radians(np.float64(centre[0])), np.radians(np.float64(centre[1]))
    lat2, lon2 = np.radians(np.asarray(lat, np.float64)), np.radians(np.asarray(lon, np.float64))
    h = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(h, 1.0))))


def _one_of(column: npt.NDArray[Any], values: list[int]) -> Bools:
    """A look-up table instead of a comparison per value: the columns hold small codes."""
    table: Bools = np.zeros(1 + max(int(column.max(initial=0)), max(values, default=0)), np.bool_)
    table[values] = True
    return np.asarray(table[column])


def _numpy(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[Any]:
    return np.asarray(
        column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
    )


def _lengths(lists: pa.ListArray) -> I64:
    return np.asarray(_numpy(pc.list_value_length(lists).fill_null(0)), np.int64)


def _floats(column: pa.Array) -> npt.NDArray[np.float32]:
    return np.asarray(column.to_numpy(zero_copy_only=False), np.float32)  # null -> NaN


def _codes(column: pa.ChunkedArray, order: tuple[str, ...], otherwise: int) -> npt.NDArray[np.int8]:
    return np.asarray(_numpy(pc.index_in(column, pa.array(order)).fill_null(otherwise)), np.int8)


def _digests(hashes: list[str]) -> npt.NDArray[np.uint64]:
    return np.frombuffer(bytes.fromhex("".join(hashes)), np.uint64)


def _salaries(table: pa.Table) -> list[float]:
    """The upper end in US dollars: a posting is of interest if it may pay what is asked."""
    columns = (table[name].to_pylist() for name in ("salary_min", "salary_max", "currency"))
    tops = [(low if high is None else high, currency) for low, high, currency in zip(*columns, strict=True)]
    usd = [salary_usd(top, currency) for top, currency in tops]
    return [np.nan if value is None else value for value in usd]
