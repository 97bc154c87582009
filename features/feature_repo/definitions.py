"""What JobPilot's feature store holds: entities, views, push sources and versioned services.

Every source is a table of schema `feast` that `features.store.BehaviourStore.load_offline` writes. A row
describes its entity from `valid_from` on, until the next row: nothing in it is as new as `valid_from`, so
Feast's "newest row at or before the event" never shows an event its own moment. `loaded_at` decides
between rows of the same moment. No view has a TTL: a state stays true until something happens.
Arrays of moments are microseconds since 1970-01-01 UTC, because Feast's own timestamps keep whole seconds.
"""

from __future__ import annotations

from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field, PushSource, ValueType
from feast.infra.offline_stores.contrib.postgres_offline_store.postgres_source import PostgreSQLSource
from feast.types import Array, Bool, Float64, Int64, String

OWNER = "jobpilot-ml"
FOREVER = timedelta(0)


def _table(name: str, description: str) -> PostgreSQLSource:
    return PostgreSQLSource(
        name=name,
        table=f"feast.{name}",
        timestamp_field="valid_from",
        created_timestamp_column="loaded_at",
        description=description,
        owner=OWNER,
    )


user = Entity(
    name="user",
    join_keys=["user_id"],
    value_type=ValueType.INT64,
    description="A job seeker (app_user.id)",
    owner=OWNER,
)
job = Entity(
    name="job",
    join_keys=["job_id"],
    value_type=ValueType.INT64,
    description="A posting (job.id, the key of the vector index)",
    owner=OWNER,
)

user_behaviour_push = PushSource(
    name="user_behaviour_push",
    batch_source=_table("user_behaviour", "One row per user and moment after which something had changed"),
    description="New events, folded into the user's state before they are pushed",
    owner=OWNER,
)
job_behaviour_push = PushSource(
    name="job_behaviour_push",
    batch_source=_table("job_behaviour", "One row per posting and day on which something happened"),
    description="New events, added to the posting's counts before they are pushed",
    owner=OWNER,
)

user_behaviour = FeatureView(
    name="user_behaviour",
    entities=[user],
    ttl=FOREVER,
    schema=[
        Field(
            name="history_job_ids",
            dtype=Array(Int64),
            description="newest 50 views, saves and applies, oldest first, before dismissed_* is applied",
        ),
        Field(name="history_kinds", dtype=Array(String), description="view, save or apply"),
        Field(name="history_at", dtype=Array(Int64), description="microseconds since 1970 UTC"),
        Field(
            name="dismissed_job_ids",
            dtype=Array(Int64),
            description="newest 200 dismissals; each cancels interest in that job up to its moment",
        ),
        Field(name="dismissed_at", dtype=Array(Int64), description="microseconds since 1970 UTC"),
        Field(name="views", dtype=Int64, description="since the beginning"),
        Field(name="saves", dtype=Int64, description="since the beginning"),
        Field(name="applies", dtype=Int64, description="since the beginning"),
        Field(name="dismisses", dtype=Int64, description="since the beginning"),
        Field(name="last_active_at", dtype=Int64, description="microseconds since 1970 UTC"),
    ],
    source=user_behaviour_push,
    online=True,
    description="What a user has done: features.behaviour.BehaviourState as columns",
    tags={"entity": "user", "kind": "behaviour", "pii": "yes"},
    owner=OWNER,
)
job_behaviour = FeatureView(
    name="job_behaviour",
    entities=[job],
    ttl=FOREVER,
    schema=[
        Field(name="impressions", dtype=Int64, description="times shown"),
        Field(name="views", dtype=Int64),
        Field(name="saves", dtype=Int64),
        Field(name="applies", dtype=Int64),
        Field(name="dismisses", dtype=Int64),
        Field(name="recent_impressions", dtype=Float64, description="halving every 7 days, at as_of"),
        Field(name="recent_views", dtype=Float64, description="halving every 7 days, at as_of"),
        Field(name="trailing_ctr", dtype=Float64, description="smoothed recent views per impression"),
        Field(name="as_of", dtype=Int64, description="latest event, microseconds since 1970 UTC"),
    ],
    source=job_behaviour_push,
    online=True,
    description="How a posting fares; offline at the end of each day, online after each event",
    tags={"entity": "job", "kind": "behaviour", "pii": "no"},
    owner=OWNER,
)
user_content = FeatureView(
    name="user_content",
    entities=[user],
    ttl=FOREVER,
    schema=[
        Field(name="desired_title", dtype=String),
        Field(name="user_location", dtype=String, description="as written"),
        Field(name="user_remote", dtype=String, description="on-site, hybrid, remote or unspecified"),
        Field(name="experience_years", dtype=Float64),
        Field(name="expected_salary_min", dtype=Float64, description="annual"),
        Field(name="user_skills", dtype=Array(String), description="as stated"),
        Field(name="has_resume", dtype=Bool),
    ],
    source=_table("user_content", "A new row when a snapshot shows changed facts"),
    online=False,  # the app sends the user's facts with each request
    description="What a seeker states; texts and ids become model inputs in features.transform",
    tags={"entity": "user", "kind": "content", "pii": "yes"},
    owner=OWNER,
)
job_content = FeatureView(
    name="job_content",
    entities=[job],
    ttl=FOREVER,
    schema=[
        Field(name="title", dtype=String),
        Field(name="company", dtype=String),
        Field(name="job_location", dtype=String, description="as written"),
        Field(name="job_remote", dtype=String, description="on-site, hybrid, remote or unspecified"),
        Field(name="job_type", dtype=String),
        Field(name="salary_min", dtype=Float64, description="annual, in currency"),
        Field(name="salary_max", dtype=Float64, description="annual, in currency"),
        Field(name="currency", dtype=String),
        Field(name="job_skills", dtype=Array(String), description="as stated"),
    ],
    source=_table("job_content", "A new row when a snapshot shows changed facts"),
    online=False,  # a posting's features travel with the vector index
    description="What a posting states; its text becomes model input in features.transform",
    tags={"entity": "job", "kind": "content", "pii": "no"},
    owner=OWNER,
)

user_history_v1 = FeatureService(
    name="user_history_v1",
    features=[user_behaviour],
    description="What the user tower reads besides the request: the history",
    tags={"version": "1", "model": "two-tower"},
    owner=OWNER,
)
match_v1 = FeatureService(
    name="match_v1",
    features=[
        user_behaviour,
        user_content,
        job_content,
        job_behaviour[["impressions", "applies", "trailing_ctr"]],
    ],
    description="Everything known about a user and a posting at the moment they met",
    tags={"version": "1", "model": "ranker"},
    owner=OWNER,
)

OBJECTS = [user, job, user_behaviour, job_behaviour, user_content, job_content, user_history_v1, match_v1]
