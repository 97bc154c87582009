"""Arrow schemas of the four files. Timestamps are UTC with microseconds; ids are int64 from 1."""

from __future__ import annotations

import pyarrow as pa

from training.market.config import MarketConfig

_UTC = pa.timestamp("us", tz="UTC")


def _fields(*pairs: tuple[str, pa.DataType], nullable: frozenset[str] = frozenset()) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=name in nullable) for name, kind in pairs])


_PLACE = (("city", pa.string()), ("country", pa.string()), ("lat", pa.float64()), ("lon", pa.float64()))

COMPANIES = _fields(
    ("company_id", pa.int64()),
    ("name", pa.string()),
    ("industry", pa.string()),
    ("about", pa.string()),
    ("size", pa.int32()),
    *_PLACE,
)
POSTINGS = _fields(
    ("job_id", pa.int64()),
    ("title", pa.string()),
    ("company_id", pa.int64()),
    ("company", pa.string()),
    ("description", pa.string()),
    ("skills", pa.list_(pa.string())),
    ("location", pa.string()),
    *_PLACE,
    ("remote", pa.string()),
    ("job_type", pa.string()),
    ("salary_min", pa.float64()),
    ("salary_max", pa.float64()),
    ("currency", pa.string()),
    ("salary_interval", pa.string()),
    ("seniority", pa.string()),
    ("occupation", pa.string()),
    ("industry", pa.string()),
    ("posted_at", _UTC),
    ("closed_at", _UTC),
    nullable=frozenset({"salary_min", "salary_max"}),
)
SEEKERS = _fields(
    ("user_id", pa.int64()),
    ("email", pa.string()),
    ("full_name", pa.string()),
    ("desired_title", pa.string()),
    ("resume_text", pa.string()),
    ("skills", pa.list_(pa.string())),
    ("location", pa.string()),
    *_PLACE,
    ("remote", pa.string()),
    ("experience_years", pa.float64()),
    ("salary_min", pa.float64()),
    ("currency", pa.string()),
    ("occupation", pa.string()),
    ("created_at", _UTC),
    nullable=frozenset({"experience_years", "salary_min"}),
)
EVENTS = _fields(
    ("event_id", pa.string()),
    ("session_id", pa.string()),
    ("user_id", pa.int64()),
    ("job_id", pa.int64()),
    ("kind", pa.string()),
    ("at", _UTC),
    ("rank", pa.int32()),
    ("score", pa.float64()),
    ("propensity", pa.float64()),
    ("release_id", pa.string()),
)


def labelled(schema: pa.Schema, config: MarketConfig) -> pa.Schema:
    """The schema with file metadata that says the rows are synthetic and which seed made them."""
    return schema.with_metadata(
        {"synthetic": "true", "generator": "training.market", "seed": str(config.seed)}
    )
