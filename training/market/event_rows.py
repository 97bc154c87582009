"""Events of one day as an Arrow table with public ids and UTC timestamps."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from training.market import schema
from training.market.behaviour import KINDS, Behaviour, Events
from training.market.config import POLICY_RELEASE_ID
from training.market.preference import mix64

_MICROSECONDS_PER_DAY = 86_400e6


def event_table(market: Behaviour, events: Events) -> pa.Table:
    """Rows of events.parquet for one day, in the order of `events`."""
    config = market.world.config
    start = int(config.start.timestamp()) * 1_000_000
    at = start + np.rint(events.at * _MICROSECONDS_PER_DAY).astype(np.int64)
    session = events.session.astype(np.uint64)
    # Fields of one key: session, rank (12 bits), kind (4 bits).
    place = (events.rank * 16 + events.kind).astype(np.uint64)
    event = (session << np.uint64(16)) + place
    columns = {
        "event_id": _uuids(event, config.seed, 10),
        "session_id": _uuids(session, config.seed, 20),
        "user_id": market.seekers.user_id[events.user],
        "job_id": market.postings.job_id[events.job],
        "kind": np.array(KINDS, dtype=object)[events.kind],
        "at": pa.array(at, type=schema.EVENTS.field("at").type),
        "rank": events.rank.astype(np.int32),
        "score": events.score,
        "propensity": events.propensity,
        "release_id": [POLICY_RELEASE_ID] * len(at),
    }
    return pa.table(columns, schema=schema.labelled(schema.EVENTS, config))


def _uuids(key: NDArray[np.uint64], seed: int, salt: int) -> list[str]:
    """Version 8 UUIDs (RFC 9562) made from a hash of the key: the same key gives the same id."""
    parts = [mix64(key, np.uint64(seed * 100 + salt + half)) for half in (0, 1)]
    high = (parts[0] & np.uint64(0xFFFFFFFFFFFF0FFF)) | np.uint64(0x8000)
    low = (parts[1] & np.uint64(0x3FFFFFFFFFFFFFFF)) | np.uint64(0x8000000000000000)
    text = np.stack([high, low], axis=1).astype(">u8").tobytes().hex()
    rows = (text[first : first + 32] for first in range(0, len(text), 32))
    return [f"{row[:8]}-{row[8:12]}-{row[12:16]}-{row[16:20]}-{row[20:]}" for row in rows]
